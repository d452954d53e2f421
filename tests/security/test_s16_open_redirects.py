"""No address that somebody was given leads away from the desk."""

import pytest

from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import log_in

AWAY = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https://evil.example", "https:evil.example",
    "http:/evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example",
    "\x0b//evil.example", " //evil.example",
    "\t//evil.example", "/\x00/evil.example", "evil.example", "@evil.example",
    "data:text/html,x", "/%0d%0aSet-Cookie:x=1\r\nX: y",
]  # fmt: skip


@pytest.mark.parametrize("target", AWAY)
def test_after_the_login_and_the_language_one_is_still_here(app, client_for, target):
    ann = make.employee()
    db.session.commit()

    answers = [
        log_in(app.test_client(), ann.email, next=target),
        client_for(ann).post("/language", data={"locale": "de", "next": target}),
        client_for(None).post("/language", data={"locale": "de", "next": target}),
        client_for(ann).get("/login", query_string={"next": target}),
    ]

    assert {answer.location for answer in answers if answer.status_code == 303} == {"/"}
    assert {answer.status_code for answer in answers} <= {303, 400, 422}  # a NUL is refused


@pytest.mark.parametrize(
    "came_from", ["http://evil.example/", "http://localhost.evil.example/", "javascript:alert(1)"]
)
def test_the_way_back_leads_nowhere_else(client_for, came_from):
    answer = client_for(None).post("/login", headers={"X-CSRFToken": "wrong", "Referer": came_from})

    assert "evil.example" not in answer.text
    assert "javascript:" not in answer.text
