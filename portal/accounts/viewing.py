"""An admin sees the desk as somebody else does, for a while, and changes nothing. Nothing here commits.

It stands in the row of the admin's session, so it ends with that. `portal.accounts.queries`
gives the person in the admin's place; `portal.accounts.read_only` lets nothing be changed.
"""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from portal import clock
from portal.accounts.models import Session, User, about, digest
from portal.accounts.policy import may_view_as
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import affected, db

LIFE = timedelta(minutes=30)


def begin(person: User, *, why: str, actor: User) -> None:
    """Let the browser of `actor` see the desk as that person, from its next page on.

    Raises DomainError for oneself, another admin, and a deactivated account, and in a second
    window that was faster: each has its begin and end in the audit log.
    """
    if not may_view_as(actor, person):
        raise DomainError(_("You can see the desk as anybody who is active and no admin."))
    own = update(Session).where(
        Session.token_digest == digest(actor.session_token), Session.viewing_as_id.is_(None)
    )
    begun = db.session.execute(own.values(viewing_as_id=person.id, viewing_until=clock.now() + LIFE))
    if not affected(begun):
        raise DomainError(_("This browser sees the desk as somebody else already. Press Stop first."))
    record(Kind.VIEWING_BEGAN, actor=actor, **about(person), why=why)


def stop(token: str, *, by: str) -> None:
    """Let the browser that holds the token see the desk as its owner again; `by` says what ended it."""
    _stop(Session.token_digest == digest(token), by=by)


def stop_those_over() -> None:
    """End those whose time is up and who have not come back since."""
    _stop(Session.viewing_until < clock.now(), by="time")


def delete_sessions(*which) -> int:
    """Delete these sessions, and note of each whom it saw the desk as; how many they were."""
    _stop(*which, by="session")
    return affected(db.session.execute(delete(Session).where(*which)))


def _stop(*which, by: str) -> None:
    """One of several that end it at once notes it."""
    held = select(Session.id, Session.user_id, Session.viewing_as_id).where(
        *which, Session.viewing_as_id.is_not(None)
    )
    for session_id, admin_id, person_id in db.session.execute(held.with_for_update()).all():
        over = update(Session).where(Session.id == session_id)
        db.session.execute(over.values(viewing_as_id=None, viewing_until=None))
        admin, person = db.session.get_one(User, admin_id), db.session.get_one(User, person_id)
        record(Kind.VIEWING_ENDED, actor=admin, **about(person), ended_by=by)
