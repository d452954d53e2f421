"""Who may log in with a password while nobody else may: admins with emergency access ("break glass").

Where people come by single sign-on alone, somebody must still get in on the day
the provider is away, to set the desk right.
"""

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Role
from portal.settings.cache import site
from portal.settings.queries import site_settings

COUNTS = (
    User.is_break_glass.is_(True),
    User.role == Role.ADMIN,
    User.is_active.is_(True),
    User.password_hash.is_not(None),
    User.email_verified_at.is_not(None),
)


def may_use_password(user: User) -> bool:
    """Whether a password, or a passkey in its place, lets them in as things are."""
    return site().password_login or (user.is_break_glass and user.role is Role.ADMIN)


def has_somebody(*, besides: User | None = None) -> bool:
    """Whether an active admin could get in by emergency access, other than that one."""
    them = select(User.id).where(*COUNTS)
    if besides is not None:
        them = them.where(User.id != besides.id)
    return db.session.scalar(them.limit(1)) is not None


def refuse_the_last(person: User) -> None:
    """Raises DomainError where nobody but they could get in in an emergency."""
    if not person.is_break_glass or site_settings().password_login or has_somebody(besides=person):
        return
    raise DomainError(
        _(
            "%(name)s is the last with emergency access, and nobody else logs in with a password."
            " Give it to somebody else first.",
            name=person.name,
        )
    )
