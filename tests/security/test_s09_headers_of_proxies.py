"""Nobody is let in by a header, and a browser that was left holds nothing of who left."""

import pytest

from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import is_inside, log_in

NAMES = ["X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Authenticated-User",
         "X-Auth-Request-Email", "X-WEBAUTH-USER", "X-Ssl-Client-S-Dn", "X-User", "From"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_header_says_who_somebody_is(app, name):
    boss = make.admin()
    db.session.commit()

    for value in (boss.email, str(boss.id)):
        answer = app.test_client().get("/account", headers={name: value})
        assert (answer.status_code, answer.location) == (303, "/login?next=%2Faccount")


@pytest.mark.parametrize("name", ["REMOTE_USER", "SSL_CLIENT_S_DN", "AUTH_TYPE"])
def test_nor_does_the_servers_environment(app, name):
    boss = make.admin()
    db.session.commit()

    answer = app.test_client().get("/account", environ_overrides={name: boss.email})

    assert answer.status_code == 303


def test_no_header_makes_somebody_another(app, client_for):
    ann, boss = make.employee(), make.admin()
    db.session.commit()
    client = client_for(ann)

    page = client.get("/account", headers=dict.fromkeys(NAMES, boss.email))

    assert ann.email in page.text
    assert boss.email not in page.text


def test_the_next_person_at_a_browser_gets_nothing_of_the_one_before(app, world):
    ann, ben = make.employee(name="Ann Andersson"), make.employee(name="Ben Berg")
    make.ticket(ann, title="A quokka")
    db.session.commit()
    browser = app.test_client()
    log_in(browser, ann.email)
    browser.post("/tickets/drafts", data={"scope": "ticket:new", "content": '{"title": "wombat"}'})
    assert "A quokka" in browser.get("/tickets").text

    left = browser.post("/logout")
    assert not is_inside(browser)
    log_in(browser, ben.email)

    for path in ("/", "/tickets", "/tickets/new", "/account", "/notifications"):
        page = browser.get(path)
        assert page.headers["Cache-Control"] == "no-store"  # neither the back button shows it again
        for word in ("Ann", "quokka", "wombat"):
            assert word not in page.text.replace("Anna", ""), path
    assert left.headers["Clear-Site-Data"] == '"cache"'
