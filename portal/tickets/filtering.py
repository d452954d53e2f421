"""What a filter can ask of tickets, for one reader: the fields, and where their words are looked for."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from portal.accounts.models import User
from portal.filters import Fields, Value
from portal.filters.fields import Choice, Columns, Field, Flag, Number, Options, Ranked, Text, Within
from portal.filters.grammar import holds_a_word
from portal.filters.lookups import Marks, Party, Person, Thing
from portal.filters.moments import Deadline, Moment
from portal.settings.cache import site
from portal.tickets import called
from portal.tickets.due import order_of
from portal.tickets.finding import titled, words_of
from portal.tickets.flags import flags, promises
from portal.tickets.mentions import mentioning
from portal.tickets.models import Part, Priority, TicketPerson, TicketType, WaitingFor
from portal.tickets.vocabulary import Named, Vocabulary, shut_projects, vocabulary

ME, NONE, MINE = "me", "none", "mine"
FOR_ANYBODY = {  # fields
    "status", "priority", "type", "waiting", "created", "updated", "closed", "replies", "title", "key",
    "is", "has",
}  # fmt: skip
RANKS = {priority: rank for rank, priority in enumerate(Priority, 1)}  # as `Ticket.priority_rank` has them


@dataclass(frozen=True)
class Trait:
    """What a ticket can have, told by a feature on the right of this one: `has:file`.

    `condition` makes it of the reader and the columns; it tells nothing that they may not see.
    """

    name: str
    label: str
    condition: Callable[[User, Columns], ColumnElement[bool]]


@dataclass
class Traits:
    """Those that `create_app` handed over, so that this package need not import them."""

    offered: tuple[Trait, ...] = field(default=())


traits = Traits()


def offer_traits(*offered: Trait) -> None:
    traits.offered = offered


def ticket_fields(reader: User, known: Vocabulary) -> Fields:
    """The fields of tickets: "me" is the reader, days are theirs, and so is what they may search."""
    zone, shut = zone_of(reader), shut_projects(known, reader)
    shared = _options(known, shut)
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
        *(_of_worked_on(field, shut) for field in _marks(zone)),
        *_people(reader, shut),
        *_homes(),
        Choice("type", _l("Type"), shared["types"]),
        Choice("waiting", _l("Waits for"), shared["waiting"], "waiting_for", own=[_nothing(_l("nothing"))]),
        Moment("created", _l("Created"), zone, "created_at"),
        Moment("updated", _l("Updated"), zone, "updated_at", ("changed",)),
        Moment("closed", _l("Closed"), zone, "closed_at", empty=_never(_l("not yet"))),
        Number("replies", _l("Replies"), "reply_count"),
        Text("title", _l("Subject"), titled, ("subject",), refuses=_is_no_word),
        Text("key", _l("Key"), lambda tickets, keys: tickets.key.in_([key.upper() for key in keys])),
        Flag("is", _l("Is"), flags(reader, shut)),
        Flag("has", _l("Has"), _traits(reader)),
    )  # fmt: skip
    return Fields(fields, *words_of(reader))


def fields_for(reader: User) -> Fields:
    """`ticket_fields`, without what tells people who ask who works here, and how the desk is divided."""
    every = ticket_fields(reader, vocabulary())
    if reader.is_staff:
        return every
    return Fields([field for field in every.all if field.name in FOR_ANYBODY], *words_of(reader))


def facts(known: Vocabulary) -> Fields:
    """What a ticket is, whoever asks and whenever: for what the desk itself decides by. No "me" and no words,
    and nothing that only time changes."""
    shared = _options(known, frozenset())
    fields = (
        Ranked("priority", _l("Priority"), shared["priorities"], "priority_rank", ("prio",)),
        Choice("project", _l("Project"), shared["projects"], "project_id"),
        Choice("category", _l("Category"), shared["categories"], "category_id", ("topic",),
               own=[_nothing(_l("No category"))]),
        Choice("team", _l("Team"), shared["teams"], "team_id", own=[_nothing(_l("No team"))]),
        _tag(),
        Person("requester", _l("Requester"), called.people, column="requester_id", aliases=("from", "by"),
               nearest=called.nearest_person),
        *_homes(),
        Choice("type", _l("Type"), shared["types"]),
    )  # fmt: skip
    return Fields(fields)


def word_fields(reader: User) -> Fields:
    """No fields, only words: for people who search as they would anywhere."""
    return Fields((), *words_of(reader))


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
        "waiting": Options(Value(one, one.label, {one}, (one.label,)) for one in WaitingFor),
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


def _never(label: str) -> Value:
    return Value(NONE, label)


def _people(reader: User, shut: frozenset[int]) -> list[Field]:
    """Whom the desk helps, who follows along, and who was called to it."""
    asked: dict[str, Any] = {"known": [_myself(reader)], "nearest": called.nearest_person}
    return [
        Person(
            "requester",
            _l("Requester"),
            called.people,
            column="requester_id",
            aliases=("from", "by"),
            **asked,
        ),
        Party("participant", _l("Participant"), called.people, condition=_taking(Part.PARTICIPANT), **asked),
        Party("watcher", _l("Watcher"), called.people, condition=_taking(Part.WATCHER), **asked),
        Party("mentions", _l("Mentions"), called.people, condition=mentioning(shut), **asked),
    ]


def _marks(zone: ZoneInfo) -> list[Field]:
    """What the desk puts on tickets, or knows of them, and nobody else."""
    return [
        _tag(),
        Deadline("due", _l("Due"), zone, "due_at", order=order_of, empty=_never(_l("no day"))),
        Flag("sla", _l("SLA"), promises()),
        Deadline("sla_due", _l("SLA due"), zone, "sla_due_at", order=order_of, empty=_never(_l("nothing"))),
        Number("rating", _l("Rating"), "rating"),
        Number("spent", _l("Minutes spent"), "minutes_spent"),
    ]


def _tag() -> Field:
    return Marks(
        "tag",
        _l("Tag"),
        called.tags,
        known=[_nothing(_l("No tag"))],
        column="tag_ids",
        aliases=("tags",),
        nearest=called.nearest_tag,
    )


def _homes() -> list[Field]:
    """For whom its requester asked."""
    return [
        Thing("organization", _l("Organization"), called.organizations, column="organization_id",
              aliases=("org",), known=[_nothing(_l("No organization"))], nearest=called.nearest_organization),
        Thing("department", _l("Department"), called.departments, column="department_id",
              known=[_nothing(_l("No department"))], nearest=called.nearest_department),
    ]  # fmt: skip


def _taking(part: Part) -> Callable[[Columns, Collection[int]], ColumnElement[bool]]:
    """Of whom any takes that part: by the ids of the tickets in which they do, which the index has."""

    def takes(tickets: Columns, ids: Collection[int]) -> ColumnElement[bool]:
        theirs = select(TicketPerson.ticket_id).where(
            TicketPerson.user_id.in_(ids), TicketPerson.part == part
        )
        return tickets.id.in_(theirs.correlate(None))

    return takes


def _of_worked_on(field: Field, shut: frozenset[int]) -> Field:
    """What is told of a ticket to who works on it alone: of a project that is shut to them, people of
    the desk follow one as anybody would."""
    return Within(field, lambda tickets: tickets.project_id.not_in(sorted(shut))) if shut else field


def _traits(reader: User) -> list[Value]:
    replied = Value("reply", _l("a reply"), lambda tickets: tickets.reply_count > 0)
    return [replied, *(_value_of(trait, reader) for trait in traits.offered)]


def _value_of(trait: Trait, reader: User) -> Value:
    return Value(trait.name, trait.label, lambda tickets: trait.condition(reader, tickets))


def _is_no_word(text: str) -> str:
    return (
        "" if holds_a_word(text) else _("“%(word)s” holds no letter and no digit to search for.", word=text)
    )
