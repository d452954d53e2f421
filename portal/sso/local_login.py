"""Whether people may log in with a password besides single sign-on. Nothing here commits."""

from flask_babel import gettext as _
from sqlalchemy import delete, select

from portal.accounts import emergency
from portal.accounts.credentials import HalfLogin
from portal.accounts.models import User
from portal.accounts.people import hold_admins
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.settings.queries import site_settings
from portal.sso.models import ExternalIdentity, IdentityProvider


def what_is_missing() -> list[str]:
    """What must be done before the desk can do without passwords, in words; nothing where it can."""
    missing = []
    if not _is_an_admin_linked():
        missing.append(
            _("An admin has to log in by a provider of the log-in page once, so that it is known to work.")
        )
    if not emergency.has_somebody():
        missing.append(
            _("An admin with a password has to be given emergency access, on their page under People.")
        )
    return missing


def switch_off(*, actor: User) -> None:
    """From now on only providers let people in, and emergency access; who is inside stays there.

    Log-ins between two steps end: the first may have been a password. Raises
    DomainError where nobody could come in any more to set the desk right.
    """
    hold_admins()
    if missing := what_is_missing():
        raise DomainError(_("Not yet:") + " " + " ".join(missing))
    change_settings(actor=actor, password_login=False)
    db.session.execute(delete(HalfLogin))


def switch_on(*, actor: User | None) -> None:
    change_settings(actor=actor, password_login=True)


def refuse_the_last_door(provider: IdentityProvider) -> None:
    """Raises DomainError where nothing but this provider lets people in."""
    if site_settings().password_login:
        return
    other = select(IdentityProvider.id).where(
        IdentityProvider.is_active.is_(True), IdentityProvider.id != provider.id
    )
    if db.session.scalar(other.limit(1)) is None:
        raise DomainError(
            _("People come in by %(name)s alone. Let them log in with a password first.", name=provider.name)
        )


def _is_an_admin_linked() -> bool:
    linked = (
        select(ExternalIdentity.id)
        .join(ExternalIdentity.provider)
        .join(ExternalIdentity.user)
        .where(IdentityProvider.is_active.is_(True), User.role == Role.ADMIN, User.is_active.is_(True))
    )
    return db.session.scalar(linked.limit(1)) is not None
