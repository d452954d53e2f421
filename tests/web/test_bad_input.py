"""Whatever is sent, the answer is a page for people, never a 500, and nothing is broken by it."""

import pytest

from portal.extensions import db
from portal.organizations.models import MembershipRole
from tests import factories as make
from tests.web.routes import doors

WORD = "W" + "o" * 10_000
MARKS = "\u202e\u200f💥\u00e9\u0301" * 20  # right to left, an emoji, an accent upon an accent
FORM = "application/x-www-form-urlencoded"
TEXTS = ["title", "body", "description", "name", "email", "q", "text"]
NUMBERS = ["project_id", "category_id", "team_id", "assignee_id", "version", "status", "before", "role",
           "organization_id", "department_id"]  # fmt: skip
ODD = {
    "NUL bytes": {
        "data": {"title": "a\0b", "body": "\0", "name": "\0", "email": "\0", "q": "\0", "password": "\0"}
    },
    "one endless word": {"data": dict.fromkeys(TEXTS, WORD)},
    "bytes that are no UTF-8": {"data": b"title=%ff%fe&body=\xff\xfe&name=\xc3(", "content_type": FORM},
    "lone surrogates": {
        "data": b"title=%ed%a0%80&name=%ed%a0%80&body=%ed%a0%80",
        "content_type": FORM,
    },
    "JSON": {"json": {"title": ["x"], "id": 1}},
    "another type": {"data": b"<x/>", "content_type": "text/xml"},
    "a broken multipart": {
        "data": b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nx',
        "content_type": "multipart/form-data; boundary=x",
    },
    "numbers beyond a bigint": {"data": dict.fromkeys(NUMBERS, "9" * 30)},
    "lists of values": {
        "data": {"title": ["a", "b"], "role": ["admin", "agent"], "email": ["a@b.org", "c@d.org"]}
    },
    "direction marks and emoji": {"data": dict.fromkeys(["title", "body", "name", "description"], MARKS)},
}
QUERIES = [
    "?q=%00",
    "?q=%ff%fe",
    "?before=9999999999999999999999",
    "?cursor=%F0%9F",
    "?cursor=x&size=-1&sort=;drop",
    "?q=" + "(" * 900,
    "?q=status:",
    "?tab=%22%3E%3Cscript%3E",
    "?" + "&".join(f"a{n}=1" for n in range(300)),
]


@pytest.fixture
def everywhere(app, world):
    ticket, admin, house = make.ticket(), make.admin(), make.organization()
    make.member(house, MembershipRole.OWNER, person=admin)
    make.member(house, person=ticket.requester)
    policy = make.policy()
    rule = make.rule(admin)
    arguments = {
        "key": ticket.key, "token": "x" * 43, "public_id": "x" * 16, "name": "open", "category_id": 1,
        "token_id": "x" * 16, "tag_id": 1,
        "project_id": world.id, "user_id": ticket.requester_id, "team_id": 1, "mail_id": 1, "event_id": 1,
        "reaction": "notify_people", "digest": "x" * 32, "project_key": world.key, "direction": "up",
        "filename": "x", "size": "thumbnail",
        "organization_id": house.id, "department_id": make.department(house).id,
        "invitation_id": make.invitation(house, admin).id, "provider_id": 999,
        "identity_id": 999, "slug": "house", "job_id": 1, "mention_id": 1, "link_id": 1,
        "ticket_id": 1, "comment_id": "x", "entry_id": 1, "note_id": 1, "number": 1,
        "lifecycle_id": world.lifecycle_id, "status_id": make.status("closed").id,
        "policy_id": policy.id, "calendar_id": policy.current.calendar_id, "rule_id": rule.id,
    }  # fmt: skip
    db.session.commit()
    return doors(app, arguments), admin


def as_asked(door, token):
    """With the token of a program, where only that lets anybody in."""
    return {"Authorization": f"Bearer {token}"} if door.is_for_machines else {}


@pytest.mark.parametrize("odd", ODD)
def test_no_body_makes_a_500(everywhere, client_for, odd):
    all_doors, admin = everywhere
    broken, token = [], make.token(admin)
    db.session.commit()
    for door in all_doors:
        if door.method == "GET" or door.endpoint == "accounts.logout":
            continue
        headers = as_asked(door, token)
        answer = client_for(admin).open(door.path, method=door.method, headers=headers, **ODD[odd])
        if answer.status_code >= 500:
            broken.append((str(door), answer.status_code))
    assert broken == []


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:24])
def test_no_query_makes_a_500(everywhere, client_for, query):
    all_doors, admin = everywhere
    client, token = client_for(admin), make.token(admin)
    db.session.commit()
    broken = [
        (str(door), answer.status_code)
        for door in all_doors
        if door.method == "GET"
        for answer in [client.get(door.path + query, headers=as_asked(door, token))]
        if answer.status_code >= 500 and door.endpoint != "health.ready"
    ]
    assert broken == []


@pytest.mark.parametrize("role", ["employee", "agent", "manager", "admin"])
def test_no_page_or_fragment_is_a_500_whoever_asks(everywhere, client_for, role):
    """Also with nothing of their own to show yet."""
    all_doors, admin = everywhere
    person = admin if role == "admin" else getattr(make, role)()
    db.session.commit()
    client = client_for(person)
    broken = [
        (str(door), headers)
        for door in all_doors
        for headers in ({}, {"HX-Request": "true"})
        if door.method == "GET" and door.endpoint != "health.ready"
        if client.get(door.path, headers=headers).status_code >= 500
    ]
    assert broken == []


def test_a_body_over_the_limit_is_refused(client_for, world):
    answer = client_for(make.employee()).post("/tickets/new", data={"description": "x" * 3_000_000})
    assert answer.status_code == 413
    assert "<html" in answer.text


def test_ten_thousand_fields_are_refused(client_for, world):
    fields = {f"field{number}": "x" for number in range(10_000)}
    answer = client_for(make.employee()).post("/tickets/new", data=fields)
    assert answer.status_code in {400, 413, 422}


def test_an_unknown_address_is_a_helpful_404(client_for):
    answer = client_for(make.employee()).get("/no/such/page")
    assert answer.status_code == 404
    assert 'href="/tickets"' in answer.text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil"])
def test_another_host_is_refused(app, host):
    assert app.test_client().get("/login", headers={"Host": host}).status_code == 400


def test_get_changes_nothing_but_what_was_read(everywhere, client_for, statements):
    all_doors, admin = everywhere
    client = client_for(admin)
    statements.clear()
    for door in all_doors:
        if door.method == "GET":
            client.get(door.path)
    changing = [s for s in statements if s.split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert [s for s in changing if not s.startswith("UPDATE notifications SET read_at")] == []
