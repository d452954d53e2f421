"""Reading and writing the language: what it understands, what it refuses, and that nothing is lost."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.filters import (
    MAX_LENGTH,
    And,
    Comparison,
    Condition,
    FilterError,
    Not,
    Value,
    Word,
    read,
    to_text,
)
from portal.filters.grammar import is_blank
from tests.filters.people import OPTIONS, fields

FIELDS = fields()

seen = st.characters(blacklist_categories=["Cs", "Cc"]).filter(
    lambda letter: not is_blank(letter) or letter == " "
)
texts = st.text(seen, min_size=1, max_size=20).filter(str.strip)
words = texts.filter(lambda text: any(letter.isalnum() for letter in text)).map(Word)
ages = st.builds("{}{}".format, st.integers(0, 9999), st.sampled_from(["min", "h", "d", "w"]))
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)).map(str)


def values_of(name):
    if name in OPTIONS:
        return st.sampled_from(OPTIONS[name])
    typed = {"pets": st.integers(-(10**14), 10**14).map(str), "born": ages | days, "title": texts}[name]
    return typed.map(Value)


@st.composite
def conditions(draw):
    name = draw(st.sampled_from([field.name for field in FIELDS.all]))
    comparison = draw(st.sampled_from(FIELDS[name].comparisons))
    most = 3 if comparison is Comparison.EQUALS else 1
    values = draw(st.lists(values_of(name), min_size=1, max_size=most, unique_by=lambda value: value.text))
    return Condition(name, comparison, tuple(values))


parts = conditions() | words
trees = st.lists(parts | parts.map(Not), max_size=8).map(tuple).map(And)


@given(trees)
def test_what_is_written_is_read_as_the_same(tree):
    text = to_text(tree)
    if len(text) <= MAX_LENGTH:
        assert read(text, FIELDS) == tree
        assert to_text(read(text, FIELDS)) == text


@given(st.text(max_size=200) | st.text(st.sampled_from('ab:<>=-," \\OR7d\n\0é'), max_size=40))
@example('status:"open')
@example("\ud800")
@example("-")
@example('""')
@example('status:"\\')
def test_any_text_is_understood_or_refused_in_words(text):
    try:
        tree = read(text, FIELDS)
    except FilterError as error:
        assert error.message
        assert error.at is None or 0 <= error.at <= len(text)
    else:
        assert read(to_text(tree), FIELDS) == tree


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("", ""),
        ("  status:open   printer ", "status:open printer"),
        ("STATE:Offen", "status:open"),
        ("status:closed,OPEN,closed", "status:closed,open"),
        ('status:"in progress"', 'status:"in progress"'),
        ('"paper jam" -"C:\\Windows"', '"paper jam" -"C:\\\\Windows"'),
        ("rank:>=high pets:<3", "rank>=high pets<3"),
        ("born<7D birth>=2026-11-01", "born<7d born>=2026-11-01"),
        ("-owner:none", "-owner:none"),
        ('"say \\"hello\\""', '"say \\"hello\\""'),
        ("printer,scanner 10:30 e-mail", "printer,scanner 10:30 e-mail"),
        ('"OR" "-x"', '"OR" "-x"'),
        ("a\tb\nc\0d", "a b c d"),
        ("pets:007", "pets:7"),
    ],
)
def test_each_filter_has_one_form(typed, canonical):
    assert to_text(read(typed, FIELDS)) == canonical


@pytest.mark.parametrize(
    ("typed", "word", "at", "corrected"),
    [
        ("printer statsu:open", "statsu", 8, "printer status:open"),
        ("status:opne,closed", "opne", 7, "status:open,closed"),
        ('status:"in progres"', "in progres", 7, 'status:"in progress"'),
        ("printer xyzzy:1", "xyzzy", 8, ""),
        ("status:", "status", 0, ""),
        ("status:open,", "status", 0, ""),
        ('status:""', "status", 0, ""),
        ("status>open", "status>", 0, ""),
        ("rank>=low,high", "high", 10, ""),
        ("pets:many", "many", 5, ""),
        ("born:2026-13-01", "2026-13-01", 5, ""),
        ("born>1899-01-01", "1899-01-01", 5, ""),
        ('a "never closed', '"never', 2, ""),
        ("red OR blue", "OR", 4, ""),
        ("?!", "?!", 0, ""),
        ("owner:nobdy", "nobdy", 6, ""),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_perhaps_meant(typed, word, at, corrected):
    with pytest.raises(FilterError) as refused:
        read(typed, FIELDS)
    assert (refused.value.word, refused.value.at, refused.value.corrected) == (word, at, corrected)
    if corrected:
        assert to_text(read(corrected, FIELDS)) == corrected


def test_a_value_that_is_near_to_none_gets_the_list_of_all():
    with pytest.raises(FilterError, match="Choose from: low, medium, high"):
        read("rank:xyzzy", FIELDS)


@pytest.mark.parametrize("typed", ["x" * 1001, "a " * 31])
def test_too_much_is_refused(typed):
    with pytest.raises(FilterError, match="at most"):
        read(typed, FIELDS)


def test_the_longest_filter_that_is_allowed_is_read_at_once():
    assert len(read("status:" + ",".join(["open"] * 198), FIELDS).parts) == 1
    with pytest.raises(FilterError):
        read('"' + "\\" * 999, FIELDS)
