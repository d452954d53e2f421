"""What must be true of the data at every moment between two transactions, whatever has happened.

Each is a select of the ids of what breaks it. Looking may take minutes on a large
desk: it is for `flask doctor --invariants` and for tests that have hurt something.
"""

from datetime import timedelta

from sqlalchemy import Exists, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal import clock
from portal.attachments.models import Attachment
from portal.attachments.upkeep import still_lost, waits_long
from portal.deletion.models import DeletedKey
from portal.events.kinds import CHANGES, Kind
from portal.events.models import Delivery, DeliveryState, Event
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.projects.models import Project, ProjectCounter
from portal.tickets.hiding import Hidden
from portal.tickets.models import Comment, Part, Ticket, TicketKey, TicketPerson, TimeEntry
from portal.tickets.relations import TicketMerge

EXAMPLES = 5
PATIENCE = timedelta(minutes=10)  # that a delivery may wait for a worker


def broken() -> dict[str, list[int]]:
    """What is not as it must be: the sentence, and up to `EXAMPLES` ids that break it."""
    found = {
        sentence: [row[0] for row in db.session.execute(breaking.limit(EXAMPLES))]
        for sentence, breaking in _invariants().items()
    }
    return {sentence: ids for sentence, ids in found.items() if ids}


def _invariants() -> dict[str, Select[int]]:
    return {
        "Every ticket has one event that says it was submitted.": _submitted_once(),
        "A ticket's version is one more than its changes.": _version_counts_changes(),
        "A ticket's reply count is the number of its public replies.": _reply_count_is_right(),
        "The time spent on a ticket is the sum of its entries.": _time_adds_up(),
        "A ticket's status means what the ticket says it means.": _category_is_the_status(),
        "What is closed, and nothing else, has a time when it was.": _closed_has_a_time(),
        "What is blocked, and nothing else, waits for something.": _waiting_waits(),
        "What waits for a decision has nobody who answers for it.": _undecided_is_nobodys(),
        "Every requester may see their ticket, and so may the assignee of an open one.": _people_are_there(),
        "No project has a ticket with a number above its counter.": _counters_are_ahead(),
        "No key that a ticket had before is another's now.": _former_keys_are_nobodys(),
        "No key of a deleted ticket is another's now.": _deleted_keys_are_nobodys(),
        "What was merged is closed, and goes on in a ticket that was not.": _merged_lead_on(),
        "Nobody came along with a ticket that is not merged.": _come_with_merged(),
        "No delivery that is due waits for more than ten minutes.": _deliveries_flow(),
        "Every file that is ready has its object in the store, as of the last look.": _files_are_there(),
        "No file waits for the scanner for more than ten minutes.": select(Attachment.id).where(waits_long()),
        "No file came with a comment of another ticket.": _files_are_in_place(),
    }


def _submitted_once() -> Select:
    events = select(func.count()).where(Event.ticket_id == Ticket.id, Event.kind == Kind.TICKET_SUBMITTED)
    return select(Ticket.id).where(events.scalar_subquery() != 1)


def _version_counts_changes() -> Select:
    changes = select(func.count()).where(Event.ticket_id == Ticket.id, Event.kind.in_(CHANGES))
    return select(Ticket.id).where(Ticket.version != 1 + changes.scalar_subquery())


def _reply_count_is_right() -> Select:
    replies = select(func.count()).where(Comment.ticket_id == Ticket.id, Comment.is_internal.is_(False))
    return select(Ticket.id).where(Ticket.reply_count != replies.scalar_subquery())


def _time_adds_up() -> Select:
    entries = select(func.coalesce(func.sum(TimeEntry.minutes), 0)).where(TimeEntry.ticket_id == Ticket.id)
    return select(Ticket.id).where(Ticket.minutes_spent != entries.scalar_subquery())


def _undecided_is_nobodys() -> Select:
    return select(Ticket.id).where(Ticket.inbox_since.is_not(None), Ticket.assignee_id.is_not(None))


def _category_is_the_status() -> Select:
    other = Status.category != Ticket.status_category
    return select(Ticket.id).join(Status, Status.id == Ticket.status_id).where(other)


def _closed_has_a_time() -> Select:
    done = Ticket.status_category == Category.DONE
    return select(Ticket.id).where(done != Ticket.closed_at.is_not(None))


def _waiting_waits() -> Select:
    waiting = Ticket.status_category == Category.WAITING
    return select(Ticket.id).where(waiting != Ticket.waiting_for.is_not(None))


def _people_are_there() -> Select:
    def has(part: Part, user_id: InstrumentedAttribute) -> Exists:
        mine = and_(TicketPerson.ticket_id == Ticket.id, TicketPerson.user_id == user_id)
        return exists().where(mine, TicketPerson.part == part).correlate(Ticket)

    requester = has(Part.REQUESTER, Ticket.requester_id)
    assignee = has(Part.ASSIGNEE, Ticket.assignee_id)
    is_at_work = Ticket.assignee_id.is_not(None) & (Ticket.status_category != Category.DONE)
    return select(Ticket.id).where(or_(~requester, and_(is_at_work, ~assignee)))


def _counters_are_ahead() -> Select:
    highest = select(func.max(Ticket.number)).where(Ticket.project_id == Project.id).scalar_subquery()
    counted = func.coalesce(ProjectCounter.last_number, -1)
    counters = select(Project.id).outerjoin(ProjectCounter, ProjectCounter.project_id == Project.id)
    return counters.where(counted < func.coalesce(highest, 0))


def _former_keys_are_nobodys() -> Select:
    return select(Ticket.id).where(Ticket.key.in_(select(TicketKey.key)))


def _deleted_keys_are_nobodys() -> Select:
    """What waits to be erased still has its own."""
    others = Ticket.hidden_as.is_distinct_from(Hidden.DELETED)
    return select(Ticket.id).where(Ticket.key.in_(select(DeletedKey.key)), others)


def _merged_lead_on() -> Select:
    into = aliased(Ticket)
    is_end = into.merged_into_id.is_(None) & (Ticket.status_category == Category.DONE)
    noted = select(TicketMerge.ticket_id).where(TicketMerge.ticket_id == Ticket.id).exists()
    merged = select(Ticket.id).outerjoin(into, into.id == Ticket.merged_into_id)
    is_merged = Ticket.merged_into_id.is_not(None)
    return merged.where(or_(is_merged & ~is_end, is_merged != noted))


def _come_with_merged() -> Select:
    merged = select(TicketMerge.ticket_id)
    came_along = TicketPerson.merged_from_id.is_not(None)
    return select(TicketPerson.ticket_id).where(came_along, TicketPerson.merged_from_id.not_in(merged))


def _deliveries_flow() -> Select:
    overdue = Delivery.available_at < clock.now() - PATIENCE
    return select(Delivery.event_id).where(Delivery.state == DeliveryState.DUE, overdue)


def _files_are_there() -> Select:
    """Those that the last comparison has missed; to look again is for `flask storage reconcile`."""
    return select(Attachment.id).where(Attachment.id.in_(still_lost()))


def _files_are_in_place() -> Select:
    elsewhere = select(Attachment.id).join(Comment, Comment.id == Attachment.comment_id)
    return elsewhere.where(Comment.ticket_id != Attachment.ticket_id)
