"""Another mail address for an account: how it comes about, and how nobody steals an account by it."""

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts import actions, moving
from portal.accounts.models import AddressChange, User
from portal.accounts.people import deactivate
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.accounts.gate import is_inside, log_in, mails, words_of
from tests.factories import PASSWORD

OLD, NEW = "ann@example.org", "ann.soerensen@example.org"


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def ann(app):
    person = make.employee(email=OLD, name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def client(client_for, ann):
    return client_for(ann)


def ask(client, email=NEW, password=PASSWORD):
    return client.post("/account/address", data={"new_email": email, "current_password": password})


def link_to(address):
    """The path of the link in the last mail to that address; None where it has none."""
    last = [mail for mail in mails() if mail.to_address == address][-1]
    found = re.search(r"/address/[A-Za-z0-9_-]{43}", last.body)
    return found[0] if found else None


def address_of(person):
    db.session.expire_all()
    return person.email


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)], ids=["old first", "new first"])
def test_the_address_changes_once_both_have_agreed(app, client, client_for, ann, order):
    elsewhere, anybody = client_for(ann), app.test_client()
    assert ask(client).status_code == 303

    first, second = order
    assert anybody.post(link_to(first)).status_code == 200
    assert address_of(ann) == OLD
    assert client.post(link_to(second)).status_code == 200

    assert address_of(ann) == NEW
    assert is_inside(client)
    assert not is_inside(elsewhere)
    change = events(Kind.ADDRESS_CHANGED)[-1].data["changes"]["email"]
    assert (change["old"]["label"], change["new"]["label"]) == (OLD, NEW)
    assert {mail.to_address for mail in mails()[-2:]} == {OLD, NEW}
    assert log_in(app.test_client(), NEW).status_code == 303
    assert log_in(app.test_client(), OLD).status_code == 422


def test_looking_at_a_link_agrees_to_nothing(app, client, ann):
    ask(client)

    for _number in range(2):
        assert all(app.test_client().get(link_to(address)).status_code == 200 for address in (OLD, NEW))

    assert address_of(ann) == OLD


def test_agreed_to_without_a_log_in_every_browser_is_logged_out(app, client, ann):
    ask(client)

    for address in (OLD, NEW):
        app.test_client().post(link_to(address))

    assert address_of(ann) == NEW
    assert not is_inside(client)


def test_it_says_what_it_waits_for_and_is_cancelled(client, ann):
    ask(client)
    assert "Neither address has agreed yet." in client.get("/account").text
    old, new = link_to(OLD), link_to(NEW)
    client.post(old)
    assert "Your old address has agreed" in client.get("/account").text

    assert client.post("/account/address/cancel").status_code == 303

    assert client.get(new).status_code == client.post(new).status_code == 404
    assert address_of(ann) == OLD
    assert events(Kind.ADDRESS_CHANGE_CANCELLED)[-1].data["email"] == NEW
    assert "has agreed" not in client.get("/account").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"password": "wrong"}, "This is not your current password."),
        ({"password": ""}, "Enter your current password."),
        ({"email": "nonsense"}, "Enter a mail address such as"),
        ({"email": " ANN@example.org "}, "This is your address already."),
        ({"email": ""}, "Enter a mail address."),
    ],
)
def test_nothing_is_mailed_for_what_is_no_wish(client, typed, said):
    answer = ask(client, **typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert mails() == []
    assert db.session.scalar(select(AddressChange)) is None


def test_where_only_some_domains_may_register_nobody_moves_to_another(client, ann):
    change_settings(actor=None, registration_domains=("nordwerk.example",))
    db.session.commit()
    forget_site()

    assert ask(client, "ann@private.example").status_code == 422
    assert ask(client, "ann@nordwerk.example").status_code == 303
    assert ask(client, NEW).status_code == 303  # the domain they have


# What leaks nothing


def test_an_address_that_is_taken_is_answered_alike(client, ann):
    make.employee(email="ben@example.org")
    db.session.commit()

    answers, pages = set(), set()
    for email in ("ben@example.org", "free@example.org"):
        answer = ask(client, email)
        answers.add((answer.status_code, answer.location))
        pages.add(words_of(client.get("/account")).replace(email, "…"))

    assert len(answers) == len(pages) == 1


def test_whoever_has_the_address_is_told_and_it_stays_theirs(client, ann):
    ben = make.employee(email="ben@example.org")
    db.session.commit()
    ask(client, "ben@example.org")

    assert link_to("ben@example.org") is None
    assert "You already have an account" in mails()[-1].subject
    assert client.post(link_to(OLD)).status_code == 200

    assert (address_of(ann), ben.email) == (OLD, "ben@example.org")


def test_an_address_that_is_taken_in_the_meantime_stays_its_takers(app, client, ann):
    ask(client)
    make.employee(email=NEW)
    db.session.commit()
    client.post(link_to(NEW))

    assert client.post(link_to(OLD)).status_code == 409

    assert address_of(ann) == OLD


# Hijacking


def test_one_mailbox_alone_changes_nothing(client, ann):
    ask(client)
    new = link_to(NEW)

    assert client.post(new).status_code == 200
    assert client.post(new).status_code == 404
    assert client.post(f"{new}/cancel").status_code == 404

    assert address_of(ann) == OLD


def test_the_old_address_says_no(app, client, ann):
    ask(client)
    old, new = link_to(OLD), link_to(NEW)
    client.post(new)

    refused = app.test_client().post(f"{old}/cancel")

    assert refused.status_code == 200
    assert "Your address stays as it is" in refused.text
    assert app.test_client().post(old).status_code == 404
    assert address_of(ann) == OLD


def test_the_new_address_cannot_say_no_for_the_old_one(app, client, ann):
    ask(client)

    assert app.test_client().post(f"{link_to(NEW)}/cancel").status_code == 404
    client.post(link_to(OLD))
    client.post(link_to(NEW))

    assert address_of(ann) == NEW


def test_links_are_good_for_a_day(client, ann, monkeypatch):
    ask(client)
    old, new = link_to(OLD), link_to(NEW)
    client.post(new)
    later(monkeypatch, hours=23)
    assert client.get(old).status_code == 200

    later(monkeypatch, hours=2)

    assert client.post(old).status_code == 404
    assert address_of(ann) == OLD


def test_a_newer_wish_ends_the_one_before(client, ann):
    ask(client, "first@example.org")
    first_old, first_new = link_to(OLD), link_to("first@example.org")
    ask(client, "second@example.org")

    assert client.post(first_old).status_code == client.post(first_new).status_code == 404
    client.post(link_to(OLD))
    assert address_of(ann) == OLD
    client.post(link_to("second@example.org"))

    assert address_of(ann) == "second@example.org"


@pytest.mark.parametrize("deed", ["password", "reset", "deactivated", "moved"])
def test_links_end_with_what_they_rest_on(app, client, ann, deed):
    boss = make.admin()
    db.session.commit()
    ask(client)
    old, new = link_to(OLD), link_to(NEW)
    if deed == "password":
        actions.change_password(ann, "glass bridge kettle", session_token="")
    elif deed == "reset":
        actions.ask_for_reset(OLD)
        actions.reset_password(mails()[-1].body.partition("/reset/")[2][:43], "glass bridge kettle")
    elif deed == "deactivated":
        deactivate(ann, actor=boss)
    else:
        moving.change_address(ann, "elsewhere@example.org", actor=boss)
    db.session.commit()

    codes = [app.test_client().post(link).status_code for link in (old, new)]

    assert codes == [404, 404]
    assert address_of(ann) != NEW


def test_a_link_of_one_account_does_nothing_to_another(app, client, client_for, ann):
    ben = make.employee(email="ben@example.org")
    db.session.commit()
    ask(client)
    bens = client_for(ben)
    ask(bens, "ben.okafor@example.org")

    bens.post(link_to(OLD))
    bens.post(link_to(NEW))

    assert (address_of(ann), ben.email) == (NEW, "ben@example.org")
    assert is_inside(bens)


def test_links_are_good_for_their_own_purpose_alone(app, client, ann):
    ask(client)
    token = link_to(OLD).rpartition("/")[2]
    client.post("/forgot", data={"email": OLD})
    reset = re.search(r"/reset/([A-Za-z0-9_-]{43})", mails()[-1].body)[1]

    assert client.get(f"/reset/{token}").status_code == client.get(f"/verify/{token}").status_code == 404
    assert client.get(f"/address/{reset}").status_code == 404


def test_only_digests_of_links_are_kept(client, ann):
    ask(client)
    tokens = [link_to(address).rpartition("/")[2] for address in (OLD, NEW)]

    kept = str(vars(db.session.scalar(select(AddressChange)))) + str(
        [event.data for event in events_of_all()]
    )

    assert not any(token in kept for token in tokens)


def events_of_all():
    return list(db.session.scalars(select(Event)))


def test_the_password_cannot_be_guessed_here(client):
    codes = [ask(client, password="wrong").status_code for _number in range(6)]

    assert codes == [422] * 5 + [429]


def test_nobodys_mailbox_is_flooded(client):
    codes = [ask(client, "victim@example.org").status_code for _number in range(6)]

    assert codes == [303] * 5 + [429]


def test_of_both_who_agree_at_once_one_carries_it_out(shared_app):
    ann = make.employee(email=OLD)
    db.session.commit()
    moving.ask(ann, NEW)
    db.session.commit()
    tokens = [link_to(address).rpartition("/")[2] for address in (OLD, NEW)]
    start, done = threading.Barrier(2), []

    def agree(token):
        with shared_app.app_context():
            start.wait()
            done.append(moving.agree(moving.find(token, to_change=True), session_token=""))
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=agree, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, True]
    db.session.expire_all()
    assert db.session.scalar(select(User.email)) == NEW


# By an admin


@pytest.fixture
def boss(app):
    person = make.admin()
    db.session.commit()
    return person


def test_an_admin_changes_it_and_both_addresses_are_told(client_for, boss, ann):
    answer = client_for(boss).post(f"/admin/people/{ann.id}/address", data={"email": " Ann@New.example "})

    assert answer.status_code == 303
    assert address_of(ann) == "ann@new.example"
    assert {mail.to_address for mail in mails()} == {OLD, "ann@new.example"}
    changed = events(Kind.ADDRESS_CHANGED)[-1]
    assert (changed.actor_id, changed.data["changes"]["email"]["old"]["label"]) == (boss.id, OLD)


def test_an_admin_cannot_take_an_address_that_is_taken_nor_move_themselves(client_for, boss, ann):
    client = client_for(boss)

    assert client.post(f"/admin/people/{ann.id}/address", data={"email": boss.email}).status_code == 409
    assert client.post(f"/admin/people/{boss.id}/address", data={"email": NEW}).status_code == 409
    nonsense = client.post(f"/admin/people/{ann.id}/address", data={"email": "nonsense"})

    assert nonsense.status_code == 422
    assert 'value="nonsense"' in nonsense.text
    assert address_of(ann) == OLD
    assert mails() == []


def test_the_same_address_again_changes_nothing(client_for, boss, ann):
    client_for(boss).post(f"/admin/people/{ann.id}/address", data={"email": OLD})

    assert mails() == []
    assert not events(Kind.ADDRESS_CHANGED)
