"""Every field of tickets: what is written is read as the same, and PostgreSQL finds what Python finds."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal import clock
from portal.attachments.models import Attachment, State
from portal.extensions import db
from portal.filters import And, Comparison, Condition, FilterError, Not, Value, Word, read, to_text, where
from portal.lifecycles.models import Category
from portal.settings.cache import site
from portal.tickets import actions, tagging
from portal.tickets.clocked import SlaState, Standing, standing_of
from portal.tickets.filtering import FOR_ANYBODY, fields_for, ticket_fields
from portal.tickets.models import Comment, Part, Priority, Ticket, TicketPerson, TicketType, WaitingFor
from portal.tickets.relations import CommentMention
from portal.tickets.vocabulary import vocabulary
from tests import factories as make
from tests.filters.people import compared

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EQUALS = Comparison.EQUALS
TITLES = ["Printer jam", "VPN drops", "Printer on fire", "Änderung", "jam in the printer"]
IS = ["open", "closed", "unassigned", "mine", "confidential", "overdue", "triage", "snoozed"]
CLOSED_STATES = [SlaState.KEPT, SlaState.MISSED]
STATUSES = ["open", "in_progress", "blocked", "closed"]


@pytest.fixture
def town(world, monkeypatch):
    """Sixty tickets of which each is something else, and an admin who sees them all."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    chance = Random(4)
    ann, ben = make.employee(email="ann@example.org"), make.employee(name="Ben Okafor")
    reader = make.admin(email="aylin@example.org", timezone="Europe/Berlin")
    agents = [reader, make.agent(email="petra@example.org")]
    houses = [make.organization(name="Nordwerk"), make.organization(name="Hafen, Logistik")]
    rooms = [make.department(house, "Human Resources") for house in houses] + [
        make.department(houses[0], "Sales")
    ]
    teams, topics = [make.team(name="Network"), None], [make.category("Hardware"), None]
    projects = [world, make.project("FAC")]
    tagging.tags_called(["vpn", "mail", "home office", "vpm"], maker=reader)
    for number in range(60):
        ticket = make.ticket(
            chance.choice([ann, ben]),
            title=chance.choice(TITLES),
            project=chance.choice(projects),
            priority=chance.choice(list(Priority)),
            type=chance.choice(list(TicketType)),
            is_confidential=chance.random() < 0.2,
        )
        ticket.status = make.status(chance.choice(STATUSES))
        ticket.status_category = ticket.status.category
        ticket.waiting_for = chance.choice([None, *WaitingFor])
        ticket.assignee, ticket.team = chance.choice([*agents, None]), chance.choice(teams)
        ticket.category = chance.choice(topics)
        room = chance.choice([*rooms, None])
        ticket.department_id = room.id if room else None
        ticket.organization_id = room.organization_id if room else None
        ticket.reply_count = chance.choice([0, 1, 5])
        ticket.created_at, ticket.updated_at = (NOW - _some_time(chance) for _turn in range(2))
        ticket.closed_at = chance.choice([None, NOW - _some_time(chance)])
        ticket.due_at = chance.choice([None, NOW - _some_time(chance), NOW + _some_time(chance)])
        ticket.inbox_since = chance.choice([None, NOW - _some_time(chance)])
        if ticket.inbox_since:
            ticket.snoozed_until = chance.choice(
                [None, NOW, NOW - _some_time(chance), NOW + _some_time(chance)]
            )
            ticket.snoozed_for_answer = chance.random() < 0.2
        ticket.rating = chance.choice([None, None, 1, 2, 5])
        _promise_something(ticket, Random(number))
        ticket.minutes_spent = chance.choice([0, 0, 30, 200])
        tagging.change_tags(
            ticket,
            chance.sample(["vpn", "mail", "home office", "vpm"], chance.choice([0, 1, 2])),
            actor=reader,
        )
        for part in (Part.WATCHER, Part.PARTICIPANT):
            for person in chance.sample([ann, *agents], chance.choice([0, 0, 1, 2])):
                actions.take_part(ticket, person, part)
        _mention_some(ticket, [ann, *agents], Random(number))  # ids differ from run to run
        if chance.random() < 0.3:
            make.make(Attachment, **_file(ticket, chance.choice(list(State))))
    tagging.merge(_tag("vpm"), _tag("vpn"), actor=reader)
    db.session.flush()
    return _Town(reader)


def _some_time(chance):
    return chance.choice(
        [timedelta(0), timedelta(hours=13), timedelta(days=1), timedelta(days=7), timedelta(days=40)]
    )


def _promise_something(ticket, chance):
    """As the clocks are kept: what runs has a time, and only open tickets have something that runs."""
    if ticket.status_category == Category.DONE:
        ticket.sla_state = chance.choice([None, *CLOSED_STATES])
        return
    ticket.sla_state = chance.choice([None, SlaState.PAUSED, SlaState.RUNNING, SlaState.RUNNING])
    if ticket.sla_state is SlaState.RUNNING:
        ticket.sla_due_at = NOW + chance.choice([-1, 1]) * _some_time(chance)
        ticket.sla_warn_at = ticket.sla_due_at - _some_time(chance)


def _mention_some(ticket, people, chance):
    """In a note or a reply; whoever cannot be meant there is not."""
    if chance.random() < 0.4:
        author, other = chance.sample(people[1:], 2)
        say = chance.choice([make.note, make.reply])
        say(ticket, author, f"@{chance.choice([people[0], other]).email}, please")


def _tag(name):
    return db.session.scalars(select(tagging.Tag).where(tagging.Tag.name == name)).one()


def _file(ticket, state):
    now = clock.now()
    return {
        "public_id": f"file-{ticket.id}", "ticket_id": ticket.id, "uploader_id": ticket.requester_id,
        "original_filename": "a.txt", "mime": "text/plain", "size": 3, "scanned_status": state,
        "object_key": f"q/{ticket.id}", "expires_at": now, "created_at": now,
    } | ({"clean_key": f"c/{ticket.id}", "sha256": "0" * 64} if state is State.CLEAN else {})  # fmt: skip


class _Town:
    """Its tickets as plain rows, with what is known of each besides its columns."""

    def __init__(self, reader):
        self.reader = reader
        self.fields = ticket_fields(reader, vocabulary())
        self.rows = list(db.session.scalars(select(Ticket).order_by(Ticket.id)))
        for ticket in self.rows:
            db.session.refresh(ticket)
        people = db.session.execute(
            select(TicketPerson.ticket_id, TicketPerson.user_id, TicketPerson.part)
        ).all()
        self.parts = set(map(tuple, people))
        said = select(Comment.ticket_id, CommentMention.user_id).join(Comment)
        self.mentions = set(map(tuple, db.session.execute(said)))
        clean = select(Attachment.ticket_id).where(Attachment.scanned_status == State.CLEAN)
        self.with_file = set(db.session.scalars(clean))
        self.tags = {ticket.id: set(tagging.living(ticket.tag_ids).values()) for ticket in self.rows}

    def found(self, tree):
        return set(db.session.scalars(select(Ticket.id).where(where(tree, Ticket.__table__.c, self.fields))))

    def meant(self, tree):
        return {ticket.id for ticket in self.rows if self._is_meant(ticket, tree)}

    def _is_meant(self, ticket, node):
        match node:
            case And(parts):
                return all(self._is_meant(ticket, part) for part in parts)
            case Not(part):
                return not self._is_meant(ticket, part)
            case Word(text):
                return _holds(f"{ticket.key} {ticket.title}", text)
            case Condition(name, comparison, values):
                return any(getattr(self, f"_{name}")(ticket, comparison, value) for value in values)

    def _status(self, ticket, _comparison, value):
        return ticket.status.name == value.text

    def _priority(self, ticket, comparison, value):
        ranks = [*Priority]
        return compared(ranks.index(ticket.priority), comparison, ranks.index(value.text))

    def _assignee(self, ticket, _comparison, value):
        return _person(ticket.assignee, value, self.reader)

    def _requester(self, ticket, _comparison, value):
        return _person(ticket.requester, value, self.reader)

    def _project(self, ticket, _comparison, value):
        return ticket.project.key == value.text

    def _category(self, ticket, _comparison, value):
        return (ticket.category.stored_name if ticket.category else "none") == value.text

    def _team(self, ticket, _comparison, value):
        return value.text != "mine" and (ticket.team.name if ticket.team else "none") == value.text

    def _tag(self, ticket, _comparison, value):
        return not self.tags[ticket.id] if value.text == "none" else value.text in self.tags[ticket.id]

    def _participant(self, ticket, _comparison, value):
        return self._takes(ticket, value, Part.PARTICIPANT)

    def _watcher(self, ticket, _comparison, value):
        return self._takes(ticket, value, Part.WATCHER)

    def _mentions(self, ticket, _comparison, value):
        return any((ticket.id, user_id) in self.mentions for user_id in value.meaning)

    def _takes(self, ticket, value, part):
        return any((ticket.id, user_id, part) in self.parts for user_id in value.meaning)

    def _organization(self, ticket, _comparison, value):
        return (ticket.organization.name if ticket.organization else "none") == value.text

    def _department(self, ticket, _comparison, value):
        return ticket.department_id in value.meaning

    def _type(self, ticket, _comparison, value):
        return ticket.type.value == value.text

    def _waiting(self, ticket, _comparison, value):
        return (ticket.waiting_for.value if ticket.waiting_for else "none") == value.text

    def _created(self, ticket, comparison, value):
        return _past(ticket.created_at, comparison, value)

    def _updated(self, ticket, comparison, value):
        return _past(ticket.updated_at, comparison, value)

    def _closed(self, ticket, comparison, value):
        return _past(ticket.closed_at, comparison, value)

    def _due(self, ticket, comparison, value):
        if not isinstance(value.meaning, timedelta) or ticket.due_at is None:
            return _past(ticket.due_at, comparison, value)
        until, is_far = ticket.due_at - NOW, comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return until >= value.meaning if is_far else timedelta(0) <= until <= value.meaning

    def _sla(self, ticket, _comparison, value):
        stands = standing_of(ticket, NOW)
        return value.text == ("none" if stands is None else stands.value)

    def _sla_due(self, ticket, comparison, value):
        if not isinstance(value.meaning, timedelta) or ticket.sla_due_at is None:
            return _past(ticket.sla_due_at, comparison, value)
        until, is_far = ticket.sla_due_at - NOW, comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return until >= value.meaning if is_far else timedelta(0) <= until <= value.meaning

    def _replies(self, ticket, comparison, value):
        return compared(ticket.reply_count, comparison, value.meaning)

    def _rating(self, ticket, comparison, value):
        return ticket.rating is not None and compared(ticket.rating, comparison, value.meaning)

    def _spent(self, ticket, comparison, value):
        return compared(ticket.minutes_spent, comparison, value.meaning)

    def _title(self, ticket, _comparison, value):
        return _holds(ticket.title, value.text)

    def _key(self, ticket, _comparison, value):
        return ticket.key == value.text.upper()

    def _is(self, ticket, _comparison, value):
        is_open = ticket.status_category != Category.DONE
        return {
            "open": is_open,
            "closed": not is_open,
            "unassigned": ticket.assignee_id is None,
            "mine": ticket.assignee_id == self.reader.id,
            "confidential": ticket.is_confidential,
            "triage": self._is_undecided(ticket) and not ticket.is_snoozed,
            "snoozed": self._is_undecided(ticket) and ticket.is_snoozed,
            "overdue": is_open and ticket.due_at is not None and ticket.due_at < NOW,
        }[value.text]

    def _is_undecided(self, ticket):
        return ticket.inbox_since is not None and ticket.status_category != Category.DONE

    def _has(self, ticket, _comparison, value):
        return {"reply": ticket.reply_count > 0, "file": ticket.id in self.with_file}[value.text]


def _person(person, value, reader):
    if value.text == "me":
        return person is not None and person.id == reader.id
    return (person.email if person else "none") == value.text


def _holds(text, words):
    have, wanted = text.lower().split(), words.lower().split()
    return any(have[at : at + len(wanted)] == wanted for at in range(len(have)))


def _past(moment, comparison, value):
    if value.text == "none" or moment is None:
        return value.text == "none" and moment is None
    if isinstance(value.meaning, timedelta):
        is_older = comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return NOW - moment >= value.meaning if is_older else NOW - moment <= value.meaning
    if isinstance(value.meaning, int):  # days from today on, in the time zone of the desk
        zone = ZoneInfo(site().default_timezone)
        day = NOW.astimezone(zone).date() + timedelta(days=value.meaning)
        return compared(moment.astimezone(zone).date(), comparison, day)
    start = value.meaning[0]
    return compared(moment.astimezone(start.tzinfo).date(), comparison, start.date())


# What can be asked of each field. A field that is not here fails the tests.

PEOPLE = ["ann@example.org", "petra@example.org", "aylin@example.org", "me"]
AGES = st.builds("{}{}".format, st.sampled_from([0, 1, 7, 13, 40]), st.sampled_from(["min", "h", "d", "w"]))
DAYS = st.dates(date(2026, 10, 1), date(2027, 1, 10)).map(str) | st.sampled_from(
    ["today", "yesterday", "tomorrow"]
)
VALUES = {
    "status": st.sampled_from(STATUSES),
    "priority": st.sampled_from([one.value for one in Priority]),
    "assignee": st.sampled_from(["aylin@example.org", "petra@example.org", "me", "none"]),
    "project": st.sampled_from(["IT", "FAC"]),
    "category": st.sampled_from(["Hardware", "none"]),
    "team": st.sampled_from(["Network", "mine", "none"]),
    "tag": st.sampled_from(["vpn", "mail", "home office", "none"]),
    "due": AGES | DAYS | st.just("none"),
    "sla": st.sampled_from([*(one.value for one in Standing), "none"]),
    "sla_due": AGES | DAYS | st.just("none"),
    "requester": st.sampled_from(PEOPLE),
    "participant": st.sampled_from(PEOPLE),
    "watcher": st.sampled_from(PEOPLE),
    "mentions": st.sampled_from(PEOPLE),
    "organization": st.sampled_from(["Nordwerk", "Hafen, Logistik", "none"]),
    "department": st.sampled_from(["Human Resources", "Sales", "none"]),
    "type": st.sampled_from([kind.value for kind in TicketType]),
    "waiting": st.sampled_from([*(one.value for one in WaitingFor), "none"]),
    "created": AGES | DAYS,
    "updated": AGES | DAYS,
    "closed": AGES | DAYS | st.just("none"),
    "replies": st.sampled_from(["0", "1", "4", "5"]),
    "rating": st.sampled_from(["1", "2", "4", "5"]),
    "spent": st.sampled_from(["0", "30", "60", "200"]),
    "title": st.sampled_from(["printer", "jam", "on fire", "VPN drops", "änderung"]),
    "key": st.sampled_from(["IT-1", "FAC-2", "IT-999"]),
    "is": st.sampled_from(IS),
    "has": st.sampled_from(["reply", "file"]),
}  # fmt: skip
ORDERED = {"priority", "due", "sla_due", "created", "updated", "closed", "replies", "rating", "spent"}


@st.composite
def conditions(draw, names=tuple(VALUES)):
    name = draw(st.sampled_from(names))
    comparison = draw(st.sampled_from(list(Comparison))) if name in ORDERED else EQUALS
    values = VALUES[name] if comparison is EQUALS else VALUES[name].filter(lambda text: text != "none")
    texts = draw(st.lists(values, min_size=1, max_size=3 if comparison is EQUALS else 1, unique=True))
    return Condition(name, comparison, tuple(map(Value, texts)))


parts = conditions() | st.sampled_from(["printer", "on fire", "IT-3"]).map(Word)
trees = st.lists(parts | parts.map(Not), max_size=5).map(tuple).map(And)
on_the_town = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_every_field_is_tried_here(town):
    assert {field.name for field in town.fields.all} == set(VALUES)
    assert {field.name for field in town.fields.all if field.comparisons != (EQUALS,)} == ORDERED


@on_the_town
@given(tree=trees)
def test_what_is_written_is_read_as_the_same(town, tree):
    text = to_text(tree)
    assert read(text, town.fields) == tree
    assert to_text(read(text, town.fields)) == text


@on_the_town
@given(tree=trees)
def test_the_database_and_plain_python_agree(town, tree):
    tree = read(to_text(tree), town.fields)
    assert town.found(tree) == town.meant(tree)


def test_the_town_has_something_to_find_of_everything(town):
    empty = {f"{name}:{text}" for name, texts in SOME.items() for text in texts} - {
        to_text(tree)
        for name, texts in SOME.items()
        for text in texts
        if town.found(tree := read(to_text(Condition(name, EQUALS, (Value(text),))), town.fields))
    }
    assert len(empty) < 12, empty


def test_each_field_by_itself_agrees_too_and_so_does_its_opposite(town):
    """All in one town, which is long in the making."""
    different = []
    for name in VALUES:
        texts = [text for text in SOME[name] if text]
        comparisons = list(Comparison) if name in ORDERED else [EQUALS]
        for text, comparison, minus in product(texts, comparisons, ["", "-"]):
            if text == "none" and comparison is not EQUALS:
                continue
            tree = read(minus + to_text(Condition(name, comparison, (Value(text),))), town.fields)
            if town.found(tree) != town.meant(tree):
                different.append(to_text(tree))
    assert different == []


SOME = {
    "status": STATUSES,
    "priority": ["low", "medium", "critical"],
    "assignee": ["petra@example.org", "me", "none"],
    "project": ["FAC"],
    "category": ["Hardware", "none"],
    "team": ["Network", "mine", "none"],
    "tag": ["vpn", "home office", "none"],
    "due": ["0min", "13h", "7d", "today", "tomorrow", "2026-11-14", "none"],
    "sla": [*(one.value for one in Standing), "none"],
    "sla_due": ["0min", "13h", "7d", "today", "none"],
    "requester": PEOPLE,
    "participant": PEOPLE,
    "watcher": PEOPLE,
    "mentions": PEOPLE,
    "organization": ["Nordwerk", "Hafen, Logistik", "none"],
    "department": ["Human Resources", "Sales", "none"],
    "type": ["problem"],
    "waiting": ["supplier", "none"],
    "created": ["7d", "yesterday", "2026-10-12"],
    "updated": ["1d", "today"],
    "closed": ["7d", "2026-11-14", "none"],
    "replies": ["0", "1", "4"],
    "rating": ["1", "3", "5"],
    "spent": ["0", "60"],
    "title": ["printer", "on fire", "jam"],
    "key": ["IT-1", "it-2"],
    "is": IS,
    "has": ["reply", "file"],
}


MISTAKES = [  # what is typed; the word that is wrong, where it stands, and what was perhaps meant
    ("vpn tga:vpn", "tga", 4, "tag"),
    ("tag:vpnn", "vpnn", 4, "vpn"),
    ('is:open organization:"Nordwerg"', "Nordwerg", 21, "Nordwerk"),
    ("department:sails", "sails", 11, "Sales"),
    ("requester:ann@example.og", "ann@example.og", 10, "ann@example.org"),
    ("watcher:petraa@example.org", "petraa@example.org", 8, "petra@example.org"),
    ("waiting:suplier", "suplier", 8, "supplier"),
    ("is:overdo", "overdo", 3, "overdue"),
    ("has:fil", "fil", 4, "file"),
    ("due<none", "none", 4, "due:none"),
    ("due:soon", "soon", 4, ""),
    ("tag>vpn", "tag>", 0, ""),
    ('title:"!!"', "!!", 6, ""),
]


def test_a_mistake_is_named_with_its_place_and_what_was_perhaps_meant(town):
    told = []
    for typed, *_ in MISTAKES:
        with pytest.raises(FilterError) as refused:
            read(typed, town.fields)
        told.append((typed, refused.value.word, refused.value.at, refused.value.nearest))
        if refused.value.nearest:
            read(refused.value.corrected, town.fields)
    assert told == MISTAKES


def test_a_name_that_was_merged_away_means_the_other(town):
    assert to_text(read("tags:VPM,Vpn", town.fields)) == "tag:vpn"


def test_people_who_ask_are_told_of_no_field_that_is_the_desks(world):
    ann = make.employee()
    fields = fields_for(ann)
    assert {field.name for field in fields.all} == FOR_ANYBODY
    for typed in (
        "tag:vpn",
        "due<7d",
        "is:overdue",
        "watcher:me",
        "mentions:me",
        "organization:none",
        "department:none",
    ):
        with pytest.raises(FilterError):
            read(typed, fields)


def test_a_filter_compiles_against_a_relation_of_the_same_columns(town):
    """As one that is made of events, which has no index and no table of its own."""
    past = select(*Ticket.__table__.c).where(Ticket.id < town.rows[30].id).subquery()
    names = [name for name in VALUES if name not in {"participant", "watcher", "has"}]
    for name, text in ((name, SOME[name][0]) for name in names):
        tree = read(to_text(Condition(name, EQUALS, (Value(text),))), town.fields)
        found = set(db.session.scalars(select(past.c.id).where(where(tree, past.c, town.fields))))
        assert found == {one for one in town.meant(tree) if one < town.rows[30].id}, name
