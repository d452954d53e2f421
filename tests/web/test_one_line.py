"""Names and titles hold what is seen: nothing that hides in them, or turns them round."""

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.tickets.models import Ticket
from portal.web.forms import tidy
from tests import factories as make
from tests.accounts.gate import log_in, register

UNSEEN = [
    *"\x00\x01\x07\x08\x1b\x7f\x80\x9f",  # controls
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # of direction
    *"\u200b\u2060\u2063\ufeff\u00ad\u034f\u180e",  # of no width
    *"\u115f\u1160\u3164\uffa0\u2800",  # letters that are blank
    *"\u206a\ufff9\U000e0001\U000e0041\U0001d173",
    *"\u200c\u200d\ufe0f\ufe00\u180b\U000e0100",  # joiners and variants, after letters that know none
    "\ufe0f\u200d", "\u200b\u200d", "\u200d\u202e\u200c",
]  # fmt: skip


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_is_not_seen_is_left_out(sign):
    assert tidy(f"Pe{sign}tra") == tidy(f"{sign}Petra{sign}") == "Petra"
    assert tidy(sign * 3) == ""


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Müller-Weiß",
        "Đặng Thị Ánh",
        "علی‌رضا رضایی",  # with the joiner that Persian writes
        "ශ්‍රී ලංකා",
        "क्‍ष",
        "יעל כהן",
        "山田 葛󠄀",
        "👩‍🔧 Team 🏳️‍🌈",
        "Ünsal O’Brien – “VPN”",
    ],
)
def test_what_people_are_called_stays(name):
    assert tidy(name) == name


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\t", "\u00a0"])
def test_two_lines_are_two_words(line_end):
    assert tidy(f"VPN{line_end}drops") == "VPN drops"


def test_a_joiner_that_joins_nothing_is_left_out():
    assert tidy("علی‌") == tidy("علی") == "علی"


@pytest.mark.parametrize("typed", ["Pe\u202etra", "P\u200betra", "Pet\u200dra", "\u2066Petra\u2069"])
def test_nobody_takes_a_name_that_looks_like_anothers(world, app, client_for, typed):
    make.admin()
    db.session.commit()

    register(app.test_client(), name=typed, email="new@example.org")

    assert db.session.scalar(select(User.name).where(User.email == "new@example.org")) == "Petra"


def test_a_name_of_nothing_seen_is_none(world, app):
    make.admin()
    db.session.commit()

    answer = register(app.test_client(), name="\u200b\u2060\u202e", email="new@example.org")

    assert answer.status_code == 422
    assert "Enter a name." in answer.text


def test_a_title_reads_as_it_is_written(world, client_for):
    ann = make.employee()
    db.session.commit()
    form = {"type": "incident", "priority": "low", "project_id": world.id}

    client_for(ann).post("/tickets/new", data=form | {"title": "Invoice \u202efdp.exe\u202c"})

    assert db.session.scalar(select(Ticket.title)) == "Invoice fdp.exe"


def test_the_audit_log_reads_as_it_is_written(app):
    make.employee()
    db.session.commit()

    log_in(app.test_client(), "\u202eann@example.org\u200b", "wrong")

    event = db.session.scalar(select(Event).where(Event.kind == Kind.LOGIN_FAILED))
    assert event.data["email"] == "ann@example.org"
