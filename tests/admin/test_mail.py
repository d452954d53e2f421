import pytest
from sqlalchemy import select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.outbox_mail.actions import queue_mail
from portal.outbox_mail.models import Mail, MailState
from tests import factories as make


@pytest.fixture
def client(app, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


def written(state=MailState.QUEUED, to="ann@example.org", **values):
    mail = queue_mail("reset", to=to, link="http://localhost/reset/" + "x" * 43, minutes=30)
    mail.state = state
    for name, value in values.items():
        setattr(mail, name, value)
    db.session.commit()
    return mail


def test_mails_are_listed_by_state(client):
    for state in MailState:
        written(state, to=f"{state}@example.org")

    def listed(query):
        text = client.get(f"/admin/mail{query}").text
        return {state.value for state in MailState if f"{state}@example.org" in text}

    assert listed("") == {state.value for state in MailState}
    assert listed("?state=failed") == {"failed"}
    assert listed("?state=nonsense") == {state.value for state in MailState}


def test_a_long_list_is_paged(client):
    for number in range(30):
        written(to=f"a{number:02}@example.org")

    first = client.get("/admin/mail?state=queued").text
    older = client.get(
        first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    )

    assert "a29@example.org" in first
    assert "a04@example.org" not in first
    assert "a04@example.org" in older.text
    assert "a05@example.org" not in older.text


def test_one_mail_is_readable_and_its_link_leads_on(client):
    mail = written()

    text = client.get(f"/admin/mail/{mail.id}").text

    assert f'<a href="http://localhost/reset/{"x" * 43}"' in text
    assert "No mail server is set up" in text
    assert mail.message_id.strip("<>") in text


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.FAILED])
def test_with_a_mail_server_the_link_is_its_recipients_alone(app, client, state, monkeypatch):
    mail = written(state, last_error="550 No such mailbox")
    desk = app.config["DESK"].model_copy(update={"smtp_host": "mail.example.org", "demo_mode": True})
    monkeypatch.setitem(app.config, "DESK", desk)

    text = client.get(f"/admin/mail/{mail.id}").text

    assert "x" * 43 not in text
    assert "http://localhost/reset/…" in text
    assert "it lets in whoever has it" in text
    db.session.expire_all()
    assert "x" * 43 in mail.body  # it is to be sent still


def test_what_a_mail_says_is_shown_and_not_run(client):
    mail = written(body="<script>alert(1)</script> https://evil.example/<b>", subject="<img src=x>")

    text = client.get(f"/admin/mail/{mail.id}").text

    assert "<script>alert" not in text
    assert "<img src=x>" not in text
    assert 'rel="noopener"' in text


def test_a_failed_mail_is_set_going_again(client, queue):
    mail = written(MailState.FAILED, last_error="550 No such mailbox", attempts=8)
    assert "550 No such mailbox" in client.get(f"/admin/mail/{mail.id}").text
    queue.jobs.clear()

    assert client.post(f"/admin/mail/{mail.id}/retry").status_code == 303

    db.session.expire_all()
    assert (mail.state, mail.attempts) == (MailState.QUEUED, 0)
    assert ("jobs.mail.deliver", ()) in queue.jobs
    assert db.session.scalar(select(Event).where(Event.kind == Kind.MAIL_RETRIED)).data["mail_id"] == mail.id


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.SENT])
def test_any_other_is_not(client, state):
    mail = written(state)

    assert client.post(f"/admin/mail/{mail.id}/retry").status_code == 409
    db.session.expire_all()
    assert mail.state is state


def test_a_mail_that_is_not_there_is_not_found(client):
    assert client.get("/admin/mail/99999").status_code == 404
    assert client.post("/admin/mail/99999/retry").status_code == 404


def test_an_empty_outbox_says_what_belongs_here(client):
    db.session.execute(Mail.__table__.delete())
    db.session.commit()

    assert "No mails here" in client.get("/admin/mail").text
    assert "No mail failed" in client.get("/admin/mail?state=failed").text


def test_the_list_asks_as_much_with_twenty(client, statements):
    written()
    client.get("/admin/mail")
    statements.clear()
    client.get("/admin/mail")
    few = len(statements)
    for _ in range(20):
        written()
    statements.clear()

    client.get("/admin/mail")

    assert len(statements) == few <= 8
