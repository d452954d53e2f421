"""What is remembered for some seconds: forgotten at once by whoever changes it."""

import pytest

from portal import memory
from portal.extensions import db
from portal.projects.models import TicketCategory
from tests import factories as make


@pytest.fixture
def asked():
    return []


@pytest.fixture
def names(app, asked):
    """The names of the categories, remembered; `asked` notes each time they are read."""

    def read(prefix=""):
        asked.append(prefix)
        return [prefix + name for name in db.session.scalars(db.select(TicketCategory.stored_name))]

    return memory.Remembered(read, models=(TicketCategory,))


def test_it_is_read_once(names, asked):
    make.category(name="Printers")
    assert names() == names() == ["Printers"]
    assert asked == [""]


def test_each_argument_has_its_own_answer(names, asked):
    make.category(name="Printers")
    assert (names("a "), names("b ")) == (["a Printers"], ["b Printers"])
    assert asked == ["a ", "b "]


def test_a_change_is_seen_at_once(names):
    category = make.category(name="Printers")
    names()
    category.stored_name = "Plotters"
    db.session.flush()
    assert names() == ["Plotters"]


def test_a_change_of_something_else_reads_nothing_anew(names, asked):
    make.category(name="Printers")
    names()
    make.employee()
    db.session.flush()
    names()
    assert asked == [""]


def test_what_another_read_before_the_commit_is_forgotten_with_it(names, asked):
    category = make.category(name="Printers")
    category.stored_name = "Plotters"
    db.session.flush()
    names()
    db.session.commit()
    names()
    assert asked == ["", ""]


def test_it_is_read_again_after_some_seconds(names, asked, monkeypatch):
    names()
    now = memory.monotonic()
    monkeypatch.setattr(memory, "monotonic", lambda: now + memory.LIFE + 0.1)
    names()
    assert asked == ["", ""]


def test_what_changed_unseen_can_be_forgotten(names, asked):
    names()
    memory.forget_all()
    names()
    names.forget()
    names()
    assert asked == ["", "", ""]
