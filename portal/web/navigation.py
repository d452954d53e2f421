"""What stands around every page: the frame, the places this person can go to, the bell."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from flask import Flask, current_app, g, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.desk.sidebar import ViewLink, side_views
from portal.permissions import GRANTS, STAFF, Permission, Role
from portal.settings.cache import site
from portal.web.around import Around, around
from portal.web.locale import LANGUAGES, language
from portal.web.session import me

PORTAL, DESK = "layouts/portal.html", "layouts/desk.html"
KEYS = {
    "home": "g h", "queue": "g q", "requests": "g r", "new": "c", "overview": "g o", "people": "g p",
    "teams": "g b", "projects": "g j", "categories": "g c", "tags": "g l", "mail": "g e", "files": "g i",
    "work": "g f", "audit": "g a", "settings": "g s", "organizations": "g n", "organization": "g k",
    "canned": "g y", "lifecycles": "g w",
}  # fmt: skip


def init_app(app: Flask) -> None:
    app.context_processor(everywhere)
    app.jinja_env.globals["Permission"] = Permission


def everywhere() -> dict:
    """What every template may use; without a database only what needs none."""
    always = {
        "request_id": g.get("request_id"),
        "locale": language(),
        "is_demo": current_app.config["DESK"].demo_mode,
        "viewing": g.get("viewing"),
    }
    if "no_database" in g:
        return always
    settings = site()
    known = current_user.is_authenticated
    is_staff = known and current_user.is_staff
    return always | {
        "site": settings,
        "languages": [(code, LANGUAGES[code]) for code in settings.languages],
        "theme": current_user.theme if known else "system",
        "frame": DESK if is_staff else PORTAL,
        "around": Surroundings(),
    }


@dataclass(frozen=True)
class Link:
    id: str
    href: str
    icon: str
    label: str
    key: str = ""


@dataclass(frozen=True)
class Group:
    id: str
    label: str
    links: tuple[Link, ...]


class Surroundings:
    """Of who is logged in, asked for when a template comes to it: there is nothing around a fragment."""

    @cached_property
    def _asked(self) -> Around:
        """For the whole page, also where a form was refused: such a request may have changed something."""
        return around(me())

    @property
    def bell_count(self) -> int:
        return self._asked.bell_count if current_user.is_authenticated else 0

    @property
    def has_organization(self) -> bool:
        return self._asked.has_organization

    @property
    def places(self) -> tuple[Group, ...]:
        """None for somebody unknown."""
        if not current_user.is_authenticated:
            return ()
        return _places(current_user.role, language(), has_organization=self.has_organization)

    @property
    def views(self) -> tuple[ViewLink, ...]:
        asked = self._asked
        return side_views(language(), asked.saved, asked.hidden, has_promises=asked.has_promises)

    @property
    def has_promises(self) -> bool:
        """Whether any SLA policy is in force; of no interest to whoever only asks."""
        return self._asked.has_promises


@lru_cache(maxsize=64)
def _places(role: Role, code: str, *, has_organization: bool) -> tuple[Group, ...]:
    """Groups of links, for a role and in a language; the first group is an employee's whole navigation.

    `has_organization`: for somebody who looks after one, or whose colleagues share what they asked for.
    """
    own = [("organization", "organizations.index", "building", _("My organization"))]
    own = own if has_organization else []
    if role not in STAFF:
        return (
            _group(
                "main",
                _("Main"),
                [
                    ("home", "home.index", "home", _("Home")),
                    ("requests", "tickets.mine", "list", _("My requests")),
                    *own,
                    ("new", "tickets.submit", "plus", _("New request")),
                ],
            ),
        )
    work = _group(
        "work",
        _("Work"),
        [
            ("home", "home.index", "chart", _("Dashboard")),
            ("queue", "desk.queue", "inbox", _("Queue")),
            ("requests", "tickets.mine", "user", _("My requests")),
            ("canned", "canned.index", "book", _("Canned replies")),
            *own,
        ],
    )
    administration = _administration(role)
    return (work, _group("admin", _("Administration"), administration)) if administration else (work,)


def _administration(role: Role) -> list[tuple]:
    return [
        link
        for permission, link in (
            (Permission.OPERATE, ("overview", "admin.overview", "screen", _("Overview"))),
            (Permission.PEOPLE_MANAGE, ("people", "admin.people", "users", _("People"))),
            (
                Permission.PEOPLE_MANAGE,
                ("organizations", "admin.organizations", "globe", _("Organizations")),
            ),
            (Permission.PEOPLE_MANAGE, ("teams", "admin.teams", "building", _("Teams"))),
            (Permission.PROJECT_MANAGE, ("projects", "admin.projects", "grid", _("Projects"))),
            (Permission.SETTINGS_MANAGE, ("lifecycles", "admin.lifecycles", "flow", _("Workflows"))),
            (Permission.PROJECT_MANAGE, ("categories", "admin.categories", "list", _("Categories"))),
            (Permission.PEOPLE_MANAGE, ("senders", "admin.senders", "stop", _("Senders of spam"))),
            (Permission.PROJECT_MANAGE, ("tags", "admin.tags", "label", _("Tags"))),
            (Permission.RULE_MANAGE, ("rules", "admin.rules", "bolt", _("Rules"))),
            (Permission.SLA_MANAGE, ("sla", "admin.sla", "clock", _("SLA"))),
            (Permission.OPERATE, ("mail", "admin.mail", "file", _("Mail"))),
            (Permission.OPERATE, ("files", "admin.files", "clip", _("Files"))),
            (Permission.OPERATE, ("work", "admin.work", "again", _("Failed work"))),
            (Permission.AUDIT_READ, ("audit", "admin.audit", "shield", _("Audit log"))),
            (Permission.SETTINGS_MANAGE, ("providers", "admin.providers", "link", _("Single sign-on"))),
            (
                Permission.SETTINGS_MANAGE,
                ("configuration", "admin.configuration", "download", _("Configuration")),
            ),
            (Permission.SETTINGS_MANAGE, ("settings", "admin.settings", "gear", _("Settings"))),
        )
        if permission in GRANTS[role]
    ]


def _group(group_id: str, label: str, links: list[tuple]) -> Group:
    made = (
        Link(link_id, url_for(endpoint), icon, words, KEYS.get(link_id, ""))
        for link_id, endpoint, icon, words in links
    )
    return Group(group_id, label, tuple(made))
