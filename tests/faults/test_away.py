"""Each server goes away and comes back; the desk says so, loses nothing, and needs no restart."""

import os
import time

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.tickets.models import Comment, Ticket
from tests import factories as make
from tests import serving
from tests.faults.proxy import Line

pytestmark = pytest.mark.faults


@pytest.fixture
def desk_by(shared_app, settings, tmp_path):
    """A served desk on the test's database, whose way to one server goes by a line; and Ann's browser."""
    make.desk()
    ann = make.employee()
    email = ann.email
    db.session.commit()
    lines, served = [], []

    def build(setting):
        own = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        address = own.get(setting) or os.environ[setting]
        line = Line.to(address)
        desk = serving.serve(tmp_path, **own | {setting: line.instead_of(address)})
        lines.append(line)
        served.append(desk)
        desk.start_web()
        return line, desk.browser(email, make.PASSWORD)

    yield build
    for desk in served:
        desk.end_all()
    for line in lines:
        line.close()


def ask(browser, token):
    form = {
        "type": "incident", "title": "VPN", "priority": "low", "project_id": make.desk().id,
        "idempotency_key": "k", "category_id": "", "description": "",
    }  # fmt: skip
    return browser.post("/tickets/new", form, token=token)


def test_f01_without_a_database_a_503_and_recovery_by_itself(desk_by):
    line, ann = desk_by("DATABASE_URL")
    assert ann.get("/tickets/new").status_code == 200

    line.cut()
    away = ann.get("/tickets/new")
    assert away.status_code == 503
    assert away.headers["Retry-After"]
    assert ann.get("/healthz").status_code == 200
    assert ann.get("/readyz").status_code == 503

    line.through()
    began = time.perf_counter()
    while ann.get("/tickets/new").status_code != 200:
        assert time.perf_counter() - began < 20


def test_f01_a_database_that_says_nothing_is_a_503_soon(desk_by):
    line, ann = desk_by("DATABASE_URL")
    ann.get("/tickets/new")
    line.hold()
    began = time.perf_counter()
    assert ann.get("/tickets/new").status_code == 503
    assert time.perf_counter() - began < 15


@pytest.mark.parametrize("fault", ["cut", "hold"])
def test_f03_without_redis_tickets_and_replies_are_taken_and_the_page_says_what_is_delayed(desk_by, fault):
    line, ann = desk_by("REDIS_URL")
    token = ann.token("/tickets/new")
    getattr(line, fault)()

    began = time.perf_counter()
    sent = ask(ann, token)
    assert sent.status_code == 303
    assert "a little later than usual" in ann.get(sent.headers["Location"]).text
    reply = ann.post("/tickets/IT-1/comments", {"body": "Hello", "idempotency_key": "r"}, token=token)
    assert reply.status_code == 303
    assert time.perf_counter() - began < 12
    assert db.session.scalar(select(func.count(Ticket.id))) == 1
    assert db.session.scalar(select(func.count(Comment.id))) == 1
    assert ann.get("/readyz").json()["redis"] == "away"


def test_f05_without_a_store_the_desk_goes_on(desk_by):
    line, ann = desk_by("S3_ENDPOINT")
    line.cut()
    assert ann.get("/tickets/new").status_code == 200
    ready = ann.get("/readyz")
    assert (ready.status_code, ready.json()["storage"]) == (200, "away")
