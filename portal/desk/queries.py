"""What is asked about saved views."""

from sqlalchemy import ScalarSelect, String, cast, func, literal, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.accounts.reader import Reader
from portal.desk.models import View, ViewChoice
from portal.desk.policy import offered_to, visible_to
from portal.extensions import db

MOST_LISTED = 100  # of one person's sidebar
_WHOLE = (joinedload(View.owner), joinedload(View.team))


def view_or_404(public_id: str, *, seen_by: User, to_change: bool = False) -> View:
    found = select(View).where(View.public_id == public_id, visible_to(seen_by)).options(*_WHOLE)
    if to_change:
        found = found.with_for_update(of=View).execution_options(populate_existing=True)
    return db.one_or_404(found)


def own_views(user: User, *, to_change: bool = False) -> list[View]:
    """In their order. To be changed, they are held by ascending id."""
    own = select(View).where(View.owner_id == user.id)
    if to_change:
        db.session.execute(own.order_by(View.id).with_for_update(of=View))
    return list(db.session.scalars(own.options(*_WHOLE).order_by(View.position, View.id)))


def others_views(user: User) -> list[View]:
    """Those that others share and this person has sight of, by name."""
    shared = select(View).where(visible_to(user), View.owner_id != user.id).options(*_WHOLE)
    return list(db.session.scalars(shared.order_by(func.lower(View.name), View.id).limit(MOST_LISTED)))


def is_name_taken(name: str, *, owner_id: int, besides: int | None = None) -> bool:
    same = select(View.id).where(
        View.name == name, View.owner_id == owner_id, View.id.is_distinct_from(besides)
    )
    return db.session.scalar(same) is not None


def hidden_views(user: User) -> set[str]:
    """The names or public ids of those that they left out of their sidebar."""
    hidden = select(ViewChoice.view).where(ViewChoice.user_id == user.id, ViewChoice.is_hidden)
    return set(db.session.scalars(hidden))


def sidebar_of(reader: Reader) -> ScalarSelect[str]:
    """What stands in their sidebar, as JSON: [public id, name, filter] of each saved
    view in its order, own ones first. To be asked for with what else every page asks."""
    hidden = select(ViewChoice.view).where(ViewChoice.user_id == reader.id, ViewChoice.is_hidden)
    is_theirs = View.owner_id != reader.id
    listed = (
        select(View.public_id, View.name, View.filter)
        .where(offered_to(reader), View.public_id.not_in(hidden))
        .order_by(is_theirs, View.position, func.lower(View.name), View.id)
        .limit(MOST_LISTED)
        .subquery()
    )
    each = func.json_build_array(listed.c.public_id, listed.c.name, listed.c.filter)
    return select(cast(func.json_agg(each), String)).scalar_subquery()


def hidden_of(reader: Reader) -> ScalarSelect[str]:
    """The names of what they have hidden, with commas between them; with `sidebar_of`."""
    names = select(func.string_agg(ViewChoice.view, literal(","))).where(
        ViewChoice.user_id == reader.id, ViewChoice.is_hidden
    )
    return names.scalar_subquery()


def choices_of(reader: Reader) -> ScalarSelect[str]:
    """The columns they have chosen, as JSON, by the names or public ids of their views; with `sidebar_of`."""
    chosen = select(func.json_object_agg(ViewChoice.view, ViewChoice.columns)).where(
        ViewChoice.user_id == reader.id, ViewChoice.columns.is_not(None)
    )
    return select(cast(chosen.scalar_subquery(), String)).scalar_subquery()
