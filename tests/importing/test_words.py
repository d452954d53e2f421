"""What columns, priorities, statuses and dates are called elsewhere."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.importing.columns import KNOWN, WrongMapping, map_columns
from portal.importing.words import category_of, moment_of, priority_by, priority_of, type_of
from portal.lifecycles.models import Category
from portal.tickets.models import Priority, TicketType

BERLIN = ZoneInfo("Europe/Berlin")


def test_columns_are_found_by_their_usual_names():
    header = [
        "Number",
        "Short Description",
        "Description",
        "Group",
        "State",
        "Priorität",
        "Colour",
    ]

    assert map_columns(header) == {
        "id": "Number",
        "title": "Short Description",
        "description": "Description",
        "team": "Group",
        "status": "State",
        "priority": "Priorität",
    }


@pytest.mark.parametrize(
    ("thing", "header"),
    [
        ("id", "Ticket-Nr"),
        ("id", "Ticket-Nr."),
        ("id", "Ticketnummer"),
        ("id", "Vorgang"),
        ("title", "Kurzbeschreibung"),
        ("title", "Zusammenfassung"),
        ("category", "Kategorie"),
        ("priority", "Prioritaet"),
        ("priority", "Priorität"),
        ("status", "Status"),
        ("requester", "Anforderer"),
        ("requester", "Antragsteller"),
        ("requester", "Gemeldet von"),
        ("assignee", "Zugewiesen an"),
        ("created", "Erstellt am"),
        ("closed", "Geschlossen am"),
        ("closed", "Gelöst am"),
        ("resolution", "Loesung"),
        ("resolution", "LÖSUNG"),
    ],
)
def test_german_names_are_known_too(thing, header):
    assert map_columns(["Beschreibung", header])[thing] == header


def test_the_first_name_counts_where_several_are_known():
    assert map_columns(["summary", "title", "text"])["title"] == "title"


def test_what_somebody_says_comes_first_and_nothing_leaves_a_column_out():
    columns = map_columns(["title", "note", "status"], ["description=note", "status="])

    assert columns == {"title": "title", "description": "note"}


def test_several_columns_may_be_said_at_once():
    assert map_columns(["a", "b"], ["title=a, description=b"]) == {"title": "a", "description": "b"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["title=nope"], "no column “nope”"),
        (["colour=a"], "has no “colour”"),
        (["title"], "not of the form"),
        ([], "No column is known to hold a title"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_with_what_there_is(said, why):
    with pytest.raises(WrongMapping, match=why):
        map_columns(["a", "b"], said)


def test_no_name_is_known_for_two_things():
    names = [name for names in KNOWN.values() for name in names]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("High", Priority.HIGH),
        ("CRITICAL", Priority.CRITICAL),
        ("1 - Critical", Priority.CRITICAL),
        ("2 - High", Priority.HIGH),
        ("P4", Priority.LOW),
        ("3", Priority.MEDIUM),
        ("normal", Priority.MEDIUM),
        ("niedrig", Priority.LOW),
        ("purple", None),
        ("", None),
    ],
)
def test_priorities(text, priority):
    assert priority_of(text) == priority


@pytest.mark.parametrize(
    ("urgency", "impact", "priority"),
    [
        ("1", "1", Priority.CRITICAL),
        ("1", "2", Priority.HIGH),
        ("2", "2", Priority.MEDIUM),
        ("1 - High", "3 - Low", Priority.MEDIUM),
        ("2", "3", Priority.LOW),
        ("low", "low", Priority.LOW),
        ("1", "", None),
        ("9", "1", None),
    ],
)
def test_priorities_from_urgency_and_impact(urgency, impact, priority):
    assert priority_by(urgency, impact) == priority


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("New", Category.NEW),
        ("In Progress", Category.ACTIVE),
        ("in_progress", Category.ACTIVE),
        ("On Hold", Category.WAITING),
        ("Pending - Vendor", Category.WAITING),
        ("Resolved", Category.DONE),
        ("Geschlossen", Category.DONE),
        ("Purple", None),
    ],
)
def test_statuses(text, category):
    assert category_of(text) == category


def test_types():
    assert type_of("Incident") == TicketType.INCIDENT
    assert type_of("Service Request") == TicketType.REQUEST
    assert type_of("purple") is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:30:00Z", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01 12:30:00+01:00", datetime(2026, 3, 1, 11, 30, tzinfo=UTC)),
        ("2026-03-01 12:30", datetime(2026, 3, 1, 11, 30, tzinfo=UTC)),
        ("01.07.2026 08:00", datetime(2026, 7, 1, 6, 0, tzinfo=UTC)),
        ("01.07.2026", datetime(2026, 6, 30, 22, 0, tzinfo=UTC)),
        ("2026/03/01", datetime(2026, 2, 28, 23, 0, tzinfo=UTC)),
        ("12 Jul 2026 10:00", datetime(2026, 7, 12, 8, 0, tzinfo=UTC)),
        ("03/04/2026", None),  # March or April: nobody knows
        ("0001-01-01", None),  # before every zone
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments(text, moment):
    assert moment_of(text, BERLIN) == moment
