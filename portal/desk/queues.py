"""The agents' queues: each is a filter with a name, built in or saved by somebody."""

from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select, tuple_
from werkzeug.exceptions import NotFound

from portal.accounts.models import User
from portal.accounts.reader import Reader
from portal.desk.columns import USUAL, known_columns, read_for
from portal.desk.models import View
from portal.desk.queries import view_or_404
from portal.filters import And, Condition, Fields, lasting, read, where
from portal.projects.policy import is_limited
from portal.tickets.filtering import ticket_fields
from portal.tickets.lists import (
    CLOSED,
    LATEST,
    SENDER,
    SPAM,
    Sort,
    first_tickets,
    is_open,
)
from portal.tickets.models import Ticket
from portal.tickets.policy import within_projects
from portal.tickets.selections import Selection, Slice, page_of
from portal.tickets.vocabulary import Vocabulary, shut_projects, vocabulary
from portal.web.around import around
from portal.web.paging import PAGE, Page

TRIAGE = "triage"
BREACHING = "breaching"
SPAM_QUEUE = "spam"
MOST = 100  # rows of a page
BOARD = "board"


@dataclass(frozen=True)
class Queue:
    """`filter` says which tickets are in it, `empty` what it means that there are none.

    To that, a person adds a filter of their own; of a saved `view`, the filter is where they begin.
    """

    name: str
    label: Any
    filter: str
    empty: Any
    sort: str = LATEST
    view: View | None = field(default=None, compare=False)
    columns: tuple[str, ...] = USUAL

    @classmethod
    def saved(cls, view: View) -> "Queue":
        return cls(view.public_id, view.name, "", _l("No ticket fits this view now."), view.sort, view)

    @property
    def begins_with(self) -> str:
        """The filter that stands in the field before anybody types."""
        return self.view.filter if self.view else ""

    @property
    def place(self) -> dict[str, Any]:
        """By what addresses of it are made; that of its list stands at `endpoint`."""
        return {"public_id": self.name} if self.view else {"name": self.name}

    @property
    def endpoint(self) -> str:
        return "desk.view" if self.view else "desk.queue"

    def columns_for(self, reader: User) -> tuple[str, ...]:
        """Those that the reader has chosen for it, or else its own."""
        if self.view and self.view.owner_id == reader.id:
            return known_columns(self.view.columns)
        chosen = around(reader).columns_of(self.name)
        if chosen is not None:
            return known_columns(chosen)
        return known_columns(self.view.columns) if self.view else self.columns

    @property
    def is_triage(self) -> bool:
        """Whether its rows are decided on, one after the other."""
        return self.name == TRIAGE

    @property
    def is_of_promises(self) -> bool:
        """Whether what is about to be late is told above its rows."""
        return self.name == BREACHING

    @property
    def tells_of_senders(self) -> bool:
        """Whether its rows say how often their requesters have sent spam."""
        return self.name in {TRIAGE, SPAM_QUEUE}


QUEUES = {
    queue.name: queue
    for queue in (
        Queue(
            TRIAGE,
            _l("Triage"),
            "is:triage",
            _l("Every new ticket has been decided on. What comes next waits here, the oldest first."),
            sort="created",
            columns=("priority", "key", "title", "created"),
        ),
        Queue(
            "unassigned",
            _l("Unassigned"),
            "is:open is:unassigned",
            _l("Every open ticket has somebody who answers for it."),
        ),
        Queue("mine", _l("Mine"), "is:open is:mine", _l("No open ticket is assigned to you.")),
        Queue(
            "team",
            _l("My teams"),
            "is:open team:mine",
            _l("Your teams have no open tickets, or you are in no team."),
        ),
        Queue(
            "mentions",
            _l("Mentions"),
            "is:open mentions:me",
            _l("Nobody has written @ and your name in a ticket that is open."),
        ),
        Queue(
            "waiting",
            _l("Waiting on requester"),
            "is:open waiting:requester",
            _l("No open ticket waits for an answer of who asked."),
        ),
        Queue("overdue", _l("Overdue"), "is:overdue", _l("Nothing is late."), sort="due"),
        Queue(
            BREACHING,
            _l("Breaching"),
            "is:open sla:breached,soon",
            _l("No promise is late, and none is due soon."),
            sort="sla",
        ),
        Queue(
            "recent",
            _l("Recently closed"),
            "is:closed closed<7d",
            _l("No ticket was closed in the last seven days."),
            sort=f"-{CLOSED}",
        ),
        Queue("open", _l("All open"), "is:open", _l("No ticket that you may see is open.")),
        Queue("closed", _l("Closed"), "is:closed", _l("No ticket has been closed yet.")),
        Queue("all", _l("All"), "", _l("There is no ticket that you may see.")),
        Queue(
            SPAM_QUEUE,
            _l("Spam"),
            "is:spam",
            _l("Nothing is marked as spam. Press ! in triage to hide what nobody asks in earnest."),
            columns=("priority", "key", "title", "status", "updated"),
        ),
    )
}
NOT_LISTED = {"closed", "all", SPAM_QUEUE}


def listed(*, has_promises: bool) -> list[Queue]:
    """Those that stand at the side. Where nothing is promised, nothing can be breached."""
    left_out = NOT_LISTED if has_promises else NOT_LISTED | {BREACHING}
    return [queue for queue in QUEUES.values() if queue.name not in left_out]


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of a queue, as the address says it."""

    queue: Queue
    text: str
    sort: Sort
    size: int = PAGE
    cursor: str | None = None
    columns: tuple[str, ...] = USUAL
    layout: str | None = None  # as the address says it; None for a list
    preview: str | None = None  # the key of the ticket beside the list

    @property
    def is_board(self) -> bool:
        return self.layout == BOARD

    @property
    def is_changed(self) -> bool:
        """Whether it is another filter or order than those of the queue."""
        return self.text != self.queue.begins_with or str(self.sort) != self.queue.sort


@dataclass(frozen=True)
class Desk:
    """The words this agent can filter by, and what they mean."""

    reader: User
    known: Vocabulary
    fields: Fields

    @classmethod
    def of(cls, reader: User) -> "Desk":
        known = vocabulary()
        return cls(reader, known, ticket_fields(reader, known))

    @property
    def open_projects(self) -> set[int]:
        """The ids of those in which the reader works."""
        return {project.id for project in self.known.projects} - shut_projects(self.known, self.reader)

    def read(self, text: str) -> And:
        """Raises FilterError."""
        return read(text, self.fields)

    def whole(self, queue: Queue, tree: And) -> And:
        """What is asked for in that queue, with what the queue itself asks for."""
        return And((*self.read(queue.filter).parts, *tree.parts))


@dataclass(frozen=True)
class Listing:
    """A page of a queue, and how many tickets there are in all, where that is known."""

    page: Page
    number: int | None

    @property
    def is_whole(self) -> bool:
        """There is no other page."""
        return not (self.page.older or self.page.newer)


def queue_or_404(name: str | None, public_id: str | None = None, *, seen_by: User) -> Queue:
    """The saved view of that id, else the queue that is built in under that name. Raises NotFound."""
    if public_id:
        return Queue.saved(view_or_404(public_id, seen_by=seen_by))
    if name not in QUEUES:
        raise NotFound
    return QUEUES[name]


def listing(desk: Desk, asked: Asked, whole: And) -> Listing:
    """The tickets that the queue and its filter ask for, as far as the reader may see them. Whoever wants to
    know how many there are on other pages asks for it by itself: counting takes longer than the page."""
    shown = read_for(asked.columns) | ({SENDER} if asked.queue.tells_of_senders else frozenset())
    cut = Slice(asked.sort, asked.cursor, asked.size, shown)
    found = Listing(page_of(selection(desk, whole), cut), None)
    return replace(found, number=len(found.page.rows)) if found.is_whole else found


def next_in(desk: Desk, queue: Queue, *, after: str) -> str | None:
    """The key of the oldest ticket of the queue that came after the one of that key; else of the oldest."""
    wanted, oldest = condition(desk, desk.read(queue.filter)), (Ticket.created_at, Ticket.id)
    came = select(Ticket.created_at, Ticket.id).where(Ticket.key == after.upper()).correlate(None)
    later = tuple_(*oldest) > came.scalar_subquery()
    for conditions in ([wanted, later], [wanted, Ticket.key != after.upper()]):
        if found := first_tickets(desk.reader, *conditions, order=oldest, limit=1):
            return found[0].key
    return None


def selection(desk: Desk, tree: And) -> Selection:
    """What the filter asks for, of all that the reader may see."""
    made_of = lasting(tree, desk.fields)
    if made_of is not None:
        limits = (desk.reader.id, frozenset(desk.open_projects)) if is_limited(desk.reader) else None
        made_of = (made_of, limits, _asks_for_open(desk, tree))
    return Selection(Reader.of(desk.reader), lambda _reader: [condition(desk, tree)], tree, made_of)


def condition(desk: Desk, tree: And) -> ColumnElement[bool]:
    """The filter as SQL, within the projects of a reader who works in no others."""
    wanted = where(tree, Ticket.__table__.c, desk.fields)
    if _asks_for_open(desk, tree):
        wanted &= is_open()  # it says nothing new, but the index of open tickets fits
    if not is_limited(desk.reader):
        return wanted
    return wanted & within_projects(desk.reader, desk.open_projects)


def _asks_for_open(desk: Desk, tree: And) -> bool:
    return any(_is_of_open(desk, part) for part in tree.parts if isinstance(part, Condition))


def _is_of_open(desk: Desk, part: Condition) -> bool:
    """It asks for statuses that only open tickets have."""
    if part.name != "status":
        return False
    of_open = {status.id for status in desk.known.statuses if status.is_current}
    return of_open.issuperset(status_id for value in part.values for status_id in value.meaning)


def fitting(sort: Sort, whole: And) -> Sort:
    """What is open was never closed: where there may be such, there is no order of closing."""
    return sort if sort.name != CLOSED or asks_for_closed(whole) else Sort.typed(LATEST)


def asks_for_closed(tree: And) -> bool:
    """Whether nothing else than closed tickets can be meant, so that they have an order of closing."""
    return any(_is_of_closed(part) for part in tree.parts if isinstance(part, Condition))


def asks_for_spam_alone(tree: And) -> bool:
    """Whether all that it can mean is marked as spam."""
    return any(
        isinstance(part, Condition) and part.name == "is" and {value.text for value in part.values} == {SPAM}
        for part in tree.parts
    )


def _is_of_closed(part: Condition) -> bool:
    named = {value.text for value in part.values}
    if part.name == CLOSED:
        return "none" not in named
    return part.name == "is" and named == {CLOSED}
