"""The agents' queues: each is a filter with a name, to which a person adds their own."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import ColumnElement

from portal.accounts.models import User
from portal.filters import And, Fields, read, where, words
from portal.projects.policy import is_limited
from portal.tickets.filtering import ticket_fields
from portal.tickets.lists import Sort, count_up_to, ticket_page
from portal.tickets.models import Ticket
from portal.tickets.policy import within_projects
from portal.tickets.vocabulary import Vocabulary, shut_projects, vocabulary
from portal.web.paging import PAGE, Page

MANY = 100  # tickets; counting goes no further
MOST = 100  # rows of a page


@dataclass(frozen=True)
class Queue:
    """`filter` says which tickets are in it, `empty` what it means that there are none."""

    name: str
    label: str
    filter: str
    empty: str


QUEUES = {
    queue.name: queue
    for queue in (
        Queue("open", _l("Open"), "is:open", _l("No ticket that you may see is open.")),
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
        Queue("all", _l("All"), "", _l("There is no ticket that you may see.")),
        Queue("closed", _l("Closed"), "is:closed", _l("No ticket has been closed yet.")),
    )
}


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of a queue, as the address says it."""

    queue: Queue
    text: str
    sort: Sort
    size: int = PAGE
    cursor: str | None = None


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


@dataclass(frozen=True)
class Listing:
    """A page of a queue, and how many tickets there are, counted up to `MANY`; None where nobody counts."""

    page: Page
    total: int | None

    @property
    def said(self) -> str:
        """How many are shown, and of how many."""
        shown = len(self.page.rows)
        if self.total is None:
            return _("%(shown)s tickets, and there are more", shown=shown)
        if self.total > MANY:
            return _("%(shown)s of more than %(many)s tickets", shown=shown, many=MANY)
        if shown == self.total:
            return ngettext("%(num)s ticket", "%(num)s tickets", shown)
        return _("%(shown)s of %(total)s tickets", shown=shown, total=self.total)


def listing(desk: Desk, asked: Asked, tree: And) -> Listing:
    """The tickets of the queue that the filter asks for, as far as the reader may see them.

    Those found by words are not counted: that takes as long as finding them all.
    """
    wanted = _condition(desk, asked.queue, tree)
    page = ticket_page(desk.reader, wanted, sort=asked.sort, cursor=asked.cursor, size=asked.size)
    if (page.older or page.newer) and words(tree):
        return Listing(page, None)
    if page.older or page.newer:
        return Listing(page, count_up_to(MANY + 1, desk.reader, wanted))
    return Listing(page, len(page.rows))


def _condition(desk: Desk, queue: Queue, tree: And) -> ColumnElement[bool]:
    whole = And((*desk.read(queue.filter).parts, *tree.parts))
    wanted = where(whole, Ticket.__table__.c, desk.fields)
    if not is_limited(desk.reader):
        return wanted
    return wanted & within_projects(desk.reader, desk.open_projects)
