"""Saving views and what people choose for them. What is shared is recorded; nothing here commits."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User
from portal.desk.models import View, ViewChoice
from portal.desk.queries import is_name_taken, own_views
from portal.errors import DomainError
from portal.events.changes import change, set_fields
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import Team
from portal.organizations.sharing import Sharing

MOST = 50  # views of one person


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A view as somebody wants it, checked by a form. `team` goes with being shared with one."""

    name: str
    filter: str
    sort: str
    shared_with: Sharing = Sharing.NOBODY
    team: Team | None = None


def save_view(wanted: Wanted, columns: Sequence[str], *, owner: User) -> View:
    """Keep a new view, as the last of theirs.

    Raises DomainError where they have too many, or one of that name.
    """
    _one_at_a_time(owner.id)
    last, number = db.session.execute(
        select(func.coalesce(func.max(View.position), 0), func.count()).where(View.owner_id == owner.id)
    ).one()
    if number >= MOST:
        raise DomainError(_("You have %(max)d views, and cannot save more. Delete one first.", max=MOST))
    _refuse_taken(wanted.name, owner.id)
    view = View(
        owner=owner,
        name=wanted.name,
        filter=wanted.filter,
        sort=wanted.sort,
        columns=list(columns),
        shared_with=wanted.shared_with,
        team=wanted.team,
        position=last + 1,
    )
    db.session.add(view)
    db.session.flush()
    if view.is_shared:
        _record_sharing(view, Sharing.NOBODY.value, actor=owner)
    return view


def change_view(view: View, wanted: Wanted, *, actor: User) -> None:
    """Let the view be as wanted; what is the same changes nothing. Raises DomainError for a name
    that another view of its owner has."""
    _one_at_a_time(view.owner_id)
    if wanted.name != view.name:
        _refuse_taken(wanted.name, view.owner_id, besides=view.id)
    was_shared, audience = view.is_shared, _audience(view)
    changes = set_fields(view, name=wanted.name, filter=wanted.filter, sort=wanted.sort)
    view.shared_with, view.team = wanted.shared_with, wanted.team
    is_moved = _audience(view) != audience
    if not changes and not is_moved:
        return
    _touch(view)
    if changes and (was_shared or view.is_shared):
        record(Kind.VIEW_EDITED, actor=actor, view_id=view.id, view=view.name, changes=changes)
    if is_moved:
        _record_sharing(view, audience, actor=actor)


def choose_columns(view: View, columns: Sequence[str], *, actor: User) -> None:
    """For everybody who has the view. Whoever changes the rest of it meanwhile is not in the way."""
    changes = set_fields(view, columns=list(columns))
    if changes and view.is_shared:
        record(Kind.VIEW_EDITED, actor=actor, view_id=view.id, view=view.name, changes=changes)


def choose_own_columns(view: str, columns: Sequence[str] | None, *, user: User) -> None:
    """For themself alone, of a view that is built in or another's; None for those it comes with."""
    _choose(user, view, columns=list(columns) if columns is not None else None)


def hide(view: str, *, user: User, is_hidden: bool) -> None:
    """Leave it out of their sidebar, or put it back."""
    _choose(user, view, is_hidden=is_hidden)


def move(view: View, *, up: bool) -> None:
    """Let it change places with the one before it, or behind it, among its owner's."""
    ordered = own_views(view.owner, to_change=True)
    place = next(number for number, one in enumerate(ordered) if one.id == view.id)
    other = place + (-1 if up else 1)
    if 0 <= other < len(ordered):
        ordered[place], ordered[other] = ordered[other], ordered[place]
    for position, one in enumerate(ordered, 1):
        one.position = position


def delete_view(view: View, *, actor: User) -> None:
    if view.is_shared:
        changes = {"shared_with": change(_audience(view), Sharing.NOBODY.value)}
        record(Kind.VIEW_DELETED, actor=actor, view_id=view.id, view=view.name, changes=changes)
    db.session.execute(delete(ViewChoice).where(ViewChoice.view == view.public_id))
    db.session.delete(view)


def _one_at_a_time(owner_id: int) -> None:
    """Whoever changes somebody's views waits for who else does."""
    db.session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))


def _refuse_taken(name: str, owner_id: int, besides: int | None = None) -> None:
    if is_name_taken(name, owner_id=owner_id, besides=besides):
        raise DomainError(_("There is a view “%(name)s” already. Choose another name.", name=name))


def _touch(view: View) -> None:
    view.version += 1
    view.updated_at = clock.now()
    db.session.flush()


def _audience(view: View) -> str:
    """As an event keeps it: a team by its name."""
    return view.team.name if view.team else view.shared_with.value


def _record_sharing(view: View, before: str, *, actor: User) -> None:
    changes = {"shared_with": change(before, _audience(view))}
    record(Kind.VIEW_SHARED, actor=actor, view_id=view.id, view=view.name, changes=changes)


def _choose(user: User, view: str, **chosen: object) -> None:
    row = {"user_id": user.id, "view": view, "is_hidden": False} | chosen
    kept = insert(ViewChoice).values(row)
    db.session.execute(
        kept.on_conflict_do_update(index_elements=[ViewChoice.user_id, ViewChoice.view], set_=chosen)
    )
