"""Logs say what went wrong, never what people wrote, nor what lets somebody in."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.glogging import SafeAtoms
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.assets import ROOT
from portal.extensions import db
from tests import factories as make
from tests.accounts.gate import link_in, log_in, mails, register

SECRET = "zebra kettle bridge"


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text


def test_an_error_of_the_database_does_not_repeat_what_was_to_be_stored(app):
    with pytest.raises(DBAPIError) as error:
        db.session.execute(text("SELECT 1 FROM nothing WHERE x = :secret"), {"secret": SECRET})

    assert SECRET not in str(error.value)


def test_what_goes_wrong_in_the_middle_leaves_no_text_in_the_log(world, client_for, logged, monkeypatch):
    def broken(*_args, **_kwargs):
        db.session.execute(text("INSERT INTO nothing VALUES (:body)"), {"body": SECRET})

    ann = make.employee()
    ticket = make.ticket(ann)
    db.session.commit()
    monkeypatch.setattr("portal.tickets.comments.record", broken)

    answer = client_for(ann).post(f"/tickets/{ticket.key}/comments", data={"body": SECRET})

    assert answer.status_code == 500
    assert "failed" in logged()
    assert SECRET not in logged()


def test_a_link_that_fails_is_not_written_down(app, client_for, logged, monkeypatch):
    ann = make.employee()
    db.session.commit()
    client = client_for(None)
    client.post("/forgot", data={"email": ann.email})
    path = link_in(mails()[-1])

    def broken(*_args, **_kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr("portal.accounts.views.actions.reset_password", broken)
    answer = client.post(path, data={"password": SECRET})

    assert answer.status_code == 500
    assert "/reset/" in logged()
    assert path.rpartition("/")[2] not in logged()
    assert SECRET not in logged()


def test_passwords_and_tokens_are_not_written_down(app, logged):
    make.employee(email="ben@example.org")
    db.session.commit()
    client = app.test_client()

    register(client, password=SECRET)
    path = link_in(mails()[-1])
    client.post(path)
    log_in(client, "ann@example.org", SECRET)
    log_in(client, "ben@example.org", f"wrong {SECRET}")

    assert SECRET not in logged()
    assert path.rpartition("/")[2] not in logged()


@pytest.fixture
def server():
    """What gunicorn.conf.py sets."""
    said = {}
    exec((ROOT / "gunicorn.conf.py").read_text(), said)
    return said


def written(server, uri):
    """The line of the access log about that address."""
    logger = server["logger_class"](Config())
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": uri, "PATH_INFO": uri.partition("?")[0],
               "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_REFERER": f"http://localhost{uri}"}  # fmt: skip
    answer = SimpleNamespace(status="200 OK", sent=1, headers=[], response_length=1)
    request = SimpleNamespace(headers=[])
    atoms = logger.atoms(answer, request, environ, timedelta(seconds=1))

    return Config().access_log_format % SafeAtoms(atoms)


def test_the_access_log_has_no_token_of_a_link(server):
    token = "aB-_" * 10 + "xyz"

    line = written(server, f"/reset/{token}")

    assert "/reset/…" in line
    assert token not in line


def test_the_access_log_has_no_token_of_a_program_that_sent_it_in_the_address(server):
    """There it counts for nothing, but it is good for something elsewhere."""
    token = "aB-_" * 10 + "xyz"

    line = written(server, f"/api/v1/me?token=desk_{token}&x=1")

    assert "/api/v1/me?token=…&x=1" in line
    assert token not in line


def test_s17_no_visitors_header_says_under_which_path_the_desk_stands(server):
    config = Config()
    config.set("forwarder_headers", server["forwarder_headers"])

    assert config.forwarder_headers == []
