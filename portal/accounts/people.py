"""What admins do with other people's accounts. Nothing here commits."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.accounts import emergency, half_logins, links
from portal.accounts.actions import end_sessions, revoke_tokens
from portal.accounts.models import User, about
from portal.accounts.queries import hold
from portal.errors import DomainError
from portal.events.changes import Changes, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.permissions import Role


def create_person(
    *, name: str, email: str, role: Role, actor: User | None, locale: str | None = None
) -> User:
    """Make an account and invite its owner by mail to choose a password.

    Raises DomainError where the address has an account already.
    """
    person = User(email=email, name=name, role=role, locale=locale)
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        raise DomainError(_("There is already an account with the address %(email)s.", email=email)) from None
    role_label = {"id": role, "label": role}
    record(Kind.ACCOUNT_CREATED, actor=actor, **about(person), values={"role": role_label})
    _mail_way_in(person)
    return person


def invite_again(person: User, *, actor: User) -> None:
    """Mail another link to come in by. Raises DomainError for a deactivated account."""
    if not person.is_active:
        raise DomainError(_("This account is deactivated. Activate it first."))
    record(Kind.PASSWORD_RESET_ASKED, actor=actor, **about(person), email=person.email)
    _mail_way_in(person)


def rename(person: User, name: str, *, actor: User) -> None:
    """Raises DomainError for somebody who was anonymized."""
    if name != person.name and person.anonymized_at:
        raise DomainError(_("Whoever this was, nobody knows any more. Create a new account."))
    _record(set_fields(person, name=name), person, actor=actor)


def change_role(person: User, role: Role, *, actor: User | None) -> None:
    """Give them another role, log them out and revoke their tokens, so that the old one ends at once.

    Raises DomainError for one's own role, and for the last active admin; emergency access goes with the role.
    """
    admins = hold_admins(person)
    if role == person.role:
        return
    if actor and person.id == actor.id:
        raise DomainError(_("You cannot change your own role. Ask another admin."))
    _refuse_the_last(person, admins)
    emergency.refuse_the_last(person)
    _record(set_fields(person, role=role, is_break_glass=False), person, actor=actor)
    end_sessions(person, actor=actor)
    revoke_tokens(person, actor=actor)


def limit(person: User, *, is_limited: bool, actor: User | None) -> None:
    """Let them see, of the desk's tickets, only those of projects they are a member of; or all again.

    It counts while they are an agent. They are held before: whoever is just giving
    them a ticket has done so, or learns of it.
    """
    hold(person)
    _record(set_fields(person, is_limited=is_limited), person, actor=actor)


def deactivate(person: User, *, actor: User) -> None:
    """Keep them out, at once and everywhere; what they did stays.

    Raises DomainError for oneself, and for the last active admin.
    """
    admins = hold_admins(person)
    if not person.is_active:
        return
    if person.id == actor.id:
        raise DomainError(_("You cannot deactivate yourself. Ask another admin."))
    _refuse_the_last(person, admins)
    emergency.refuse_the_last(person)
    person.is_active = False
    record(Kind.ACCOUNT_DEACTIVATED, actor=actor, **about(person))
    end_sessions(person, actor=actor)
    revoke_tokens(person, actor=actor)
    links.end_links(person)


def reactivate(person: User, *, actor: User) -> None:
    if person.is_active:
        return
    if person.anonymized_at:
        raise DomainError(_("Whoever this was, nobody knows any more. Create a new account."))
    person.is_active = True
    record(Kind.ACCOUNT_REACTIVATED, actor=actor, **about(person))


def set_emergency_access(person: User, *, is_given: bool, actor: User) -> None:
    """Let an admin log in with a password where nobody else may, or no more: a log-in that is between
    its two steps then ends too.

    Raises DomainError for whoever is no admin with a password, and for the last
    who could get in.
    """
    hold_admins(person)
    if is_given == person.is_break_glass:
        return
    if is_given and (person.role is not Role.ADMIN or person.password_hash is None):
        raise DomainError(_("Emergency access is for admins who have chosen a password."))
    if not is_given:
        emergency.refuse_the_last(person)
        half_logins.end_all(person)
    _record(set_fields(person, is_break_glass=is_given), person, actor=actor)


def hold_admins(person: User | None = None) -> set[int]:
    """Lock all active admins and the person, in one order, and read them afresh; the admins' ids.

    So two admins who remove each other at the same moment do so one after the other.
    """
    is_admin = (User.role == Role.ADMIN) & User.is_active.is_(True)
    them = is_admin if person is None else is_admin | (User.id == person.id)
    held = select(User).where(them).order_by(User.id).with_for_update()
    people = db.session.scalars(held.execution_options(populate_existing=True))
    return {each.id for each in people if each.role is Role.ADMIN and each.is_active}


def _refuse_the_last(person: User, admins: set[int]) -> None:
    if admins == {person.id}:
        raise DomainError(
            _("%(name)s is the last active admin. Make somebody else one first.", name=person.name)
        )


def _mail_way_in(person: User) -> None:
    if not emergency.may_use_password(person):
        links.mail_provider_lets_in(person)
    elif person.password_hash is None:
        links.mail_invitation(person)
    else:
        links.mail_reset(person)


def _record(changes: Changes, person: User, *, actor: User | None) -> None:
    if changes:
        record(Kind.ACCOUNT_EDITED, actor=actor, **about(person), changes=changes)
