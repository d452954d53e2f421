"""Each ticket leaves the inbox by one decision. Nothing here commits.

Ordinary work is a decision too: whoever takes a ticket, routes it, answers it or moves it on has
made one (`keep_inbox`, which follows every event). A ticket that is put off is still undecided.
Whoever calls this holds the ticket's row.
"""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import caused_by, record
from portal.extensions import db
from portal.lifecycles.models import Category
from portal.organizations.models import Team
from portal.tickets import actions, comments
from portal.tickets.merging import merge
from portal.tickets.models import Outcome, Ticket
from portal.tickets.policy import works_on

BATCH = 100  # tickets of one transaction
DECISIONS = frozenset({Kind.TICKET_KEPT, Kind.TICKET_DECLINED, Kind.TICKET_MERGED, Kind.TICKET_WITHDRAWN})
WORK = frozenset({Kind.TICKET_ASSIGNED, Kind.STATUS_CHANGED, Kind.COMMENT_ADDED})


def accept(ticket: Ticket, *, actor: User) -> None:
    """Take it. Raises DomainError, naming who was first, where somebody else has decided."""
    if ticket.assignee_id == actor.id:
        return
    refuse_decided(ticket)
    actions.assign(ticket, actor, actor=actor)


def decline(ticket: Ticket, reason: str, *, actor: User) -> None:
    """Close it unsolved, and tell everybody who sees it why."""
    refuse_decided(ticket)
    declining = record(Kind.TICKET_DECLINED, actor=actor, ticket=ticket)
    db.session.flush()
    with caused_by(declining):
        comments.reply(ticket, reason, author=actor)
        actions.walk_to(ticket, Category.DONE, actor=actor, outcome=Outcome.DECLINED)


def duplicate(ticket: Ticket, of: Ticket, *, actor: User) -> None:
    """Let it go on in the other one, with its requester and its files. Raises as `merge` does."""
    refuse_decided(ticket)
    merge(ticket, of, actor=actor)


def route(ticket: Ticket, team: Team, *, actor: User) -> None:
    """Give it to that team; where it is with it already, say that it is right there."""
    refuse_decided(ticket)
    if ticket.team_id == team.id:
        record(
            Kind.TICKET_KEPT,
            actor=actor,
            ticket=ticket,
            public=False,
            team={"id": team.id, "label": team.name},
        )
    actions.assign_team(ticket, team, actor=actor)


def snooze(ticket: Ticket, until: datetime | None, *, actor: User) -> None:
    """Put it off until that moment, or until its requester answers: which ends every snooze."""
    refuse_decided(ticket)
    if until is not None and until <= clock.now():
        raise DomainError(_("Choose a moment that is still to come."))
    if (ticket.snoozed_until, ticket.snoozed_for_answer) == (until, until is None):
        return
    ticket.snoozed_until, ticket.snoozed_for_answer = until, until is None
    told = until.isoformat() if until else None
    record(Kind.TICKET_SNOOZED, actor=actor, ticket=ticket, public=False, until=told)


def wake(ticket: Ticket, *, actor: User | None, by: str = "hand") -> None:
    """Put it back among those that wait for a decision; one that is not put off stays as it is."""
    if ticket.snoozed_until is None and not ticket.snoozed_for_answer:
        return
    ticket.snoozed_until, ticket.snoozed_for_answer = None, False
    record(Kind.TICKET_WOKEN, actor=actor, ticket=ticket, public=False, by=by)


def wake_due() -> int:
    """Tell that the time of these has come; how many there were. Those that somebody holds come next time.

    They are in the inbox by then, whether this runs or not.
    """
    due = select(Ticket).where(*_is_due()).order_by(Ticket.id).limit(BATCH)
    tickets = list(db.session.scalars(due.with_for_update(of=Ticket, skip_locked=True)))
    for ticket in tickets:
        wake(ticket, actor=None, by="time")
    return len(tickets)


def is_snooze_over() -> bool:
    return db.session.scalar(select(Ticket.id).where(*_is_due()).limit(1)) is not None


def _is_due() -> tuple[ColumnElement[bool], ...]:
    """Spam sleeps on: it comes back as it was."""
    return Ticket.snoozed_until <= clock.now(), Ticket.hidden_as.is_(None)


def withdraw(ticket: Ticket, *, actor: User) -> None:
    """Whoever asked does not want it any more. Raises DomainError for others, and once it is worked on."""
    if ticket.requester_id != actor.id:
        raise DomainError(_("Only whoever asked can withdraw it."))
    if ticket.outcome == Outcome.WITHDRAWN:
        return
    if not ticket.is_undecided:
        raise DomainError(_("Somebody works on it already. Say that it is solved, or write to them."))
    withdrawing = record(Kind.TICKET_WITHDRAWN, actor=actor, ticket=ticket)
    db.session.flush()
    with caused_by(withdrawing):
        actions.walk_to(ticket, Category.DONE, actor=actor, outcome=Outcome.WITHDRAWN)


def refuse_decided(ticket: Ticket) -> None:
    """Raises DomainError, naming who it was, where somebody has decided on it."""
    if ticket.is_undecided:
        return
    if ticket.assignee:
        raise DomainError(_("%(name)s has taken %(key)s already.", name=ticket.assignee.name, key=ticket.key))
    decided = select(Event).where(Event.ticket_id == ticket.id, Event.kind.in_(DECISIONS | WORK))
    last = db.session.scalar(decided.order_by(Event.id.desc()).limit(1))
    if last and last.actor:
        raise DomainError(_("%(name)s has decided on %(key)s already.", name=last.actor.name, key=ticket.key))
    raise DomainError(_("%(key)s does not wait for a decision any more.", key=ticket.key))


def keep_inbox(event: Event) -> None:
    """At once: a decision takes the ticket out of the inbox, and what is taken up again without anybody
    who answers for it goes back. An answer of its requester ends a snooze."""
    ticket = event.ticket
    if ticket is None:
        return
    if _is_taken_up_again(event, ticket):
        _leave(ticket)
        ticket.inbox_since = event.created_at
    elif ticket.inbox_since is None:
        return
    elif _decides(event, ticket):
        _leave(ticket)
    elif ticket.is_done:
        ticket.snoozed_until, ticket.snoozed_for_answer = None, False
    elif event.kind == Kind.COMMENT_ADDED and event.actor_id is not None:
        db.session.flush()
        with caused_by(event):
            wake(ticket, actor=None, by="answer")


def _leave(ticket: Ticket) -> None:
    ticket.inbox_since = ticket.snoozed_until = None
    ticket.snoozed_for_answer = False


def _is_taken_up_again(event: Event, ticket: Ticket) -> bool:
    if event.kind != Kind.STATUS_CHANGED or ticket.assignee_id is not None:
        return False
    change = event.data["changes"]["status"]
    return change["old"]["category"] == Category.DONE and change["new"]["category"] == Category.NEW


def _decides(event: Event, ticket: Ticket) -> bool:
    """Nobody's routing, and nothing of its requester's, is a decision; that somebody answers for it is."""
    if event.kind in DECISIONS or ticket.assignee_id is not None:
        return True
    if event.kind not in WORK:
        return False
    if event.actor_id is None:
        return event.kind == Kind.STATUS_CHANGED
    actor = db.session.get_one(User, event.actor_id)
    is_own_word = event.kind == Kind.COMMENT_ADDED and actor.id == ticket.requester_id
    return works_on(actor, ticket) and not is_own_word
