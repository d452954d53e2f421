"""Mistyped words: corrected by those that really stand in what the reader may read, and by no others."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from jobs import search as jobs
from portal.extensions import db
from portal.search import collecting
from portal.search.models import SearchProgress, SearchWord
from portal.search.spelling import distance
from tests import factories as make
from tests.search.test_search import keys


@pytest.fixture(autouse=True)
def _one_batch(monkeypatch):
    monkeypatch.setattr(collecting, "BATCH", 7)


def asked(client, words, **more):
    return client.get("/search", query_string={"q": words, **more})


def meant(page):
    found = re.search(r"Showing results for “(.*?)”", unescape(page.text))
    return found and found[1]


def known():
    db.session.commit()
    jobs.collect()
    return set(db.session.scalars(select(SearchWord.word)))


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("pritner", "printer"),
        ("prnter", "printer"),
        ("printter jam", "printer jam"),
        ("jam pritner", "jam printer"),
        ("anderrung", "änderung"),
        ("Anderrung", "änderung"),
        ("qwertyuiop", None),
        ("pri", None),
        ('"pritner jam"', None),
    ],
)
@pytest.mark.parametrize("role", ["employee", "agent"])
def test_what_stands_nowhere_gives_way_to_the_nearest_word(world, client_for, typed, instead, role):
    ann = make.employee()
    ticket = make.ticket(ann, title="The printer has a jam: Änderung")
    assert {"printer", "änderung"} <= known()
    page = asked(client_for(ann if role == "employee" else make.agent()), typed)
    assert (page.status_code, meant(page)) == (200, instead)
    assert keys(page) == ([ticket.key] if instead else [ticket.key] if typed == "pri" else [])


def test_what_was_typed_can_be_searched_for_all_the_same(world, client_for):
    ann = make.employee()
    make.ticket(ann, title="printer")
    known()
    page = asked(client_for(ann), "pritner")
    way = unescape(re.search(r'href="([^"]*as_typed[^"]*)"', page.text)[1])
    exactly = client_for(ann).get(way)
    assert meant(exactly) is None
    assert "Nothing found" in exactly.text


def test_no_word_is_told_that_stands_only_in_what_the_reader_may_not_read(world, client_for):
    ann, petra = make.employee(name="Ann"), make.agent(name="Petra")
    own = make.ticket(ann, title="Something")
    make.note(own, petra, body="zebracrossing")
    make.ticket(title="hippopotamus")
    secret = make.ticket(title="rhinoceros")
    secret.is_confidential = True
    shut = make.ticket(petra, title="Holiday", project=make.project("HR", members_only=True))
    make.note(shut, make.admin(), body="crocodile")
    assert {"zebracrossing", "hippopotamus", "rhinoceros", "crocodile"} <= known()

    for typed in ("zebracrosing", "hipopotamus", "rhinocerus", "crocodil"):
        assert meant(asked(client_for(ann), typed)) is None
    assert meant(asked(client_for(petra), "rhinocerus")) is None
    assert meant(asked(client_for(petra), "crocodyle")) is None
    assert meant(asked(client_for(petra), "zebracrosing")) == "zebracrossing"
    assert meant(asked(client_for(make.admin()), "rhinocerus")) == "rhinoceros"


def test_the_next_nearest_is_taken_where_the_nearest_is_not_for_the_reader(world, client_for):
    ann = make.employee()
    make.ticket(title="lantern")
    make.ticket(ann, title="lanterna")
    known()
    page = asked(client_for(ann), "lamtern")
    assert meant(page) == "lanterna"


def test_words_are_collected_once_and_a_text_that_changed_again(world):
    ticket = make.ticket(title="printer printer", description="")
    assert "printer" in known()
    counted = db.session.get(SearchWord, "printer").texts
    assert known()
    assert db.session.get(SearchWord, "printer").texts == counted
    ticket.title = "keyboard"
    assert "keyboard" in known()
    assert db.session.get(SearchProgress, 1).text_id > 0


def test_words_with_figures_and_signs_are_nobodys_spelling(world):
    make.ticket(title="abc123def ann@example.org https://example.org/x NW-11600 toolong" + "g" * 60)
    assert not [word for word in known() if not word.isalpha() or len(word) > 40]


def test_what_was_erased_leaves_no_word(world):
    ticket = make.ticket(title="printer")
    reply = make.reply(ticket, body="Rumpelstiltskin")
    make.ticket(description=" ".join(f"word{one}{other}" for one in "abcdefghij" for other in "abcde"))
    assert "rumpelstiltskin" in known()
    db.session.delete(reply)
    db.session.commit()
    jobs.forget()
    left = set(db.session.scalars(select(SearchWord.word)))
    assert "rumpelstiltskin" not in left
    assert {"printer", "wordaa", "wordje"} <= left


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [("", "", 0), ("a", "", 1), ("pritner", "printer", 1), ("printer", "painter", 1), ("abc", "cba", 2),
     ("kitten", "sitting", 3)],
)  # fmt: skip
def test_the_distance_of_two_words(one, other, mistakes):
    assert distance(one, other) == distance(other, one) == mistakes
