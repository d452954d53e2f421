"""Making tickets of what another desk kept. Nothing here commits.

What is imported is history: nobody is notified, no rule answers, and no
deliveries are written. Each ticket gets the one event that says it was
submitted, with all it was when it came, and one for its resolution where it
has one; so its timeline is true, if short.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from sqlalchemy import func, insert, select, update

from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.record import record, record_past
from portal.extensions import db
from portal.gateways.live import publish_after_commit
from portal.importing.entries import Entry
from portal.importing.queries import Desk, desk_for, known_ids
from portal.lifecycles.models import Category
from portal.markdown import render_markdown
from portal.projects.actions import create_category
from portal.projects.models import Project, ProjectCounter
from portal.tickets.models import (
    Comment,
    ExternalTicket,
    Part,
    Ticket,
    TicketPerson,
    WaitingFor,
)
from portal.tickets.tagging import ids_called
from portal.tickets.told import snapshot

LOCK = 7_302_114  # the first half of the lock; the source is the second


@dataclass(frozen=True)
class Target:
    """Where an import goes, and who speaks for whom the file does not name."""

    project: str  # its key
    source: str
    requester: str = ""  # a mail address, for rows without one the desk knows
    author: str = ""  # of resolutions whose assignee the desk does not know


@dataclass
class Outcome:
    """What became of a batch, or of all of them."""

    made: int = 0
    known: int = 0
    categories: list[str] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.made += other.made
        self.known += other.known
        self.categories += [name for name in other.categories if name not in self.categories]
        self.errors += other.errors
        self.remarks += other.remarks


def take_over(entries: list[Entry], target: Target, *, for_real: bool = True) -> Outcome:
    """Make a ticket of each entry the desk does not have yet; in a dry run only say what would happen.

    One transaction's worth of work: a handful of statements for all of them.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(LOCK, _number(target.source))))
    known = known_ids(target.source, (entry.external_id for entry in entries))
    new = [entry for entry in entries if entry.external_id not in known]
    outcome = Outcome(known=len(entries) - len(new))
    if not new:
        return outcome
    desk = desk_for(new, target.project, also={target.requester, target.author})
    new = [entry for entry in new if _has_requester(entry, desk, target, outcome)]
    _remark(new, desk, outcome)
    _make_categories(new, desk, outcome, for_real=for_real)
    if for_real and new:
        _make_tags(new, desk)
        _make_tickets(new, desk, target)
    outcome.made = len(new)
    return outcome


def note_import(source: str, outcome: Outcome) -> None:
    """Leave a line in the audit trail. Who sits at a shell, the desk does not know."""
    record(
        Kind.TICKETS_IMPORTED,
        actor=None,
        source=source,
        created=outcome.made,
        skipped=outcome.known + len(outcome.errors),
    )


def _has_requester(entry: Entry, desk: Desk, target: Target, outcome: Outcome) -> bool:
    if entry.requester in desk.people or target.requester in desk.people:
        return True
    why = f"Nobody has the address {entry.requester}" if entry.requester else "It names no requester"
    outcome.errors.append((entry.line, f"{why}, and --requester does not say who else asked."))
    return False


def _remark(entries: list[Entry], desk: Desk, outcome: Outcome) -> None:
    """Say what of a row is not taken over as it stands."""
    for entry in entries:
        said = list(entry.remarks)
        if entry.requester and entry.requester not in desk.people:
            said.append(f"Nobody has the address {entry.requester}.")
        if entry.assignee and _assignee(entry, desk) is None:
            said.append(f"{entry.assignee} is no agent here.")
        if entry.team and entry.team.lower() not in desk.teams:
            said.append(f"There is no team “{entry.team}”.")
        if desk.status(entry) is None:
            said.append(f"“{entry.status}” is no known status: {desk.first_status.stored_label}.")
        outcome.remarks += [(entry.line, sentence) for sentence in said]


def _make_categories(entries: list[Entry], desk: Desk, outcome: Outcome, *, for_real: bool) -> None:
    missing: dict[str, str] = {}
    for entry in entries:
        if entry.category and entry.category.lower() not in desk.categories:
            missing.setdefault(entry.category.lower(), entry.category)
    for small, name in missing.items():
        outcome.categories.append(name)
        if for_real:
            desk.categories[small] = create_category(name, project=desk.project, actor=None)


def _make_tags(entries: list[Entry], desk: Desk) -> None:
    """Those that there are not yet; each name then means the tag that it means to people who type it."""
    names = {name for entry in entries for name in entry.tags}
    if names:
        desk.tags.update(ids_called(sorted(names)))


def _make_tickets(entries: list[Entry], desk: Desk, target: Target) -> None:
    first = _take_numbers(desk.project, len(entries))
    tickets = [_ticket(entry, first + place, desk, target) for place, entry in enumerate(entries)]
    db.session.add_all(tickets)
    db.session.flush()
    pairs = list(zip(entries, tickets, strict=True))
    db.session.execute(insert(TicketPerson), [row for ticket in tickets for row in _people(ticket)])
    db.session.execute(
        insert(ExternalTicket),
        [{"source": target.source, "external_id": e.external_id, "ticket_id": t.id} for e, t in pairs],
    )
    record_past(Kind.TICKET_SUBMITTED, [_submitted(entry, ticket, target) for entry, ticket in pairs])
    _write_resolutions([pair for pair in pairs if pair[0].resolution], desk, target)
    publish_after_commit("queue")


def _take_numbers(project: Project, how_many: int) -> int:
    """The first of so many numbers of the project; its row stays locked until the commit."""
    last = db.session.scalars(
        update(ProjectCounter)
        .where(ProjectCounter.project_id == project.id)
        .values(last_number=ProjectCounter.last_number + how_many)
        .returning(ProjectCounter.last_number)
    ).one()
    return last - how_many + 1


def _ticket(entry: Entry, number: int, desk: Desk, target: Target) -> Ticket:
    requester = desk.people.get(entry.requester) or desk.people[target.requester]
    category = desk.categories.get(entry.category.lower()) if entry.category else None
    status = desk.status(entry) or desk.first_status
    ended = _ended(entry)
    return Ticket(
        key=f"{desk.project.key}-{number}",
        project=desk.project,
        number=number,
        title=entry.title,
        description=entry.description,
        description_html=render_markdown(entry.description),
        type=entry.type,
        priority=entry.priority,
        status=status,
        status_category=status.category,
        waiting_for=WaitingFor.OTHER if status.category == Category.WAITING else None,
        category=category,
        organization=desk.organizations.get(requester.id),
        team=desk.teams.get(entry.team.lower()) or (category and category.team) or desk.project.default_team,
        requester=requester,
        assignee=_assignee(entry, desk),
        tag_ids=sorted({desk.tags[name] for name in entry.tags}),
        due_at=entry.due,
        reply_count=1 if entry.resolution else 0,
        created_at=entry.created,
        updated_at=ended if status.category == Category.DONE or entry.resolution else entry.created,
        closed_at=ended if status.category == Category.DONE else None,
    )


def _assignee(entry: Entry, desk: Desk) -> User | None:
    found = desk.people.get(entry.assignee)
    return found if found and found.id in desk.workers else None


def _ended(entry: Entry) -> datetime:
    return max(entry.closed or entry.created, entry.created)


def _people(ticket: Ticket) -> Iterable[dict[str, Any]]:
    yield {"user_id": ticket.requester.id, "ticket_id": ticket.id, "part": Part.REQUESTER}
    if ticket.assignee:
        yield {"user_id": ticket.assignee.id, "ticket_id": ticket.id, "part": Part.ASSIGNEE}


def _submitted(entry: Entry, ticket: Ticket, target: Target) -> dict[str, Any]:
    came_from = {"source": target.source, "id": entry.external_id}
    return {
        "ticket_id": ticket.id,
        "actor_id": ticket.requester.id,
        "created_at": entry.created,
        "data": {"values": snapshot(ticket) | _marks(entry, ticket), "imported": came_from},
    }


def _marks(entry: Entry, ticket: Ticket) -> dict[str, Any]:
    """Tags and due date: no other ticket begins with any."""
    due = entry.due.isoformat() if entry.due else None
    marks: dict[str, Any] = {"due_at": {"id": due, "label": due}} if due else {}
    return marks | ({"tags": {"id": ticket.tag_ids, "label": sorted(entry.tags)}} if entry.tags else {})


def _write_resolutions(pairs: list[tuple[Entry, Ticket]], desk: Desk, target: Target) -> None:
    """Each as a public reply of the ticket's assignee, else of the import's author."""
    if not pairs:
        return
    replies = [_reply(entry, ticket, desk, target) for entry, ticket in pairs]
    db.session.add_all(replies)
    db.session.flush()
    record_past(
        Kind.COMMENT_ADDED,
        [
            {
                "ticket_id": reply.ticket_id,
                "actor_id": reply.author_id,
                "created_at": reply.created_at,
                "data": {"comment_id": reply.id},
            }
            for reply in replies
        ],
    )


def _reply(entry: Entry, ticket: Ticket, desk: Desk, target: Target) -> Comment:
    return Comment(
        ticket_id=ticket.id,
        author_id=(ticket.assignee or desk.people[target.author]).id,
        body=entry.resolution,
        body_html=render_markdown(entry.resolution),
        created_at=_ended(entry),
    )


def _number(source: str) -> int:
    """A number for the source that fits the second half of a lock: signed, four bytes."""
    return crc32(source.encode()) - 2**31
