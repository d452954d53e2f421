"""The links in mails: forgotten passwords, invitations, and what makes a link good for nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts import actions, links
from portal.accounts.models import AccountToken, Purpose, digest
from portal.accounts.people import create_person, deactivate
from portal.extensions import db
from portal.permissions import Role
from tests import factories as make
from tests.accounts.gate import durations, is_inside, link_in, log_in, mails, words_of

NEW = "glass bridge kettle"


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def client(app, ann):
    return app.test_client()


def ask(client, email="ann@example.org"):
    return client.post("/forgot", data={"email": email})


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_a_forgotten_password_is_replaced(client, client_for, ann):
    elsewhere = client_for(ann)
    assert ask(client).status_code == 200
    link = link_in(mails()[0])
    assert client.get(link).status_code == 200

    saved = client.post(link, data={"password": NEW})

    assert (saved.status_code, saved.location) == (303, "/login")
    assert not is_inside(elsewhere)
    assert log_in(client, "ann@example.org").status_code == 422
    assert log_in(client, "ann@example.org", NEW).status_code == 303
    assert mails()[-1].subject.startswith("Your password was changed")


def test_known_and_unknown_addresses_are_answered_alike(app, ann):
    make.employee(email="gone@example.org", is_active=False)
    db.session.commit()

    answers = {
        (answer.status_code, words_of(answer))
        for email in ("ann@example.org", "who@example.org", "gone@example.org")
        for answer in [ask(app.test_client(), email)]
    }

    assert len(answers) == 1
    assert [mail.to_address for mail in mails()] == ["ann@example.org", "gone@example.org"]
    assert "/reset/" not in mails()[1].body


def test_it_takes_as_long_for_an_unknown_address(app):
    known, unknown = durations(app, ask)

    assert abs(known - unknown) < 0.02


def test_the_form_asks_for_an_address(client):
    answer = ask(client, "ann")

    assert answer.status_code == 422
    assert 'value="ann"' in answer.text


def test_a_link_works_once(client):
    ask(client)
    link = link_in(mails()[0])

    assert client.post(link, data={"password": NEW}).status_code == 303
    assert client.get(link).status_code == 404
    assert client.post(link, data={"password": "another good one"}).status_code == 404
    assert log_in(client, "ann@example.org", NEW).status_code == 303


def test_a_weak_password_is_refused_and_the_link_stays_good(client):
    ask(client)
    link = link_in(mails()[0])

    weak = client.post(link, data={"password": "ann.sorensen"})

    assert weak.status_code == 422
    assert "must not be made of your name" in weak.text
    assert client.post(link, data={"password": NEW}).status_code == 303


def test_staff_need_a_longer_one(app, client):
    make.agent(email="petra@example.org")
    db.session.commit()
    ask(client, "petra@example.org")

    short = client.post(link_in(mails()[-1]), data={"password": "short and"})

    assert short.status_code == 422
    assert "at least 12 characters" in short.text


def test_a_reset_link_is_good_for_half_an_hour(client, monkeypatch):
    ask(client)
    link = link_in(mails()[0])

    later(monkeypatch, minutes=29)
    assert client.get(link).status_code == 200
    later(monkeypatch, minutes=2)
    assert client.get(link).status_code == 404
    assert client.post(link, data={"password": NEW}).status_code == 404


def test_a_new_link_ends_the_one_before(client):
    ask(client)
    ask(client)
    first, second = (link_in(mail) for mail in mails())

    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


def test_another_password_ends_the_link(client, ann):
    ask(client)
    actions.change_password(ann, NEW, session_token="")
    db.session.commit()

    assert client.get(link_in(mails()[0])).status_code == 404


def test_another_address_ends_the_link(client, ann):
    ask(client)
    ann.email = "ann.sorensen@example.org"
    db.session.commit()

    assert client.get(link_in(mails()[0])).status_code == 404


def test_deactivating_ends_the_link_for_good(client, ann):
    boss = make.admin()
    db.session.commit()
    ask(client)
    link = link_in(mails()[0])
    deactivate(ann, actor=boss)
    db.session.commit()
    assert client.get(link).status_code == 404

    ann.is_active = True
    db.session.commit()

    assert client.get(link).status_code == 404


def test_a_link_is_good_for_its_own_purpose_alone(client, ann):
    ask(client)
    token = link_in(mails()[0]).rpartition("/")[2]

    assert client.get(f"/verify/{token}").status_code == 404
    assert client.post(f"/verify/{token}").status_code == 404
    assert client.get(f"/reset/{token}").status_code == 200


def test_anything_like_the_link_is_not_the_link(client):
    ask(client)
    path, _, token = link_in(mails()[0]).rpartition("/")
    swapped = token.swapcase()

    for variant in (
        f"{token}%20", f"%20{token}", f"{token}%0a", token[:-1], f"{token}A", swapped, f"{token}=",
        f"{token}%00", f"{token}?token={token}x"[:43] + "x", "x" * 43, "%2e%2e", "a" * 5000,
    ):  # fmt: skip
        assert client.get(f"{path}/{variant}").status_code in {400, 404}, variant
    assert client.get(f"{path}?token[]={token}").status_code == 404
    assert client.get(f"{path}/{token}").status_code == 200


def test_only_the_digest_of_the_link_is_kept(client):
    ask(client)
    token = link_in(mails()[0]).rpartition("/")[2]

    row = db.session.scalar(select(AccountToken))
    assert row.token_digest == digest(token)
    assert token not in str(vars(row))


def test_an_invitation_lets_choose_the_first_password(app, client):
    boss = make.admin()
    create_person(name="Ben Okafor", email="ben@example.org", role=Role.AGENT, actor=boss)
    db.session.commit()
    link = link_in(mails()[-1])

    assert client.post(link, data={"password": "glass bridge kettle"}).status_code == 303

    assert log_in(client, "ben@example.org", "glass bridge kettle").status_code == 303
    assert not any("was changed" in mail.subject for mail in mails())  # there was none before


def test_an_invitation_is_good_for_a_week_and_a_reset_for_half_an_hour(app, client):
    """Somebody invited may be on holiday, and there is no password yet that could be stolen."""
    boss = make.admin()
    create_person(name="Ben Okafor", email="ben@example.org", role=Role.AGENT, actor=boss)
    db.session.commit()
    invited = link_in(mails()[-1])
    ask(client, boss.email)
    reset = link_in(mails()[-1])

    with clock.travelling_to(clock.now() + timedelta(days=6, hours=23)):
        assert client.get(invited).status_code == 200
        assert client.get(reset).status_code == 404
    with clock.travelling_to(clock.now() + timedelta(days=7, minutes=1)):
        assert client.get(invited).status_code == 404


def test_whoever_forgot_to_confirm_confirms_by_the_reset(app, client):
    make.employee(email="new@example.org", email_verified_at=None)
    db.session.commit()
    ask(client, "new@example.org")

    client.post(link_in(mails()[-1]), data={"password": NEW})

    assert log_in(client, "new@example.org", NEW).status_code == 303


def test_requests_for_links_are_throttled(client):
    codes = [ask(client).status_code for _ in range(6)]
    unknown = [ask(client, "who@example.org").status_code for _ in range(6)]

    assert codes == unknown == [200] * 5 + [429]


def test_a_link_that_is_gone_leads_on(client):
    gone = client.get("/reset/" + "x" * 43)

    assert "This link is no longer valid" in gone.text
    assert "/forgot" in gone.text


def test_a_link_of_24_hours_proves_an_address(client, monkeypatch):
    client.post("/register", data={"name": "Zoë", "email": "zoe@example.org", "password": NEW})
    link = link_in(mails()[-1])

    later(monkeypatch, hours=23)
    assert client.get(link).status_code == 200
    later(monkeypatch, hours=2)
    assert client.get(link).status_code == 404


def test_purposes_have_a_life_each():
    assert set(links.LIFE) == set(Purpose)
