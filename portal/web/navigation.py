"""What stands around every page: the frame, the places this person can go to, the bell."""

from flask import Flask, current_app, g, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.notifications.queries import unread_count
from portal.permissions import Permission
from portal.settings.cache import site
from portal.web.locale import LANGUAGES, language

PORTAL, DESK = "layouts/portal.html", "layouts/desk.html"


def init_app(app: Flask) -> None:
    app.context_processor(around)
    app.jinja_env.globals["Permission"] = Permission


def around() -> dict:
    """What every template may use; without a database only what needs none."""
    always = {
        "request_id": g.get("request_id"),
        "locale": language(),
        "is_demo": current_app.config["DESK"].demo_mode,
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
        "places": _places(is_staff) if known else [],
        "bell_count": unread_count(current_user) if known else 0,
    }


def _places(is_staff: bool) -> list[dict]:
    """Groups of links; the first group is an employee's whole navigation."""
    if not is_staff:
        return [
            _group(
                "main",
                _("Main"),
                [
                    ("home", "home.index", "home", _("Home")),
                    ("requests", "tickets.mine", "list", _("My requests")),
                    ("new", "tickets.submit", "plus", _("New request")),
                ],
            )
        ]
    groups = [
        _group(
            "work",
            _("Work"),
            [
                ("home", "home.index", "chart", _("Dashboard")),
                ("queue", "desk.queue", "inbox", _("Queue")),
                ("requests", "tickets.mine", "user", _("My requests")),
            ],
        )
    ]
    administration = [
        link
        for permission, link in (
            (Permission.OPERATE, ("overview", "admin.overview", "screen", _("Overview"))),
            (Permission.PEOPLE_MANAGE, ("people", "admin.people", "users", _("People"))),
            (Permission.PEOPLE_MANAGE, ("teams", "admin.teams", "building", _("Teams"))),
            (Permission.PROJECT_MANAGE, ("projects", "admin.projects", "grid", _("Projects"))),
            (Permission.PROJECT_MANAGE, ("categories", "admin.categories", "label", _("Categories"))),
            (Permission.OPERATE, ("mail", "admin.mail", "file", _("Mail"))),
            (Permission.OPERATE, ("work", "admin.work", "again", _("Failed work"))),
            (Permission.AUDIT_READ, ("audit", "admin.audit", "shield", _("Audit log"))),
            (Permission.SETTINGS_MANAGE, ("settings", "admin.settings", "gear", _("Settings"))),
        )
        if current_user.may(permission)
    ]
    if administration:
        groups.append(_group("admin", _("Administration"), administration))
    return groups


def _group(group_id: str, label: str, links: list[tuple]) -> dict:
    return {
        "id": group_id,
        "label": label,
        "links": [
            {"id": link_id, "href": url_for(endpoint), "icon": icon, "label": words}
            for link_id, endpoint, icon, words in links
        ],
    }
