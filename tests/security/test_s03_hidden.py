"""What is hidden from somebody is nowhere: no page, count, search or mail differs by it."""

import re
from difflib import unified_diff

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.extensions import db
from portal.notifications import live
from portal.outbox_mail.models import Mail
from portal.tickets.models import Ticket
from tests import factories as make
from tests.security.cast import TICKETS, May, asked, gather
from tests.web.routes import doors

# What differs from one answer to the next by itself: tokens, keys of forms, references of errors,
# the moment at which the way to the store was signed, that at which one's counts were counted last, and
# up to which news a page was drawn.
VARYING = re.compile(
    r'[\w-]+\.[\w-]{6}\.[\w-]{27}|nonce="[^"]*"|idempotency_key"[^>]*value="[^"]*"'
    r'|<span class="mono">[0-9a-f]{12}</span>|X-Amz-(?:Date|Signature)=[0-9a-zTZ]+'
    r'|<i hidden id="(?:counted|numbers)-[^>]*></i>|data-since="[0-9a-f.]*"'
)
BLIND = [who for who, may in TICKETS.items() if may[2] is May.NOTHING]
SEARCHES = ("/tickets?show=all&q={}", "/queue/all?q={}", "/queue/open?q={}", "/tickets/people?person={}",
            "/organizations/{{house}}/requests?show=all&q={}", "/notifications?q={}",
            "/api/v1/tickets?filter={}")  # fmt: skip


@pytest.fixture
def cast(app, world):
    return gather(world)


@pytest.mark.parametrize("who", BLIND)
def test_with_a_hidden_ticket_every_page_is_what_it_was_without(
    app, cast, client_for, queue, monkeypatch, who
):
    """Lists, counts, searches, suggestions, exports, the bell and the mails alike."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    person, client = cast.people[who], client_for(cast.people[who])
    queue.run()
    _all_pages(app, client, cast, who)  # reads what is unread
    before, mails = _all_pages(app, client, cast, who), _mails_to(person)

    key = _much_happens_on_a_hidden_ticket(cast)
    queue.run()

    after = _all_pages(app, client, cast, who)
    assert len(before) > 30
    assert [path for path, (status, _text) in before.items() if status >= 500 and "/readyz" not in path] == []
    assert "\n".join(_differences(before, after)) == ""
    assert _mails_to(person) == mails
    assert f"ticket:{key}" not in live._topics(person, [f"ticket:{key}", "queue"]).values()


def _differences(before, after):
    for path, (status, text) in before.items():
        if after[path] != (status, text):
            yield f"{path}: {status} -> {after[path][0]}"
            yield from unified_diff(text.splitlines(), after[path][1].splitlines(), lineterm="", n=0)


def _all_pages(app, client, cast, who):
    arguments = cast.arguments[who]["own"]
    own = [
        door.path
        for door in doors(app, arguments)
        if door.method == "GET" and door.endpoint != "accounts.two_step"  # offers another secret each time
    ]
    found = [
        path.format(word).replace("{house}", str(arguments["organization_id"]))
        for path in SEARCHES
        for word in ("quokka", "Foreign", "wombat")
    ]
    pages = {}
    for path in own + found:
        for headers in ({}, {"HX-Request": "true"}):
            bearer = {"Authorization": f"Bearer {cast.tokens[who]}"} if path.startswith("/api/") else {}
            answer = client.get(path, headers=headers | bearer)
            pages[path, *headers] = (answer.status_code, VARYING.sub("", answer.text))
    return pages


def _much_happens_on_a_hidden_ticket(cast):
    known, petra = db.session.scalar(select(Ticket).order_by(Ticket.id)), cast.people["admin"]
    ticket = make.ticket(
        known.requester, title="A quokka", description="wombat", is_confidential=True, team=known.team
    )
    ticket.organization = known.organization
    make.reply(ticket, body="quokka")
    make.note(ticket, author=petra, body="wombat")
    make.walk(ticket, "in_progress", actor=petra)
    make.walk(ticket, "closed", actor=petra)
    make.walk(ticket, "open", actor=petra)
    db.session.commit()
    return ticket.key


def _mails_to(person):
    return db.session.scalar(select(func.count()).where(Mail.to_address == person.email))


@pytest.mark.parametrize("who", ["employee", "stranger", "other agent", "manager"])
def test_what_is_hidden_is_answered_like_what_never_was(app, cast, client_for, who):
    """Else one could ask key by key which there are."""
    client, arguments = client_for(cast.people[who]), cast.arguments[who]["confidential"]
    hidden = arguments["key"]
    missing = hidden.split("-")[0] + "-" + "9" * (len(hidden) - len(hidden.split("-")[0]) - 1)
    told = []
    for there, nowhere in zip(doors(app, arguments), doors(app, arguments | {"key": missing}), strict=True):
        if "key" not in there.names:
            continue
        pages = []
        for door in (there, nowhere):
            answer = asked(app, client, door, cast.tokens[who])
            text = answer.text.replace(hidden, "KEY").replace(missing, "KEY")
            pages.append((answer.status_code, VARYING.sub("", text)))
        assert pages[0] == pages[1], there
        told.append(pages[0][0])
    assert set(told) <= {403, 404}
