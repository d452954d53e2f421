"""What somebody has half written, kept for them alone. Nothing here commits."""

from sqlalchemy import ARRAY, String, any_, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN
from portal.tickets.unsent import Draft

LIMIT = 100_000  # characters of all fields together
MOST = 50  # drafts of one person; what was left alone longest goes first


def save_draft(user: User, scope: str, content: dict[str, str]) -> Draft | None:
    """Keep it, in place of the one before; one that holds nothing is forgotten instead."""
    if not any(value.strip() for value in content.values()):
        drop_draft(user, scope)
        return None
    values = {"user_id": user.id, "scope": scope, "content": content, "updated_at": clock.now()}
    kept = insert(Draft).values(values)
    kept = kept.on_conflict_do_update(
        index_elements=["user_id", "scope"],
        set_={"content": kept.excluded.content, "updated_at": kept.excluded.updated_at},
    )
    draft = db.session.scalar(kept.returning(Draft).execution_options(populate_existing=True))
    latest = (
        select(Draft.id).where(Draft.user_id == user.id).order_by(Draft.updated_at.desc(), Draft.id.desc())
    )
    too_many = delete(Draft).where(Draft.id.in_(latest.offset(MOST)))
    db.session.execute(too_many.execution_options(synchronize_session=False))
    return draft


def drop_draft(user: User, *scopes: str) -> None:
    """Forget it: it was sent, or emptied."""
    asked = {"user_id": user.id, "scopes": list(scopes)}
    db.session.execute(_SENT, asked, execution_options={"synchronize_session": False})


def drafts_of(user: User, *scopes: str) -> dict[str, Draft]:
    """The drafts that there are, by scope."""
    asked = {"user_id": user.id, "scopes": list(scopes)}
    return {draft.scope: draft for draft in db.session.scalars(_THEIRS, asked, execution_options=KEEPS_PLAN)}


# Made once: each ticket's page asks for them, and each form that is sent ends some.
_WHICH = (
    Draft.user_id == bindparam("user_id"),
    Draft.scope == any_(bindparam("scopes", type_=ARRAY(String))),
)
_THEIRS, _SENT = select(Draft).where(*_WHICH), delete(Draft).where(*_WHICH)
