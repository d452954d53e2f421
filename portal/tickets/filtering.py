"""What a filter can ask of tickets, for one reader: the fields, and where their words are looked for."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, text, true, union_all

from portal.accounts.models import User, sort_key
from portal.extensions import db
from portal.filters import Fields, Value
from portal.filters.fields import Choice, Columns, Flag, Moment, Number, Options, Ranked, Reference, Text
from portal.lifecycles.models import Category
from portal.memory import Remembered
from portal.projects.policy import shut_to
from portal.settings.cache import site
from portal.tickets.lists import is_open
from portal.tickets.models import Comment, Priority, Ticket, TicketType
from portal.tickets.vocabulary import Named, Vocabulary, shut_projects, vocabulary

ME, NONE, MINE = "me", "none", "mine"
FOR_ANYBODY = {"status", "priority", "type", "created", "updated", "closed", "replies", "key", "is"}  # fields
RARE = 1 / 200  # of all texts: words that are rarer are looked up
FREQUENT = 1 / 50  # of the latest tickets: words that stand in more are found on the way
LATEST = 200  # tickets
RANKS = {priority: rank for rank, priority in enumerate(Priority, 1)}  # as `Ticket.priority_rank` has them


def ticket_fields(reader: User, known: Vocabulary) -> Fields:
    """The fields of tickets: "me" is the reader, days are theirs, and so is what they may search."""
    zone, shared = zone_of(reader), _options(known, shut_projects(known, reader))
    fields = (
        Choice("status", _l("Status"), shared["statuses"], "status_id"),
        Ranked("priority", _l("Priority"), shared["priorities"], "priority_rank", ("prio",)),
        Choice("assignee", _l("Assignee"), shared["people"], "assignee_id", ("assigned",),
               own=[_myself(reader), _nothing(_l("nobody"))]),
        Choice("project", _l("Project"), shared["projects"], "project_id"),
        Choice("category", _l("Category"), shared["categories"], "category_id", ("topic",),
               own=[_nothing(_l("No category"))]),
        Choice("team", _l("Team"), shared["teams"], "team_id",
               own=[_ours(reader, known), _nothing(_l("No team"))]),
        Reference("requester", _l("Requester"), _people_called, known=[_myself(reader)],
                  column="requester_id", aliases=("from", "by")),
        Choice("type", _l("Type"), shared["types"]),
        Moment("created", _l("Created"), zone, "created_at"),
        Moment("updated", _l("Updated"), zone, "updated_at", ("changed",)),
        Moment("closed", _l("Closed"), zone, "closed_at"),
        Number("replies", _l("Replies"), "reply_count"),
        Text("key", _l("Key"), lambda tickets, keys: tickets.key.in_([key.upper() for key in keys])),
        Flag("is", _l("Is"), _flags(reader)),
    )  # fmt: skip
    return Fields(fields, *_search(reader))


def fields_for(reader: User) -> Fields:
    """`ticket_fields`, without what tells people who ask who works here, and how the desk is divided."""
    every = ticket_fields(reader, vocabulary())
    if reader.is_staff:
        return every
    return Fields([field for field in every.all if field.name in FOR_ANYBODY], *_search(reader))


def word_fields(reader: User) -> Fields:
    """No fields, only words: for people who search as they would anywhere."""
    return Fields((), *_search(reader))


def zone_of(reader: User) -> ZoneInfo:
    return ZoneInfo(reader.timezone or site().default_timezone)


@lru_cache(maxsize=64)
def _options(known: Vocabulary, shut: frozenset[int]) -> dict[str, Options]:
    """What everybody may choose from to whom the same projects are shut; made once for a vocabulary,
    which many requests share."""
    people = [Value(one.name, one.label, {one.id}, (one.label,)) for one in known.people]
    return {
        "statuses": Options(_grouped(known.statuses)),
        "projects": Options(_grouped(one for one in known.projects if one.id not in shut)),
        "categories": Options(_grouped(one for one in known.categories if one.project_id not in shut)),
        "teams": Options(_grouped(known.teams)),
        "people": Options(people),
        "priorities": Options(Value(one.value, one.label, rank, (one.label,)) for one, rank in RANKS.items()),
        "types": Options(Value(kind, kind.label, {kind}, (kind.label,)) for kind in TicketType),
    }


def _grouped(named: Iterable[Named]) -> list[Value]:
    """One value for all of the same name: each lifecycle has its own row of "open"."""
    values: dict[str, Value] = {}
    for one in named:
        same = values.setdefault(one.name, Value(one.name, one.label, set(), (one.label,)))
        same.meaning.add(one.id)
    return list(values.values())


def _ours(reader: User, known: Vocabulary) -> Value:
    return Value(MINE, _l("my teams"), {team.id for team in known.teams if reader.id in team.members})


def _myself(reader: User) -> Value:
    return Value(ME, _l("me"), {reader.id})


def _nothing(label: str) -> Value:
    return Value(NONE, label, {None})


def _flags(reader: User) -> list[Value]:
    return [
        Value("open", _l("open"), is_open),
        Value("closed", _l("closed"), lambda tickets: tickets.status_category == Category.DONE),
        Value("unassigned", _l("unassigned"), lambda tickets: tickets.assignee_id.is_(None)),
        Value("mine", _l("assigned to me"), lambda tickets: tickets.assignee_id == reader.id),
    ]


def _people_called(texts: Sequence[str]) -> dict[str, list[Value]]:
    """Whom the texts mean, by mail address or by name: one statement for all of them."""
    mails, names = {one.strip().lower() for one in texts}, {sort_key(one) for one in texts}
    called = select(User.id, User.email, User.name, User.sort_name).where(
        or_(User.email.in_(mails), User.sort_name.in_(names))
    )
    found: dict[str, list[Value]] = {}
    people = list(db.session.execute(called.order_by(User.sort_name, User.id).limit(100)))
    for asked in texts:
        wanted = asked.strip().lower(), sort_key(asked)
        found[asked] = [
            Value(one.email, one.name, {one.id}) for one in people
            if one.email == wanted[0] or one.sort_name == wanted[1]
        ]  # fmt: skip
    return found


# The words outside a field.

SIMPLE: ColumnElement[str] = literal_column("'simple'::regconfig")


def _search(reader: User):
    """How this reader's words are found, and how it is found that a word is missing.

    Rare words are looked up, tickets' and comments' ids put together; where words
    are frequent, or the reader sees few tickets, each ticket is asked on the way instead.
    """

    def has(tickets: Columns, words: Sequence[str]) -> ColumnElement[bool]:
        asked = _all_of(words)
        if not reader.is_staff or _is_frequent(asked):
            return _is_found_in(tickets, asked, reader)
        return tickets.id.in_(_looked_up(asked, reader))

    def lacks(tickets: Columns, words: Sequence[str]) -> ColumnElement[bool]:
        return _is_found_in(tickets, _all_of(words), reader).is_not(true())

    return has, lacks


def _all_of(words: Sequence[str]) -> str:
    """As `websearch_to_tsquery` reads it; in quotation marks no word is an operator of its."""
    return " ".join('"{}"'.format(word.replace('"', " ")) for word in words)


def _looked_up(asked: str, reader: User):
    found = Ticket.__table__.alias("found")
    tickets = select(found.c.id).where(_matches(found.c.search, asked))
    return union_all(tickets, _comments(asked, reader).with_only_columns(Comment.ticket_id))


def _is_found_in(tickets: Columns, asked: str, reader: User) -> ColumnElement[bool]:
    of_ticket = _comments(asked, reader).where(Comment.ticket_id == tickets.id).limit(1)
    return or_(_matches(tickets.search, asked), of_ticket.correlate(tickets.id.table).scalar_subquery())


def _comments(asked: str, reader: User) -> Select:
    """The comments with these words that the reader may read."""
    written = select(true()).where(_matches(Comment.search, asked))
    if not reader.is_staff:
        return written.where(~Comment.is_internal)
    if not shut_projects(vocabulary(), reader):
        return written
    of_shut = select(true()).where(Ticket.id == Comment.ticket_id, Ticket.project_id.in_(shut_to(reader)))
    return written.where(or_(~Comment.is_internal, ~of_shut.correlate(Comment).exists()))


def _matches(vector, asked: str) -> ColumnElement[bool]:
    return vector.op("@@", is_comparison=True)(func.websearch_to_tsquery(SIMPLE, asked))


def _are_frequent(asked: str) -> bool:
    """Whether a list finds a page of them on its way. PostgreSQL knows how frequent a word is, not
    which words go together: where it does not call them rare, some of the latest tickets are asked."""
    return _share_expected(asked) >= RARE and _share_of_latest(asked) >= FREQUENT


_is_frequent = Remembered(_are_frequent, models=(), life=300.0)


def _share_expected(asked: str) -> float:
    """Of all texts, as PostgreSQL's statistics have it."""
    guess = text(
        "EXPLAIN (FORMAT JSON)"
        " SELECT 1 FROM tickets WHERE search @@ websearch_to_tsquery('simple', :asked)"
        " UNION ALL SELECT 1 FROM comments WHERE search @@ websearch_to_tsquery('simple', :asked)"
        " UNION ALL SELECT 1 FROM tickets UNION ALL SELECT 1 FROM comments"
    )
    plan = db.session.scalar(guess, {"asked": asked})[0]["Plan"]
    while len(plan["Plans"]) == 1:  # what gathers from several processes
        plan = plan["Plans"][0]
    tickets, comments, all_tickets, all_comments = (part["Plan Rows"] for part in plan["Plans"])
    return (tickets + comments) / (all_tickets + all_comments)


def _share_of_latest(asked: str) -> float:
    """Of the latest `LATEST` tickets, whoever may see them."""
    newest = select(Ticket.id, Ticket.search).order_by(Ticket.updated_at.desc(), Ticket.id.desc())
    latest = newest.limit(LATEST).subquery()
    of_ticket = select(true()).where(_matches(Comment.search, asked), Comment.ticket_id == latest.c.id)
    found = or_(_matches(latest.c.search, asked), of_ticket.limit(1).correlate(latest).scalar_subquery())
    return (db.session.scalar(select(func.count()).select_from(latest).where(found)) or 0) / LATEST
