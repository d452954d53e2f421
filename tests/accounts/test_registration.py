import threading

import pytest
from sqlalchemy import select

from portal.accounts import actions
from portal.accounts.models import AccountToken, User
from portal.accounts.queries import user_by_email
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.permissions import Role
from portal.settings.actions import change_settings
from tests import factories as make
from tests.accounts.gate import confirm, is_inside, link_in, log_in, mails, register, words_of


@pytest.fixture
def client(app):
    make.admin()
    db.session.commit()
    return app.test_client()


def given(**settings):
    change_settings(actor=None, **settings)
    db.session.commit()


def test_somebody_registers_confirms_and_logs_in(client):
    sent = register(client, email=" Ann@Example.org ")
    assert (sent.status_code, "ann@example.org" in sent.text) == (200, True)
    assert log_in(client, "ann@example.org", "glass bridge kettle").status_code == 422
    link = link_in(mails()[-1])

    looked = client.get(link)
    confirmed = confirm(client, link)

    assert looked.status_code == 200
    assert "<form" in looked.text
    assert (confirmed.status_code, confirmed.location) == (303, "/login")
    assert log_in(client, "ann@example.org", "glass bridge kettle").status_code == 303
    assert is_inside(client)
    assert user_by_email("ann@example.org").role is Role.EMPLOYEE


def test_looking_at_the_link_uses_nothing_up(client):
    register(client)
    link = link_in(mails()[0])

    for _ in range(3):
        assert client.get(link).status_code == 200

    assert confirm(client, link).status_code == 303
    assert client.get(link).status_code == 404
    assert confirm(client, link).status_code == 404


@pytest.mark.parametrize("order", ["before", "after"])
def test_nobody_confirms_a_password_that_somebody_else_chose(client, order):
    """Mallory registers Ann's address around her, and hopes that she confirms his password."""
    anns = {"name": "Ann Sørensen", "password": "glass bridge kettle"}
    mallorys = {"name": "Ann Sørensen", "password": "mallory's password"}
    for typed in (mallorys, anns) if order == "before" else (anns, mallorys):
        register(client, **typed)

    confirm(client, link_in(mails()[-1]))

    assert log_in(client, "ann@example.org", "mallory's password").status_code == 422


@pytest.mark.parametrize("password", ["", "wrong", None])
def test_confirming_asks_for_the_password_and_a_wrong_one_uses_nothing_up(client, password):
    register(client)
    link = link_in(mails()[0])

    refused = client.post(link, data={} if password is None else {"password": password})

    assert refused.status_code == 422
    assert confirm(client, link).status_code == 303


def test_passwords_are_not_guessed_by_the_link(client):
    register(client)
    link = link_in(mails()[0])
    answers = [confirm(client, link, f"guess {number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]


def test_a_taken_address_sees_the_same_words_and_gets_another_mail(client):
    make.employee(email="known@example.org")
    db.session.commit()

    new = register(client, email="new@example.org")
    known = register(client, email="known@example.org")

    assert new.status_code == known.status_code
    assert words_of(new).replace("new@", "@") == words_of(known).replace("known@", "@")
    assert [mail.subject for mail in mails()] == [
        "Confirm your address · Service desk",
        "You already have an account · Service desk",
    ]
    assert "/verify/" not in mails()[1].body


def test_registering_changes_nothing_about_an_account_that_is_there(client):
    known = make.employee(email="known@example.org", name="Known")
    db.session.commit()

    register(client, email="known@example.org", name="Mallory", password="another good one")

    db.session.expire_all()
    assert known.name == "Known"
    assert log_in(client, "known@example.org").status_code == 303


def test_a_registration_that_was_never_confirmed_is_begun_anew(client):
    register(client, name="Mallory", password="mallory's password")
    register(client, name="Ann Sørensen")
    first, second = (link_in(mail) for mail in mails())

    assert confirm(client, first).status_code == 404
    assert confirm(client, second).status_code == 303
    assert log_in(client, "ann@example.org", "mallory's password").status_code == 422
    assert log_in(client, "ann@example.org", "glass bridge kettle").status_code == 303
    assert user_by_email("ann@example.org").name == "Ann Sørensen"


def test_somebody_invited_who_registers_is_invited_again(client):
    make.agent(email="ann@example.org", name="Invited", password_hash=None, email_verified_at=None)
    db.session.commit()

    register(client)

    assert user_by_email("ann@example.org").password_hash is None
    assert "/reset/" in mails()[0].body


def test_a_deactivated_person_learns_it_by_mail_alone(client):
    make.employee(email="ann@example.org", is_active=False)
    db.session.commit()

    answer = register(client)

    assert answer.status_code == 200
    assert "deactivated" not in answer.text
    assert mails()[0].subject.startswith("Your account is deactivated")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "  ", "Enter a name."),
        ("name", "x" * 121, "Use at most 120 characters."),
        ("email", "", "Enter a mail address."),
        ("email", "ann", "Enter a mail address such as ann@example.org."),
        ("email", "ann@example", "Enter a mail address such as ann@example.org."),
        ("email", "ann@exa mple.org", "Enter a mail address such as ann@example.org."),
        ("email", "ann@example.org\r\nBcc: x@example.org", "Enter a mail address such as ann@example.org."),
        ("email", "x" * 300 + "@example.org", "Enter a mail address such as ann@example.org."),
        ("password", "", "Enter a password."),
        ("password", "seven77", "Use at least 8 characters."),
        ("password", "x" * 201, "Use at most 200 characters."),
        ("password", "password123", "Many people use this password"),
        ("password", "ann.sorensen1", "must not be made of your name"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_the_rest_kept(client, field, value, said):
    answer = register(client, **{field: value})

    assert answer.status_code == 422
    assert said in answer.text
    kept = {"name": "Ann Sørensen", "email": "ann@example.org"} | {field: value.strip()}
    assert 'value="glass' not in answer.text
    for name in {"name", "email"} - {field}:
        assert f'value="{kept[name]}"' in answer.text
    assert mails() == []


def test_nobody_makes_themselves_more_than_an_employee(client):
    register(client, role="admin", is_active="y", email_verified_at="2026-01-01", id="1")

    made = user_by_email("ann@example.org")
    assert (made.role, made.is_verified) == (Role.EMPLOYEE, False)


def test_only_addresses_of_the_domains_that_are_set(client):
    given(registration_domains=("example.org",))

    assert register(client, email="ann@example.com").status_code == 422
    assert register(client, email="ann@evil-example.org").status_code == 422
    assert register(client, email="ann@sub.example.org").status_code == 422
    assert register(client, email="ann@EXAMPLE.org").status_code == 200


def test_registration_can_be_closed(client):
    given(registration_open=False)

    assert client.get("/register").status_code == 404
    assert register(client).status_code == 404
    assert "/register" not in client.get("/login").text
    assert user_by_email("ann@example.org") is None


def test_nobodys_mailbox_is_flooded(client):
    codes = [register(client).status_code for _ in range(6)]
    last = register(client)

    assert codes == [200] * 5 + [429]
    assert "Try again in" in last.text
    assert 'value="Ann Sørensen"' in last.text
    assert len(mails()) == 5


def test_the_mail_is_written_in_the_language_of_the_page(client, monkeypatch):
    client.post("/language", data={"locale": "de"})

    register(client)

    assert user_by_email("ann@example.org").locale == "de"


def test_the_mail_holds_nothing_that_whoever_registers_typed(client):
    register(client, name="You won! http://evil.example")

    assert "evil" not in mails()[0].body + mails()[0].subject


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "http://evil.example/register"},
    ],
)
def test_no_header_leads_the_link_elsewhere(client, headers):
    client.post(
        "/register",
        data={"name": "A", "email": "a@b.org", "password": "glass bridge kettle"},
        headers=headers,
    )

    assert all("evil" not in mail.body for mail in mails())


def test_a_foreign_host_is_not_answered(client):
    answer = client.get("/register", base_url="http://evil.example")

    assert answer.status_code == 400


def test_a_name_of_control_characters_and_nul_is_refused_or_tidied(client):
    answer = register(client, name="An\0n\x07 S")

    assert answer.status_code in {200, 422}
    assert b"\0" not in answer.data


def test_two_who_register_one_address_at_once_make_one_account(shared_app):
    start = threading.Barrier(3)

    def begin(number):
        with shared_app.test_request_context():
            start.wait()
            actions.register(
                name=f"Ann {number}", email="ann@example.org", password="glass bridge kettle", locale=None
            )
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=begin, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(list(db.session.scalars(select(User)))) == 1
    assert len(list(db.session.scalars(select(AccountToken).where(AccountToken.used_at.is_(None))))) == 1
    assert len(mails()) == 3


def test_it_is_noted_who_registered_and_confirmed(client):
    register(client)
    confirm(client, link_in(mails()[0]))

    kinds = set(db.session.scalars(select(Event.kind)))
    assert {Kind.ACCOUNT_REGISTERED, Kind.ACCOUNT_VERIFIED} <= kinds
