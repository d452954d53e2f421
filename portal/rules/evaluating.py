"""What rules answer to an event: the conditions of all of them in one statement.

A condition is compiled by the filter language on the columns of tickets, as for a list, and asked of the
one ticket. The parts of a filter are asked one by one, so that a trace can name the one that is not so;
together, by "and", they are the filter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    false,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from portal import clock
from portal.accounts.models import User
from portal.events.models import Event
from portal.extensions import db
from portal.filters import And, Fields, FilterError, Node, Word, read, to_text, where
from portal.filters.fields import Columns
from portal.gateways.database import KEEPS_PLAN
from portal.lifecycles.models import Status
from portal.memory import Remembered
from portal.organizations.models import Team, TeamMember
from portal.projects.models import Project, ProjectMember, TicketCategory
from portal.rules.models import Rule, RuleKind, RuleRun
from portal.rules.registry import registered
from portal.tickets.filtering import ticket_fields
from portal.tickets.models import Ticket
from portal.tickets.policy import is_worked_on_by, visible_to
from portal.tickets.tags import Tag
from portal.tickets.vocabulary import vocabulary

TICKETS: Columns = Ticket.__table__.c


@dataclass(frozen=True)
class Known:
    """A rule as it stands, without its row."""

    id: int
    name: str
    version: int
    owner_id: int
    stops: bool
    project_ids: frozenset[int]
    triggers: tuple[tuple[str, Mapping[str, Any]], ...]
    filter: str
    actions: tuple[tuple[str, Mapping[str, Any]], ...]

    def is_woken_by(self, event: Event) -> bool:
        """Whether it is for this kind of event, in this project."""
        return self.is_for(event.ticket) and self.hears(event)

    def is_for(self, ticket: Ticket | None) -> bool:
        """Whether it is for tickets of that project."""
        return ticket is not None and (not self.project_ids or ticket.project_id in self.project_ids)

    def hears(self, event: Event) -> bool:
        """Whether it is for this kind of event, wherever it happened."""
        return any(_fires(name, values, event) for name, values in self.triggers)


@dataclass(frozen=True)
class Asked:
    """A rule with its conditions as SQL; `problem` says why they cannot be asked."""

    rule: Known
    conditions: tuple[ColumnElement[bool], ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """What one rule answered: whether its owner works on the ticket, and each of its conditions."""

    asked: Asked
    is_seen: bool
    parts: tuple[bool, ...]
    has_run: bool  # in this chain of causes

    @property
    def rule(self) -> Known:
        return self.asked.rule

    @property
    def holds(self) -> bool:
        return not self.asked.problem and self.is_seen and all(self.parts)


@dataclass(frozen=True)
class Plan:
    """The enabled rules in their order, what each asks, and the statements made of them so far."""

    asked: tuple[Asked, ...]
    sight: Mapping[int, ColumnElement[bool]]  # by owner: whether they work on the ticket
    statements: dict[tuple[int, ...], Select] = field(default_factory=dict)


def answers_to(event: Event) -> list[Answer]:
    """What the rules answer that this event wakes, in their order: by one statement, or none of them."""
    return answers_in(_plan(clock.now().replace(second=0, microsecond=0)), event)


def answers_in(plan: Plan, event: Event) -> list[Answer]:
    """The same of the rules of a plan that was made by `make_plan`."""
    woken = [asked for asked in plan.asked if asked.rule.is_woken_by(event)]
    return _answered(plan, woken, event.ticket_id, event.id) if woken else []


def answers_for(reader: User, rules: Sequence[Known], ticket: Ticket) -> list[Answer]:
    """What these rules would answer now of the ticket, if they were this reader's: "me" is them."""
    theirs = [replace(rule, owner_id=reader.id) for rule in rules]
    fields = ticket_fields(reader, vocabulary())
    asked = tuple(asked_by(rule, fields) for rule in theirs)
    return _answered(Plan(asked, {reader.id: is_open_to(reader)}), asked, ticket.id, None) if asked else []


def parts_of(tree: And) -> list[Node]:
    """The conditions that are answered one by one. Words are looked for together, in one text."""
    plain: list[Node] = [part for part in tree.parts if not isinstance(part, Word)]
    words = tuple(part for part in tree.parts if isinstance(part, Word))
    return [*plain, *([And(words)] if words else [])]


def said_of(rule_filter: str, owner: User) -> list[str]:
    """The conditions as they are typed, in the order they are answered in. Raises FilterError."""
    tree = read(rule_filter, ticket_fields(owner, vocabulary()))
    return [to_text(part) for part in parts_of(tree)]


def known(rule: Rule) -> Known:
    return Known(
        rule.id,
        rule.name,
        rule.version,
        rule.owner_id,
        rule.stops,
        frozenset(rule.project_ids),
        tuple((each["name"], each["values"]) for each in rule.triggers),
        rule.filter,
        tuple((each["name"], each["values"]) for each in rule.actions),
    )


def asked_by(rule: Known, fields: Fields, columns: Columns = TICKETS) -> Asked:
    """Its conditions on the columns of tickets."""
    try:
        tree = read(rule.filter, fields)
    except FilterError as error:
        return Asked(rule, problem=error.message)
    return Asked(rule, tuple(where(part, columns, fields) for part in parts_of(tree)))


def _fires(name: str, values: Mapping[str, Any], event: Event) -> bool:
    trigger = registered.triggers.get(name)
    return trigger is not None and event.kind in trigger.kinds and trigger.fires(event, values)


def enabled_triggers() -> list[Known]:
    """The rules that something on a ticket wakes, in their order."""
    enabled = Rule.is_enabled & Rule.paused_at.is_(None) & (Rule.kind == RuleKind.TRIGGER)
    rules = select(Rule).where(enabled).order_by(Rule.position, Rule.id)
    return [known(rule) for rule in db.session.scalars(rules)]


def make_plan(rules: Sequence[Known]) -> Plan:
    """What these rules ask now, in this order. "Today", and how long ago something was, are times in it."""
    owners = select(User).where(User.id.in_({rule.owner_id for rule in rules}))
    people = {owner.id: owner for owner in db.session.scalars(owners)} if rules else {}
    fields = {owner.id: ticket_fields(owner, vocabulary()) for owner in people.values()}
    sight = {owner.id: is_open_to(owner) for owner in people.values()}
    return Plan(tuple(asked_by(rule, fields[rule.owner_id]) for rule in rules), sight)


def _make_plan(_minute: datetime) -> Plan:
    """Anew each minute at least."""
    return make_plan(enabled_triggers())


_plan = Remembered(
    _make_plan,
    models=(Rule, User, Tag, Status, Team, TeamMember, Project, ProjectMember, TicketCategory),
)


def forget_plan() -> None:
    """Said by whoever changes rules without loading them."""
    _plan.forget()


def is_open_to(owner: User) -> ColumnElement[bool]:
    """The tickets that this one of the desk works on; to others none."""
    if not (owner.is_active and owner.is_staff):
        return false()
    return and_(visible_to(owner), is_worked_on_by(owner))


def _answered(
    plan: Plan, woken: Sequence[Asked], ticket_id: int | None, event_id: int | None
) -> list[Answer]:
    key = tuple(asked.rule.id for asked in woken)
    if (statement := plan.statements.get(key)) is None:
        statement = plan.statements[key] = _statement(plan, woken)
    given = {"of_ticket": ticket_id, "of_event": event_id}
    found = db.session.execute(statement, given, execution_options=KEEPS_PLAN).first()
    if found is None:
        return []
    owners, parts, ran = (
        list(dict.fromkeys(asked.rule.owner_id for asked in woken)),
        iter(found[1]),
        {*found[2]},
    )
    seen = dict(zip(owners, found[0], strict=True))
    return [
        Answer(
            asked,
            seen[asked.rule.owner_id],
            tuple(next(parts) for _each in asked.conditions),
            asked.rule.id in ran,
        )
        for asked in woken
    ]


def _statement(plan: Plan, woken: Sequence[Asked]) -> Select:
    """One row: of each owner whether they work on the ticket, each condition, and which of the rules have
    run in this chain."""
    owners = dict.fromkeys(asked.rule.owner_id for asked in woken)
    return select(
        truths([plan.sight[owner] for owner in owners]),
        truths([condition for each in woken for condition in each.conditions]),
        _ran(),
    ).where(Ticket.id == bindparam("of_ticket", type_=BigInteger))


def truths(conditions: Sequence[ColumnElement[bool]]) -> Any:
    """What is not known (NULL) is not so."""
    return array([condition.is_(True) for condition in conditions], type_=Boolean)


def _ran() -> Any:
    """The ids of the rules that ran on the ticket in the chain of causes that led to the event."""
    runs = select(RuleRun.rule_id).where(
        RuleRun.ticket_id == bindparam("of_ticket", type_=BigInteger), RuleRun.root_id == root_of_event()
    )
    return type_coerce(func.array(runs.scalar_subquery()), ARRAY(BigInteger))


def root_of_event() -> Any:
    """The id of the event with which the chain began that led to `of_event`."""
    chain = select(Event.id, Event.cause_id).where(Event.id == bindparam("of_event", type_=BigInteger))
    before = chain.cte("chain", recursive=True)
    whole = before.union_all(select(Event.id, Event.cause_id).join(before, Event.id == before.c.cause_id))
    return select(cast(whole.c.id, BigInteger)).where(whole.c.cause_id.is_(None)).scalar_subquery()
