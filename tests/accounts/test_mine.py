"""One's own account: profile, password, browsers, appearance, language."""

import pytest
from sqlalchemy import select

from portal.accounts.models import Density, Session, Theme
from portal.accounts.queries import browsers_of
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import is_inside, log_in, mails
from tests.factories import PASSWORD

PROFILE = {"name": "Ann Sørensen", "locale": "", "timezone": "", "theme": "system", "density": "comfortable"}
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def ann(app):
    person = make.employee(email="ann@example.org", name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def client(client_for, ann):
    return client_for(ann)


def test_the_profile_is_changed(client, ann):
    wanted = {"name": " Ann  S. ", "locale": "de", "timezone": "Europe/Lisbon", "theme": "dark",
              "density": "compact", "shortcuts_enabled": "y"}  # fmt: skip

    assert client.post("/account", data=wanted).status_code == 303

    db.session.expire_all()
    assert (ann.name, ann.sort_name, ann.locale, ann.timezone) == ("Ann S.", "ann s.", "de", "Europe/Lisbon")
    assert (ann.theme, ann.density, ann.shortcuts_enabled) == (Theme.DARK, Density.COMPACT, True)
    edited = db.session.scalar(select(Event).where(Event.kind == Kind.ACCOUNT_EDITED))
    assert edited.data["changes"]["name"]["old"]["label"] == "Ann Sørensen"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("locale", "xx"), ("timezone", "Mars/Olympus"), ("theme", "pink"), ("density", "none")],
)
def test_nonsense_is_refused_and_nothing_saved(client, ann, field, value):
    answer = client.post("/account", data=PROFILE | {"name": "Other"} | {field: value})

    assert answer.status_code == 422
    db.session.expire_all()
    assert ann.name == "Ann Sørensen"


def test_nobody_makes_themselves_an_admin(client, ann):
    client.post("/account", data=PROFILE | {"role": "admin", "email": "x@example.org", "is_active": ""})

    db.session.expire_all()
    assert (ann.role, ann.email, ann.is_active) == ("employee", "ann@example.org", True)


def test_the_password_is_changed_and_others_logged_out(client, client_for, ann):
    elsewhere = client_for(ann)
    typed = {"current_password": PASSWORD, "password": "glass bridge kettle"}

    answer = client.post("/account/password", data=typed)

    assert answer.status_code == 303
    assert is_inside(client)
    assert not is_inside(elsewhere)
    assert mails()[-1].to_address == "ann@example.org"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"current_password": "wrong", "password": "glass bridge kettle"},
            "This is not your current password.",
        ),
        ({"current_password": "", "password": "glass bridge kettle"}, "Enter your current password."),
        ({"current_password": PASSWORD, "password": "short"}, "Use at least 8 characters."),
        ({"current_password": PASSWORD, "password": ""}, "Enter a password."),
    ],
)
def test_the_password_is_not_changed(client, client_for, ann, typed, said):
    elsewhere = client_for(ann)

    answer = client.post("/account/password", data=typed)

    assert answer.status_code == 422
    assert said in answer.text
    assert is_inside(elsewhere)
    assert log_in(client, "ann@example.org").status_code == 303


def test_the_current_password_cannot_be_guessed_from_an_open_browser(client):
    typed = {"current_password": "wrong", "password": "glass bridge kettle"}

    codes = [client.post("/account/password", data=typed).status_code for _ in range(6)]

    assert codes == [422] * 5 + [429]


def test_browsers_are_listed_this_one_first(app, ann):
    first, second = app.test_client(), app.test_client()
    log_in(first, "ann@example.org", headers={"User-Agent": WINDOWS})
    log_in(second, "ann@example.org", headers={"User-Agent": "curl/8"})

    page = first.get("/account")

    assert page.text.index("Firefox on Windows") < page.text.index("A browser we do not know")
    assert page.text.count("This browser") == 1


def test_another_browser_is_logged_out(client, client_for, ann):
    elsewhere = client_for(ann)
    others = [row.public_id for row in browsers_of(ann)]

    codes = [client.post(f"/account/sessions/{public_id}/end").status_code for public_id in others]

    assert 303 in codes
    assert not is_inside(elsewhere)


def test_a_strangers_browser_is_not(client, client_for):
    ben = make.employee()
    db.session.commit()
    theirs = client_for(ben)
    public_id = db.session.scalar(select(Session.public_id).where(Session.user_id == ben.id))

    assert client.post(f"/account/sessions/{public_id}/end").status_code == 404
    assert is_inside(theirs)


def test_all_other_browsers_are_logged_out(client, client_for, ann):
    others = [client_for(ann), client_for(ann)]

    assert client.post("/account/sessions/end").status_code == 303

    assert is_inside(client)
    assert not any(is_inside(other) for other in others)


@pytest.mark.parametrize("headers", [{"X-Requested-With": "fetch"}, {"HX-Request": "true"}])
def test_the_appearance_is_kept_behind_the_scenes(client, ann, headers):
    answer = client.post("/account/appearance", data={"theme": "dark"}, headers=headers)

    assert answer.status_code == 204
    db.session.expire_all()
    assert (ann.theme, ann.density) == (Theme.DARK, Density.COMFORTABLE)


def test_without_a_script_the_appearance_leads_back(client):
    back = {"Referer": "http://localhost/account"}

    answer = client.post("/account/appearance", data={"density": "compact"}, headers=back)

    assert (answer.status_code, answer.location) == (303, "http://localhost/account")


@pytest.mark.parametrize("typed", [{}, {"theme": "pink"}, {"theme": ""}])
def test_an_appearance_that_is_none_is_refused(client, typed):
    assert client.post("/account/appearance", data=typed).status_code == 400


def test_the_language_is_kept_with_the_account(client, ann):
    answer = client.post("/language", data={"locale": "de", "next": "/account?"})

    assert (answer.status_code, answer.location) == (303, "/account")
    db.session.expire_all()
    assert ann.locale == "de"


def test_the_language_of_somebody_unknown_is_kept_with_the_browser(app, ann):
    client = app.test_client()

    client.post("/language", data={"locale": "de", "next": "/login?"})

    assert '<html lang="de"' in client.get("/login").text


def test_a_language_that_is_not_offered_is_refused(app):
    client = app.test_client()

    assert client.post("/language", data={"locale": "xx"}).status_code == 400
    assert client.post("/language", data={}).status_code == 400
    elsewhere = client.post("/language", data={"locale": "de", "next": "//evil.example"})
    assert elsewhere.location == "/"


@pytest.mark.parametrize(
    "path", ["/account", "/account/password", "/account/sessions/end", "/account/appearance"]
)
def test_strangers_are_sent_to_the_login(app, path):
    make.employee()
    db.session.commit()
    client = app.test_client()

    answer = client.get(path) if path == "/account" else client.post(path)

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/login")


def test_the_page_asks_as_much_with_thirty_browsers(client, client_for, ann, statements):
    client.get("/account")
    statements.clear()
    client.get("/account")
    few = len(statements)
    for _ in range(30):
        client_for(ann)
    statements.clear()

    client.get("/account")

    assert len(statements) == few
