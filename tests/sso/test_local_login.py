"""Log-in with a password switched off: who still gets in, who does not, and that nobody locks the desk."""

import threading

import pytest
from sqlalchemy import select

from portal.accounts import emergency, half_logins, links, people
from portal.accounts.cli import allow_passwords
from portal.accounts.credentials import HalfLogin
from portal.accounts.emergency import may_use_password
from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import MembershipRole
from portal.permissions import Role
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from portal.settings.queries import site_settings
from portal.sso import local_login
from portal.sso.models import ExternalIdentity, IdentityProvider
from tests import factories as make
from tests.accounts.authenticator import enter_with, wanted_of, with_passkey
from tests.accounts.codes import code_at, send_code, with_two_step
from tests.accounts.gate import durations, is_inside, log_in, mails, words_of
from tests.factories import PASSWORD

SWITCH = "/admin/providers/password-login"
OFF = {"password_login": "off"}


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


@pytest.fixture
def house(app):
    """A provider; nobody logs in there in these tests."""
    provider = make.make(
        IdentityProvider, slug="house", name="The house", issuer="https://login.example.org", client_id="desk"
    )
    db.session.commit()
    return provider


@pytest.fixture
def boss(house):
    """An admin who has logged in by the provider, and may use a password in an emergency."""
    person = make.admin(email="boss@example.org", name="Aylin Demir", is_break_glass=True)
    make.make(ExternalIdentity, provider_id=house.id, subject="42", user=person)
    db.session.commit()
    return person


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def off(boss):
    """It is switched off."""
    local_login.switch_off(actor=boss)
    db.session.commit()
    forget_site()


def in_emergency(client, email, password=PASSWORD, **more):
    return client.post("/login/emergency", data={"email": email, "password": password, **more})


# Switching it off, and on


@pytest.mark.parametrize("said", [{}, {"password_login": "perhaps"}])
def test_a_form_that_does_not_say_which_changes_nothing(client_for, boss, said):
    assert client_for(boss).post(SWITCH, data=said).status_code == 400
    assert site_settings().password_login is True


def test_an_admin_switches_it_off_and_on(client_for, boss):
    client = client_for(boss)

    assert client.post(SWITCH, data=OFF).location == "/admin/providers"
    assert site_settings().password_login is False
    assert "Switch it on again" in client.get("/admin/providers").text
    assert client.post(SWITCH, data={"password_login": "on"}).status_code == 303

    assert site_settings().password_login is True
    changed = [event.data["changes"]["password_login"] for event in events(Kind.SETTINGS_EDITED)]
    assert [each["new"]["id"] for each in changed] == [False, True]
    assert "Log-in with a password" in client.get("/admin/audit").text


def break_glass_goes(boss):
    boss.is_break_glass = False


def password_goes(boss):
    boss.password_hash = None


def address_is_not_confirmed(boss):
    boss.email_verified_at = None


def provider_is_off(boss):
    db.session.scalars(select(IdentityProvider)).one().is_active = False


def nobody_is_linked(boss):
    db.session.delete(db.session.scalars(select(ExternalIdentity)).one())


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (break_glass_goes, "to be given emergency access"),
        (password_goes, "to be given emergency access"),
        (address_is_not_confirmed, "to be given emergency access"),
        (provider_is_off, "has to log in by a provider"),
        (nobody_is_linked, "has to log in by a provider"),
    ],
)
def test_it_stays_on_while_somebody_could_be_locked_out(client_for, boss, deed, said):
    deed(boss)
    other = make.admin()
    db.session.commit()
    client = client_for(other)

    page = client.get("/admin/providers").text
    answer = client.post(SWITCH, data=OFF)

    assert said in page
    assert "Switch off log-in with a password" not in page
    assert answer.status_code == 409
    assert said in answer.text
    assert site_settings().password_login is True


def test_a_link_of_somebody_who_is_no_admin_is_not_enough(boss, ann):
    db.session.scalars(select(ExternalIdentity)).one().user = ann
    db.session.flush()

    assert len(local_login.what_is_missing()) == 1


def test_log_ins_between_two_steps_end(client_for, app, boss, ann):
    with_two_step(ann)
    client = app.test_client()
    log_in(client, "ann@example.org")

    client_for(boss).post(SWITCH, data=OFF)

    assert db.session.scalar(select(HalfLogin)) is None
    send_code(client, code_at())
    assert not is_inside(client)


def test_who_is_inside_stays_there(client_for, boss, ann):
    client = client_for(ann)

    client_for(boss).post(SWITCH, data=OFF)

    assert is_inside(client)


def test_the_operator_switches_it_on_again_from_the_command_line(app, off, ann):
    done = app.test_cli_runner().invoke(allow_passwords, [])

    assert done.exit_code == 0, done.output
    forget_site()
    assert log_in(app.test_client(), "ann@example.org").location == "/"
    assert events(Kind.SETTINGS_EDITED)[-1].actor_id is None


# Who gets in while it is off


def test_the_log_in_page_offers_providers_and_a_quiet_way_for_emergencies(app, off):
    page = app.test_client().get("/login?next=/tickets").text

    assert "Log in with The house" in page
    assert "/login/with/house?next=/tickets" in page
    assert 'name="password"' not in page
    assert "Log in with a passkey" not in page
    assert 'href="/login/emergency"' in page


@pytest.mark.parametrize("email", ["ann@example.org", "boss@example.org"])
def test_the_usual_log_in_takes_no_password_of_anybody(app, off, ann, email):
    client = app.test_client()

    answer = log_in(client, email)

    assert answer.status_code == 409
    assert "Nobody logs in with a password any more." in answer.text
    assert not is_inside(client)


def test_emergency_access_lets_in_is_recorded_and_told_to_all_admins(app, off, boss, ann):
    make.admin(email="other@example.org")
    make.admin(email="gone@example.org", is_active=False)
    db.session.commit()
    client = app.test_client()

    answer = in_emergency(client, "boss@example.org")

    assert (answer.status_code, answer.location) == (303, "/")
    assert is_inside(client)
    came = events(Kind.EMERGENCY_LOGIN)[-1]
    assert (came.actor_id, came.address) == (boss.id, "127.0.0.1")
    told = [mail for mail in mails() if mail.subject.startswith("Emergency access was used")]
    assert {mail.to_address for mail in told} == {"boss@example.org", "other@example.org"}
    assert "Aylin Demir has just logged in" in told[0].body
    assert "Logged in by emergency access" in client.get("/admin/audit").text


def test_the_second_step_of_an_emergency_is_asked_for_and_it_stays_one(app, off, boss):
    with_two_step(boss)
    client = app.test_client()

    assert in_emergency(client, "boss@example.org").location == "/login/code"
    assert not events(Kind.EMERGENCY_LOGIN)
    assert send_code(client, code_at()).status_code == 303

    assert events(Kind.EMERGENCY_LOGIN)
    assert not events(Kind.LOGGED_IN)


@pytest.mark.parametrize("who", ["employee", "agent", "manager", "admin"])
def test_nobody_else_gets_in_and_is_answered_as_with_a_wrong_password(app, off, who):
    getattr(make, who)(email="who@example.org")
    db.session.commit()
    client = app.test_client()

    right, wrong, unknown = (
        words_of(in_emergency(app.test_client(), email, password)).replace(email, "…")
        for email, password in (
            ("who@example.org", PASSWORD),
            ("who@example.org", "wrong"),
            ("nobody@example.org", "wrong"),
        )
    )

    assert in_emergency(client, "who@example.org").status_code == 422
    assert not is_inside(client)
    assert right == wrong == unknown
    assert events(Kind.LOGIN_FAILED)[-1].data["reason"] == "emergency"


def test_whoever_was_an_admin_has_no_emergency_access(app, off, boss):
    old = make.agent(email="old@example.org", is_break_glass=True)
    db.session.commit()

    assert not may_use_password(old)
    assert in_emergency(app.test_client(), "old@example.org").status_code == 422


def test_a_refused_emergency_takes_as_long_for_whoever_knows_the_password(app, off, monkeypatch):
    monkeypatch.setattr("portal.accounts.throttle._guess", lambda: None)

    known, unknown = durations(app, in_emergency)

    assert abs(known - unknown) < 0.02


def test_a_right_password_without_access_counts_as_a_guess(app, off, ann):
    tries = [in_emergency(app.test_client(), "ann@example.org").status_code for _number in range(6)]

    assert tries == [422] * 5 + [429]


def test_there_is_no_emergency_page_where_all_may_use_passwords(app, boss):
    client = app.test_client()

    assert client.get("/login/emergency").location == "/login"
    assert in_emergency(client, "boss@example.org").location == "/login"
    assert not is_inside(client)


def test_passkeys_are_off_too_but_for_emergencies(app, client_for, boss, ann):
    theirs, mine = with_passkey(client_for(ann)), with_passkey(client_for(boss))
    local_login.switch_off(actor=boss)
    db.session.commit()
    forget_site()
    client, other = app.test_client(), app.test_client()

    assert enter_with(app.test_client(), theirs).status_code == 409
    refused = client.post("/login/emergency", data={"credential": theirs.sign(wanted_of(client))})
    entered = other.post("/login/emergency", data={"credential": mine.sign(wanted_of(other))})

    assert refused.status_code == 422
    assert not is_inside(client)
    assert entered.status_code == 303
    assert events(Kind.EMERGENCY_LOGIN)[-1].data["way"] == "passkey"


# Accounts come from the provider


def test_registration_answers_in_words(app, off):
    client = app.test_client()
    typed = {"name": "Noor", "email": "noor@example.org", "password": "a long walk by the sea"}

    page, answer = client.get("/register"), client.post("/register", data=typed)

    assert (page.status_code, answer.status_code) == (200, 409)
    for shown in (page.text, answer.text):
        assert "Accounts come from single sign-on" in shown
        assert "Log in with The house" in shown
    assert user_by_email("noor@example.org") is None


def test_a_forgotten_password_is_mailed_to_emergency_access_alone(app, off, ann):
    client = app.test_client()

    answers = {
        words_of(client.post("/forgot", data={"email": email}))
        for email in ("ann@example.org", "boss@example.org", "nobody@example.org")
    }

    assert len(answers) == 1
    assert [mail.to_address for mail in mails()] == ["boss@example.org"]
    assert "Everybody else logs in by single sign-on." in client.get("/forgot").text


def test_a_link_from_before_sets_no_password(app, boss, ann):
    links.mail_reset(ann)
    path = "/reset/" + mails()[-1].body.partition("/reset/")[2][:43]
    local_login.switch_off(actor=boss)
    db.session.commit()
    forget_site()

    answer = app.test_client().post(path, data={"password": "glass bridge kettle"})

    assert answer.status_code == 409
    assert "Accounts come from single sign-on" in answer.text


def test_whom_an_admin_makes_an_account_for_is_told_where_to_log_in(client_for, off, boss):
    client = client_for(boss)
    typed = {"name": "Noor", "email": "noor@example.org", "role": "employee", "locale": "en"}
    client.post("/admin/people/new", data=typed)
    noor = user_by_email("noor@example.org")
    client.post(f"/admin/people/{noor.id}/invite")

    first, again = mails()[-2:]
    assert "There is no password to choose" in first.body
    assert "There is no password to choose" in again.body
    assert "/reset/" not in first.body + again.body


def test_an_invitation_leads_to_the_log_in_and_back(app, off):
    house = make.organization(name="Nordwerk")
    owner = make.member(house, role=MembershipRole.OWNER)
    make.invitation(house, owner, "noor@example.org")
    path = "/invitations/" + mails()[-1].body.partition("/invitations/")[2][:43]
    db.session.commit()
    client = app.test_client()
    typed = {"name": "Noor", "password": "a long walk by the sea"}

    page, answer = client.get(path), client.post(path, data=typed)

    assert (page.status_code, answer.status_code) == (200, 409)
    assert "Log in under it as everybody here does" in page.text
    assert f"/login?next={path}" in page.text.replace("%2F", "/")
    assert user_by_email("noor@example.org") is None


# Who has emergency access


def person_form(person, **values):
    return {"name": person.name, "role": person.role.value} | values


def test_an_admin_gives_and_takes_it_on_the_page_of_a_person(client_for, boss):
    other = make.admin(name="Mateusz")
    db.session.commit()
    client, path = client_for(boss), f"/admin/people/{other.id}"

    client.post(path, data=person_form(other, is_break_glass="y"))
    db.session.expire_all()
    assert other.is_break_glass
    listed = client.get("/admin/people").text
    client.post(path, data=person_form(other))
    db.session.expire_all()

    assert not other.is_break_glass
    assert listed.count("Emergency access") == 2
    changes = [event.data["changes"]["is_break_glass"]["new"]["id"] for event in events(Kind.ACCOUNT_EDITED)]
    assert changes == [True, False]


@pytest.mark.parametrize("role", ["employee", "agent", "manager"])
def test_whoever_is_no_admin_does_not_get_it(client_for, boss, role):
    person = getattr(make, role)()
    db.session.commit()
    client, path = client_for(boss), f"/admin/people/{person.id}"

    assert "Emergency access" not in client.get(path).text
    client.post(path, data=person_form(person, is_break_glass="y"))
    client.post(path, data=person_form(person, role="admin", is_break_glass="y"))

    db.session.expire_all()
    assert (person.role, person.is_break_glass) == (Role.ADMIN, False)


def test_without_a_password_there_is_none(client_for, boss):
    guest = make.admin(password_hash=None)
    db.session.commit()

    answer = client_for(boss).post(f"/admin/people/{guest.id}", data=person_form(guest, is_break_glass="y"))

    assert answer.status_code == 409


def test_it_goes_with_the_role(client_for, boss):
    other = make.admin(is_break_glass=True)
    db.session.commit()

    client_for(boss).post(f"/admin/people/{other.id}", data=person_form(other, role="agent"))

    db.session.expire_all()
    assert (other.role, other.is_break_glass) == (Role.AGENT, False)


@pytest.mark.parametrize("deed", ["flag", "role", "deactivated"])
def test_the_last_one_keeps_it_while_passwords_are_off(client_for, off, boss, deed):
    other = make.admin()
    db.session.commit()
    client, path = client_for(other), f"/admin/people/{boss.id}"

    answer = {
        "flag": lambda: client.post(path, data=person_form(boss)),
        "role": lambda: client.post(path, data=person_form(boss, role="agent", is_break_glass="y")),
        "deactivated": lambda: client.post(f"{path}/deactivate"),
    }[deed]()

    assert answer.status_code == 409
    assert "is the last with emergency access" in answer.text
    db.session.expire_all()
    assert emergency.has_somebody()


@pytest.mark.parametrize("deed", ["flag", "deactivated"])
def test_the_last_but_one_may_go(client_for, off, boss, deed):
    other = make.admin(is_break_glass=True)
    db.session.commit()
    client, path = client_for(other), f"/admin/people/{boss.id}"

    answer = (
        client.post(path, data=person_form(boss)) if deed == "flag" else client.post(f"{path}/deactivate")
    )

    assert answer.status_code == 303


def test_with_passwords_on_the_last_one_may_go_too(client_for, boss):
    other = make.admin()
    db.session.commit()

    assert client_for(other).post(f"/admin/people/{boss.id}/deactivate").status_code == 303


def test_the_last_provider_stays_while_passwords_are_off(client_for, off, boss, house):
    typed = {
        "name": "The house", "issuer": "https://login.example.org", "client_id": "desk", "scopes": "openid",
    }  # fmt: skip

    answer = client_for(boss).post(f"/admin/providers/{house.id}", data=typed)

    assert answer.status_code == 409
    db.session.expire_all()
    assert house.is_active


@pytest.mark.parametrize("round_number", range(8))
def test_of_two_who_take_it_from_each_other_at_once_one_keeps_it(shared_app, round_number):
    both = [make.admin(is_break_glass=True) for _number in range(2)]
    change_settings(actor=None, password_login=False)
    db.session.commit()
    ids, start, refused = [person.id for person in both], threading.Barrier(2), []

    def take(mine, theirs):
        with shared_app.test_request_context():
            actor, person = db.session.get_one(User, mine), db.session.get_one(User, theirs)
            start.wait()
            try:
                people.set_emergency_access(person, is_given=False, actor=actor)
                db.session.commit()
            except DomainError:
                refused.append(theirs)
            db.session.remove()

    threads = [threading.Thread(target=take, args=pair) for pair in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    db.session.expire_all()
    assert len(refused) == 1
    assert emergency.has_somebody()


def test_a_half_log_in_from_before_lets_nobody_in_after_all(app, boss, ann):
    with_two_step(ann)
    token = half_logins.begin(ann, remember=False)
    local_login.switch_off(actor=boss)
    db.session.commit()

    assert half_logins.find(token) is None


def test_a_half_log_in_ends_with_the_emergency_access_that_let_it_begin(app, off, boss):
    other = make.admin(is_break_glass=True)
    with_two_step(other)
    token = half_logins.begin(other, remember=False, is_emergency=True)
    db.session.commit()

    people.set_emergency_access(other, is_given=False, actor=boss)
    db.session.commit()

    assert half_logins.find(token) is None
