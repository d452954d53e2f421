"""What stands around every page: the frame, the places this person can go to, the bell."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from flask import Flask, current_app, g, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Label, Select, String, cast, null, select

from portal.accounts.reader import Reader
from portal.desk.queries import hidden_of, sidebar_of
from portal.desk.sidebar import side_views
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.notifications.queries import unread
from portal.organizations.policy import has_place
from portal.permissions import GRANTS, STAFF, Permission, Role
from portal.settings.cache import site
from portal.web.locale import LANGUAGES, language

PORTAL, DESK = "layouts/portal.html", "layouts/desk.html"
KEYS = {
    "home": "g h", "queue": "g q", "requests": "g r", "new": "c", "overview": "g o", "people": "g p",
    "teams": "g b", "projects": "g j", "categories": "g c", "tags": "g l", "mail": "g e", "files": "g i",
    "work": "g f", "audit": "g a", "settings": "g s", "organizations": "g n", "organization": "g k",
    "canned": "g y",
}  # fmt: skip


def init_app(app: Flask) -> None:
    app.context_processor(around)
    app.jinja_env.globals["Permission"] = Permission


def around() -> dict:
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
        **(_of_person() if known else {"places": (), "bell_count": 0, "side_views": ()}),
    }


def _of_person() -> dict:
    """What depends on more than the role is asked for in one statement."""
    reader = Reader.of(current_user)
    asked = db.session.execute(_asked_of(reader.anybody), reader.given, execution_options=KEEPS_PLAN)
    bell_count, has_organization, saved, hidden = asked.one()
    places = _places(current_user.role, language(), has_organization=has_organization)
    views = side_views(language(), saved, hidden) if current_user.is_staff else ()
    return {
        "places": places,
        "bell_count": bell_count,
        "has_organization": has_organization,
        "side_views": views,
    }


@cache
def _asked_of(reader: Reader) -> Select[int, bool, str | None, str | None]:
    """Made once, for it is asked with every page."""
    if not reader.is_staff:
        return select(unread(reader), has_place(reader), _nothing("saved"), _nothing("hidden"))
    return select(unread(reader), has_place(reader), sidebar_of(reader), hidden_of(reader))


def _nothing(name: str) -> Label[Any]:
    return cast(null(), String).label(name)


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
            (Permission.PROJECT_MANAGE, ("categories", "admin.categories", "list", _("Categories"))),
            (Permission.PEOPLE_MANAGE, ("senders", "admin.senders", "stop", _("Senders of spam"))),
            (Permission.PROJECT_MANAGE, ("tags", "admin.tags", "label", _("Tags"))),
            (Permission.OPERATE, ("mail", "admin.mail", "file", _("Mail"))),
            (Permission.OPERATE, ("files", "admin.files", "clip", _("Files"))),
            (Permission.OPERATE, ("work", "admin.work", "again", _("Failed work"))),
            (Permission.AUDIT_READ, ("audit", "admin.audit", "shield", _("Audit log"))),
            (Permission.SETTINGS_MANAGE, ("providers", "admin.providers", "link", _("Single sign-on"))),
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
