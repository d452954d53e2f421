"""Who may do what: the table an auditor reads, and the guard that each view names it with."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from flask import abort
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required


class Permission(StrEnum):
    TICKET_SUBMIT = "ticket:submit"
    TICKET_WORK = "ticket:work"
    TICKET_SEE_ALL = "ticket:see_all"  # of every team, confidential ones apart
    TICKET_SEE_CONFIDENTIAL = "ticket:see_confidential"
    TICKET_DELETE = "ticket:delete"  # for good, with a trace
    VIEW_SHARE = "view:share"  # saved views, with a team or everyone
    PROJECT_MANAGE = "project:manage"  # projects and categories
    CANNED_SHARE = "canned:share"  # canned replies, with any team and with everyone
    SLA_MANAGE = "sla:manage"  # what is promised, and when the desk works
    RULE_MANAGE = "rule:manage"  # automation: it acts on tickets in the name of its owner
    PEOPLE_MANAGE = "people:manage"
    SETTINGS_MANAGE = "settings:manage"
    OPERATE = "operate"  # mails, failed work, health
    AUDIT_READ = "audit:read"
    IMPERSONATE = "impersonate"  # see the desk as somebody else, and change nothing


class Role(StrEnum):
    EMPLOYEE = "employee"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return str(ROLE_LABELS[self])


ROLE_LABELS = {
    Role.EMPLOYEE: _l("Employee"),
    Role.AGENT: _l("Agent"),
    Role.MANAGER: _l("Manager"),
    Role.ADMIN: _l("Admin"),
}


class Scope(StrEnum):
    """What a personal token may do of all that its owner may."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    PROFILE_READ = "profile:read"

    @property
    def label(self) -> str:
        return str(SCOPE_LABELS[self])


SCOPE_LABELS = {
    Scope.TICKETS_READ: _l("Read the tickets that I may see"),
    Scope.TICKETS_WRITE: _l("Write on tickets in my name"),
    Scope.PROFILE_READ: _l("Read who I am: name, address, role"),
}

_EMPLOYEE = frozenset({Permission.TICKET_SUBMIT})
_AGENT = _EMPLOYEE | {Permission.TICKET_WORK}
_MANAGER = _AGENT | {
    Permission.TICKET_SEE_ALL,
    Permission.VIEW_SHARE,
    Permission.PROJECT_MANAGE,
    Permission.CANNED_SHARE,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.EMPLOYEE: _EMPLOYEE,
    Role.AGENT: _AGENT,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission),
}


def roles_with(permission: Permission) -> frozenset[Role]:
    """The roles that grant it."""
    return frozenset(role for role, granted in GRANTS.items() if permission in granted)


STAFF = roles_with(Permission.TICKET_WORK)


def requires(permission: Permission) -> Callable:
    """Guard a view: the way to the login without a user, 403 without the permission."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        @login_required
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.may(permission):
                abort(403)
            return view(*args, **kwargs)

        return _marked(guarded, permission)

    return decorate


def for_anyone(view: Callable) -> Callable:
    """Mark a view that needs no login, so that leaving the guard out is always a decision."""
    return _marked(view, None)


def for_members(view: Callable) -> Callable:
    """Guard a view that every logged-in person may use, whatever their role."""
    return _marked(login_required(view), "login")


def _marked(view: Any, permission: Permission | str | None) -> Callable:
    """The view with its guard's name on it, which the tests of access read."""
    view.permission = permission
    return view
