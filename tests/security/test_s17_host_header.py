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
