"""A small town to filter: its table, its fields, and what a filter means, said in plain Python."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import TIMESTAMP, BigInteger, Integer, String, Text, and_, column, table

from portal.filters import And, Comparison, Condition, Fields, Not, Value, Word, moments
from portal.filters import fields as kinds

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")

TOWN = table(
    "town",
    column("id", BigInteger),
    column("title", Text),
    column("status", String),
    column("rank", Integer),
    column("owner", BigInteger),
    column("pets", BigInteger),
    column("born", TIMESTAMP(timezone=True)),
)
OPTIONS = {
    "status": [
        Value("open", "Open", {"open"}, ("Offen",)),
        Value("closed", "Closed", {"closed"}),
        Value("in progress", "In progress", {"active", "review"}),
    ],
    "rank": [Value("low", "Low", 1), Value("medium", "Medium", 2), Value("high", "High", 3)],
    "owner": [Value("ann", "Ann", {1}), Value("ben", "Ben", {2}), Value("none", "Nobody", {None})],
    "is": [
        Value("busy", "Busy", lambda town: town.pets > 2),
        Value("free", "Free", lambda town: town.owner.is_(None)),
    ],
}


def fields():
    born = moments.Moment("born", "Born", ZONE, aliases=("birth",))
    born._now = NOW
    return Fields(
        [
            kinds.Choice("status", "Status", OPTIONS["status"], aliases=("state",)),
            kinds.Ranked("rank", "Rank", OPTIONS["rank"]),
            kinds.Choice("owner", "Owner", OPTIONS["owner"]),
            kinds.Number("pets", "Pets"),
            born,
            kinds.Text("title", "Title", lambda town, texts: town.title.in_(texts)),
            kinds.Flag("is", "Is", OPTIONS["is"]),
        ],
        words=lambda town, words: and_(*(town.title.contains(word, autoescape=True) for word in words)),
    )


def is_meant(row, node):
    """What the tree says of one row, by the words of its documentation alone."""
    match node:
        case And(parts):
            return all(is_meant(row, part) for part in parts)
        case Not(part):
            return not is_meant(row, part)
        case Word(text):
            return text in row["title"]
        case Condition(name, comparison, values):
            return any(JUDGES[name](row, comparison, value) for value in values)


def _one_of(name):
    return lambda row, _comparison, value: row[name] in value.meaning


def _ordered(name):
    return lambda row, comparison, value: (
        row[name] is not None and compared(row[name], comparison, value.meaning)
    )


def compared(left, comparison, right):
    return {
        Comparison.EQUALS: left == right,
        Comparison.LESS: left < right,
        Comparison.MORE: left > right,
        Comparison.AT_LEAST: left >= right,
        Comparison.AT_MOST: left <= right,
    }[comparison]


def _born(row, comparison, value):
    if row["born"] is None:
        return False
    if isinstance(value.meaning, timedelta):
        age = NOW - row["born"]
        is_older = comparison in {Comparison.MORE, Comparison.AT_LEAST}
        return age >= value.meaning if is_older else age <= value.meaning
    day = row["born"].astimezone(ZONE).date()
    if isinstance(value.meaning, int):  # days from today on
        return compared(day, comparison, NOW.astimezone(ZONE).date() + timedelta(days=value.meaning))
    return compared(day, comparison, value.meaning[0].date())


def _is(row, _comparison, value):
    return {"busy": row["pets"] is not None and row["pets"] > 2, "free": row["owner"] is None}[value.text]


JUDGES = {
    "status": _one_of("status"),
    "owner": _one_of("owner"),
    "rank": _ordered("rank"),
    "pets": _ordered("pets"),
    "born": _born,
    "title": lambda row, _comparison, value: row["title"] == value.meaning,
    "is": _is,
}
