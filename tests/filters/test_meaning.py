"""Whatever is asked, PostgreSQL finds the rows that plain Python finds."""

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select, text

from portal.extensions import db
from portal.filters import And, Fields, Not, Word, read, where
from tests.filters.people import NOW, TOWN, ZONE, fields, is_meant
from tests.filters.test_grammar import trees

FIELDS = fields()
NAMES = ("id", "title", "status", "rank", "owner", "pets", "born")
ROWS = [
    (1, "Printer on fire", "open", 3, 1, 0, NOW),
    (2, "printer jam", "closed", 1, None, None, None),
    (3, "VPN", "active", 2, 2, 3, "2026-11-14 12:00Z"),
    (4, "", "review", 2, 9, 7, "2026-10-31 23:30Z"),
    (5, "100% \\_", "new", 3, None, -2, "2026-11-01 22:59Z"),
    (6, "Änderung", "open", 1, 2, 3, "2026-11-01 23:00Z"),
]


@pytest.fixture
def town(app):
    db.session.execute(
        text(
            "CREATE TEMPORARY TABLE town (id bigint, title text, status text, rank int, owner bigint,"
            " pets bigint, born timestamptz) ON COMMIT DROP"
        )
    )
    db.session.execute(TOWN.insert(), [dict(zip(NAMES, row, strict=True)) for row in ROWS])
    return [dict(row._mapping) for row in db.session.execute(select(TOWN))]


def found(tree):
    return set(db.session.scalars(select(TOWN.c.id).where(where(tree, TOWN.c, FIELDS))))


def meant(rows, tree):
    return {row["id"] for row in rows if is_meant(row, tree)}


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("", {1, 2, 3, 4, 5, 6}),
        ("status:open", {1, 6}),
        ('status:"in progress",closed', {2, 3, 4}),
        ("-status:open", {2, 3, 4, 5}),
        ("owner:none", {2, 5}),
        ("-owner:ann", {2, 3, 4, 5, 6}),
        ("-owner:none,ann", {3, 4, 6}),
        ("rank>=medium", {1, 3, 4, 5}),
        ("rank<high rank>low", {3, 4}),
        ("pets:3,7", {3, 4, 6}),
        ("-pets>0", {1, 2, 5}),
        ("born<7d", {1, 3}),
        ("born>7d", {3, 4, 5, 6}),
        ("born:2026-11-01", {4, 5}),  # in Berlin, where that day began an hour earlier
        ("born>2026-11-01", {1, 3, 6}),
        ("born<=2026-11-01", {4, 5}),
        ("-born>=2026-11-01", {2}),
        ("born:today,2026-11-02", {1, 6}),
        ("is:busy", {3, 4, 6}),
        ("is:free,busy", {2, 3, 4, 5, 6}),
        ("printer", {2}),
        ("-printer", {1, 3, 4, 5, 6}),
        ('"on fire" Printer', {1}),
        ("title:VPN", {3}),
        ('"100%"', {5}),
    ],
)
def test_a_filter_finds_just_these(town, typed, ids):
    tree = read(typed, FIELDS)
    assert found(tree) == meant(town, tree) == ids


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees)
def test_the_database_and_plain_python_agree(town, tree):
    tree = read_again(tree)
    assert found(tree) == meant(town, tree)


def read_again(tree):
    """With the meanings of its values, which only reading gives them."""
    return And(tuple(Not(known(part.part)) if isinstance(part, Not) else known(part) for part in tree.parts))


def known(part):
    if not hasattr(part, "values"):
        return part
    values = FIELDS[part.name].read([value.text for value in part.values])
    return type(part)(part.name, part.comparison, values)


def test_a_day_begins_in_the_readers_zone():
    (condition,) = read("born:2026-11-01", FIELDS).parts
    start, end = condition.values[0].meaning
    assert start.isoformat() == "2026-11-01T00:00:00+01:00"
    assert start.tzinfo == end.tzinfo == ZONE


def test_the_day_the_clocks_change_is_whole():
    (condition,) = read("born:2026-10-25", FIELDS).parts
    start, end = condition.values[0].meaning
    assert end.timestamp() - start.timestamp() == 25 * 3600


def test_a_filter_compiles_against_any_relation_of_the_same_columns(town):
    past = TOWN.select().where(TOWN.c.id < 3).subquery()
    tree = read("status:open,closed", FIELDS)
    assert set(db.session.scalars(select(past.c.id).where(where(tree, past.c, FIELDS)))) == {1, 2}


def test_words_need_a_text_to_be_found_in():
    with pytest.raises(LookupError):
        where(Word("fire"), TOWN.c, Fields(()))
