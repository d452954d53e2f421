"""How tests come in: the forms of the gate, and the links in mails."""

import re
import time

from sqlalchemy import select

from portal.extensions import db
from portal.outbox_mail.models import Mail
from tests import factories as make
from tests.factories import PASSWORD

LINK = re.compile(r"http://localhost/(?:verify|reset)/[A-Za-z0-9_-]{43}")


def log_in(client, email, password=PASSWORD, **more):
    headers = more.pop("headers", {})
    return client.post("/login", data={"email": email, "password": password, **more}, headers=headers)


def register(client, **values):
    typed = {"name": "Ann Sørensen", "email": "ann@example.org", "password": "glass bridge kettle"}
    return client.post("/register", data=typed | values)


def confirm(client, link, password="glass bridge kettle"):
    return client.post(link, data={"password": password})


def mails():
    """All mails, the oldest first."""
    return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def link_in(mail):
    """The path of the link in a mail."""
    return LINK.search(mail.body)[0].removeprefix("http://localhost")


def is_inside(client):
    return client.get("/account").status_code == 200


def words_of(response):
    """The text of a page without what is new in each: tokens and ids."""
    text = re.sub(r'(name="csrf_token"[^>]*value=|X-CSRFToken": )"[^"]*"', "", response.text)
    return re.sub(r"[0-9a-f]{12}", "", text)


def durations(app, try_it, rounds=10):
    """The least it takes of the processor for addresses with an account, and for others, in seconds.

    By the clock on the wall a busy machine tells them apart; what counts is the hash of the
    password, which is work of the processor.
    """
    for number in range(rounds):
        make.employee(email=f"known{number}@example.org")
    db.session.commit()
    took = {"known": [], "unknown": []}
    for number in range(rounds):
        for kind, times in took.items():
            client = app.test_client()
            started = time.process_time()
            try_it(client, f"{kind}{number}@example.org")
            times.append(time.process_time() - started)
    return min(took["known"]), min(took["unknown"])
