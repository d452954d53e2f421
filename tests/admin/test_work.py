"""Failed work, and the health of the machines around the desk."""

import re
import threading

import pytest
from sqlalchemy import insert, select

from portal.admin import health
from portal.admin.health import State
from portal.events.kinds import Kind
from portal.events.models import Delivery, DeliveryState, Event
from portal.extensions import db
from portal.gateways.redis import RedisAway
from portal.outbox_mail.actions import queue_mail
from portal.outbox_mail.models import MailState
from tests import factories as make


@pytest.fixture
def client(app, world, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


def failed(ticket=None):
    ticket = ticket or make.ticket()
    delivery = db.session.scalars(select(Delivery).where(Delivery.ticket_id == ticket.id)).first()
    delivery.state, delivery.attempts = DeliveryState.FAILED, 8
    delivery.last_error = "ValueError('<b>no</b>')"
    db.session.commit()
    return delivery


def test_failed_work_stands_there_with_why_and_of_which_ticket(client):
    delivery = failed()

    text = client.get("/admin/work").text

    assert delivery.reaction in text
    assert delivery.event.ticket.key in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text


def test_it_is_tried_again(client, queue):
    delivery = failed()
    url = f"/admin/work/{delivery.event_id}/{delivery.reaction}/retry"
    queue.jobs.clear()

    answer = client.post(url, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Nothing failed" in answer.text
    db.session.expire_all()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DUE, 0)
    assert ("jobs.events.react", ()) in queue.jobs
    assert db.session.scalar(select(Event).where(Event.kind == Kind.DELIVERY_RETRIED))
    assert client.post(url).status_code == 303  # twice is once
    assert len(list(db.session.scalars(select(Event).where(Event.kind == Kind.DELIVERY_RETRIED)))) == 1


def test_all_of_it_is_tried_again(client):
    deliveries = [failed(), failed()]

    assert client.post("/admin/work/retry").status_code == 303

    db.session.expire_all()
    assert {delivery.state for delivery in deliveries} == {DeliveryState.DUE}


def fail_many(number):
    """So many failures, each of a ticket of its own; their events' ids, the oldest first."""
    ticket = make.ticket()
    event = select(Event).where(Event.ticket_id == ticket.id)
    first = db.session.scalars(event).one()
    like = {"kind": first.kind, "ticket_id": ticket.id, "depth": 0, "is_public": True, "data": {}}
    more = [dict(like) for _ in range(number)]
    ids = list(db.session.scalars(insert(Event).returning(Event.id, sort_by_parameter_order=True), more))
    rows = [
        {"event_id": each, "reaction": "notify_people", "ticket_id": ticket.id, "state": DeliveryState.FAILED,
         "attempts": 8}
        for each in ids
    ]  # fmt: skip
    db.session.execute(insert(Delivery), rows)
    db.session.commit()
    return ids


def shown(text):
    return [int(number) for number in re.findall(r'action="/admin/work/(\d+)/', text)]


def link(text, rel):
    found = re.search(rf'href="([^"]*)" rel="{rel}"', text)
    return found[1].replace("&amp;", "&") if found else None


def test_however_much_failed_all_of_it_can_be_looked_at(client, statements):
    ids = fail_many(60)

    seen, url = [], "/admin/work"
    while url:
        statements.clear()
        text = client.get(url).text
        assert len(statements) <= 12
        seen += shown(text)
        back, url = link(text, "prev"), link(text, "next")

    assert seen == ids
    assert shown(client.get(back).text) == ids[25:50]
    assert shown(client.get("/admin/work?cursor=nonsense").text) == ids[:25]


def test_whoever_retries_on_a_later_page_stays_there(client):
    ids = fail_many(60)
    second = link(client.get("/admin/work").text, "next")
    text = client.get(second).text
    one = re.search(rf'action="(/admin/work/{ids[30]}/[^"]*)"', text)[1].replace("&amp;", "&")

    after = client.post(one, headers={"HX-Request": "true"}).text

    assert shown(after) == [each for each in ids[25:51] if each != ids[30]]
    assert client.post(one).location == second
    all_of_it = re.search(r'action="(/admin/work/retry[^"]*)"', text)[1].replace("&amp;", "&")
    assert shown(client.post(all_of_it, headers={"HX-Request": "true"}).text) == ids[51:]
    assert shown(client.get("/admin/work").text) == ids[:25]
    last = client.post(all_of_it, headers={"HX-Request": "true"}).text
    assert shown(last) == ids[:25]  # nothing is left behind the cursor, so it begins anew


def test_failed_mails_lead_to_the_list_of_all(client):
    for number in range(30):
        mail = queue_mail("closed", to=f"a{number}@example.org")
        mail.state = MailState.FAILED
    db.session.commit()

    text = client.get("/admin/work").text

    assert 'href="/admin/mail?state=failed"' in text
    assert text.count('href="/admin/mail/') == 25


def test_work_that_is_not_there_is_not_found(client):
    assert client.post("/admin/work/99999/notify_people/retry").status_code == 404
    assert client.post(f"/admin/work/{2**63}/notify_people/retry").status_code == 404


def test_failed_mails_stand_there_too(client):
    mail = queue_mail("closed", to="ann@example.org")
    mail.state, mail.last_error = MailState.FAILED, "550 No such mailbox"
    db.session.commit()

    text = client.get("/admin/work").text

    assert "550 No such mailbox" in text
    assert f'href="/admin/mail/{mail.id}"' in text


def test_without_redis_the_page_says_so(client, queue, monkeypatch):
    def is_away():
        raise RedisAway("gone")

    monkeypatch.setattr(queue, "lengths", is_away)

    answer = client.get("/admin/work")

    assert answer.status_code == 200
    assert "Redis does not answer" in answer.text


def test_the_overview_counts_and_asks_for_the_health_by_itself(client):
    failed()
    queue_mail("closed", to="ann@example.org")
    db.session.commit()

    text = client.get("/admin/").text

    assert 'hx-get="/admin/health"' in text
    assert "Which mails wait?" in text


def test_the_health_is_told_in_words(client):
    text = client.get("/admin/health").text

    for name in ("Database", "Redis", "Workers", "Timetable", "File store", "Virus scanner", "Mail server"):
        assert name in text
    assert "Set SMTP_HOST" in text


def check(app, name, **settings):
    desk = app.config["DESK"]
    app.config["DESK"] = desk.model_copy(update=settings)
    try:
        with app.test_request_context():
            return next(each for each in health.checks() if each.name == name)
    finally:
        app.config["DESK"] = desk


def test_a_mail_server_that_is_away_says_what_to_do(app):
    away = check(app, "Mail server", smtp_host="127.0.0.1", smtp_port=1)

    assert away.state is State.AWAY
    assert "Mails wait" in away.said
    assert "SMTP settings" in away.todo


def test_a_scanner_that_is_not_set_or_away_says_what_that_means(app):
    assert check(app, "Virus scanner", clamav_host="").state is State.OFF
    assert check(app, "Virus scanner", clamav_host="127.0.0.1", clamav_port=1).state is State.AWAY


def test_a_machine_that_hangs_is_not_waited_for(app, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(health, "PATIENCE", 0.2)
    monkeypatch.setattr(health.smtp, "is_set_up", lambda: True)
    monkeypatch.setattr(health.smtp, "check", lambda: release.wait(10))

    with app.test_request_context():
        found = {each.name: each for each in health.checks()}
    release.set()

    assert found["Mail server"].state is State.AWAY
    assert "No answer" in found["Mail server"].detail
    assert found["Database"].state is State.WELL


def test_redis_away_is_told_and_breaks_nothing(app, monkeypatch):
    def is_away(_question):
        raise RedisAway("gone")

    monkeypatch.setattr(app.extensions["patient_redis"], "ask", is_away)
    with app.test_request_context():
        found = {each.name: each for each in health.checks()}

    assert (found["Redis"].state, found["Workers"].state) == (State.AWAY, State.ODD)
