"""Which steps of its lifecycle a ticket may take now, and at whose wish."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.errors import DomainError
from portal.lifecycles.models import Status, Transition
from portal.lifecycles.plan import Need
from portal.lifecycles.policy import may_take
from portal.lifecycles.queries import Step, steps_from
from portal.tickets.models import Comment, Ticket


def steps_for(ticket: Ticket, person: User) -> tuple[Step, ...]:
    """What a menu offers this person, as of some seconds ago; see `refuse_step` for what holds."""
    asked = ticket.requester_id == person.id
    return tuple(step for step in steps_from(ticket.status) if may_take(step, person, asked=asked))


def own_steps(ticket: Ticket, person: User) -> list[tuple[Step, bool]]:
    """What whoever asked for the ticket may do with it by themselves, and whether that asks for something."""
    if ticket.requester_id != person.id:
        return []
    theirs = (step for step in steps_for(ticket, person) if step.by_requester)
    return [(step, bool(lacking(ticket, step))) for step in theirs]


def refuse_step(ticket: Ticket, status: Status, *, actor: User | None, said: Comment | None) -> None:
    """Raises DomainError, naming what is allowed, for a step that is none, or is not the actor's; and
    naming what is missing where the ticket is not ready for it. Nobody, as an actor, may take every step."""
    step = next((step for step in ticket.status.steps if step.to_status_id == status.id), None)
    if step is None or not is_theirs(ticket, step, actor):
        raise DomainError(_refusal(ticket, status, actor, is_step=step is not None))
    refuse_unready(ticket, step, said=said)


def is_theirs(ticket: Ticket, step: Transition, actor: User | None) -> bool:
    return actor is None or may_take(step, actor, asked=ticket.requester_id == actor.id)


def refuse_unready(ticket: Ticket, step: Transition, *, said: Comment | None) -> None:
    """Raises DomainError, naming what the step asks for and the ticket does not have."""
    if missing := lacking(ticket, step, said=said):
        raise DomainError(
            _(
                "Before %(key)s can become %(status)s it needs: %(missing)s.",
                key=ticket.key,
                status=step.end.label,
                missing=", ".join(str(MISSING[need]) for need in missing),
            )
        )


def lacking(ticket: Ticket, step: Transition | Step, *, said: Comment | None = None) -> list[Need]:
    """What the step asks for that is not there yet; a comment is asked for each time."""
    return [need for need in Need if need in step.needs and not _HAS[need](ticket, said)]


def no_way(ticket: Ticket, actor: User) -> str:
    """Why somebody cannot bring it where they want it, with what they can do."""
    return _(
        "From %(status)s no way leads there. You can make it: %(allowed)s.",
        status=ticket.status.label,
        allowed=_open_to(ticket, actor),
    )


def _refusal(ticket: Ticket, status: Status, actor: User | None, *, is_step: bool) -> str:
    if is_step:
        return _(
            "You may not take the step from %(status)s to %(wanted)s. You can make it: %(allowed)s.",
            status=ticket.status.label,
            wanted=status.label,
            allowed=_open_to(ticket, actor),
        )
    return _(
        "A ticket that is %(status)s can become: %(allowed)s.",
        status=ticket.status.label,
        allowed=_open_to(ticket, actor),
    )


def _open_to(ticket: Ticket, actor: User | None) -> str:
    ends = [step.end for step in ticket.status.steps if is_theirs(ticket, step, actor)]
    ends.sort(key=lambda end: (end.position, end.id))
    return ", ".join(end.label for end in ends) or _("nothing else")


_HAS: dict[Need, Callable[[Ticket, Any], bool]] = {
    Need.COMMENT: lambda _ticket, said: said is not None,
    Need.ASSIGNEE: lambda ticket, _said: ticket.assignee_id is not None,
    Need.TEAM: lambda ticket, _said: ticket.team_id is not None,
    Need.CATEGORY: lambda ticket, _said: ticket.category_id is not None,
    Need.DUE: lambda ticket, _said: ticket.due_at is not None,
    Need.TIME: lambda ticket, _said: ticket.minutes_spent > 0,
}
MISSING = {
    Need.COMMENT: _l("a comment"),
    Need.ASSIGNEE: _l("an assignee"),
    Need.TEAM: _l("a team"),
    Need.CATEGORY: _l("a category"),
    Need.DUE: _l("a due date"),
    Need.TIME: _l("time spent"),
}
