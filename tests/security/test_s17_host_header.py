"""Links in mails begin with PUBLIC_URL, whoever asks for them and however."""

import pytest

from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import mails

HEADERS = [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil.example"},
    {"Forwarded": "for=1.2.3.4;host=evil.example;proto=https"},
    {"X-Original-Host": "evil.example", "X-Host": "evil.example", "X-Rewrite-Url": "/evil.example"},
    {"Origin": "http://evil.example", "Referer": "http://localhost/evil.example"},
]


@pytest.mark.parametrize("headers", HEADERS)
def test_no_header_leads_a_reset_elsewhere(app, client_for, headers):
    ann = make.employee()
    db.session.commit()

    answer = client_for(None).post("/forgot", data={"email": ann.email}, headers=headers)

    assert answer.status_code == 200
    assert "http://localhost/reset/" in mails()[-1].body
    assert "evil.example" not in mails()[-1].body


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "localhost:80@evil.example",
        "evil.example:80",
        "",
        "LOCALHOST.",
        "localhost/evil",
    ],
)
def test_another_host_is_not_answered(app, client_for, host):
    ann = make.employee()
    db.session.commit()

    answer = client_for(None).post("/forgot", data={"email": ann.email}, headers={"Host": host})

    assert answer.status_code == 400 or not mails() or "evil" not in mails()[-1].body
    assert "evil" not in answer.text


@pytest.mark.parametrize("headers", HEADERS)
def test_no_header_leads_the_owner_of_a_token_or_its_program_elsewhere(app, client_for, headers):
    ann = make.employee()
    ticket = make.ticket(ann)
    sent = {"Authorization": f"Bearer {make.token(ann)}"}
    db.session.commit()
    form = {"name": "x", "scopes": ["profile:read"], "life": "30", "current_password": make.PASSWORD}

    client_for(ann).post("/account/tokens", data=form, headers=headers)
    answer = app.test_client().get(f"/api/v1/tickets/{ticket.key}", headers=sent | headers)

    assert "http://localhost/account/tokens" in mails()[-1].body
    assert "evil.example" not in mails()[-1].body
    assert answer.json["url"] == f"http://localhost/tickets/{ticket.key}"
    assert "evil.example" not in answer.text + str(answer.headers)
