"""Failed work, and the health of the machines around the desk."""

import threading

import pytest
from sqlalchemy import select

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
