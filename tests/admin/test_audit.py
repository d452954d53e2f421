import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import text

from portal import clock
from portal.admin import queries
from portal.admin.words import LABELS
from portal.events.kinds import Kind
from portal.events.models import AUDITED
from portal.events.record import record
from portal.extensions import db
from portal.settings.actions import change_settings
from portal.tickets import confidentiality, moving, participants
from tests import factories as make
from tests.accounts.gate import log_in


@pytest.fixture
def boss(app):
    person = make.admin(name="Aylin Demir", email="aylin@example.org")
    db.session.commit()
    return person


@pytest.fixture
def client(client_for, boss, world):
    return client_for(boss)


def log(client, **query):
    return client.get("/admin/audit", query_string=query).text


def happened(**moment):
    with clock.travelling_to(clock.now() - timedelta(**moment)):
        record(Kind.PROJECT_CREATED, actor=None, project_id=1, project=f"P{sum(moment.values())}")
    db.session.commit()


WHO_SEES = {
    Kind.PARTICIPANT_ADDED,
    Kind.PARTICIPANT_REMOVED,
    Kind.CONFIDENTIALITY_CHANGED,
    Kind.TICKET_MOVED,
}


def test_every_event_of_the_desk_itself_has_words_and_so_has_who_sees_a_ticket():
    of_the_desk = {kind for kind in Kind if kind.split(".")[0] not in {"ticket", "comment", "note"}}

    assert set(LABELS) == of_the_desk | WHO_SEES
    assert set(re.findall(r"'([^']+)'", str(AUDITED))) == WHO_SEES


def test_who_was_let_into_a_ticket_and_who_was_kept_out_is_there(client, boss):
    ann, zoe = make.employee(name="Ann"), make.employee(name="Zoe")
    ticket = make.ticket(ann, title="Salary")
    participants.add_participant(ticket, zoe, actor=ann)
    participants.remove_participant(ticket, zoe.id, actor=ann)
    confidentiality.make_confidential(ticket, actor=boss)
    moving.move(ticket, make.project("HR", name="Human Resources"), actor=boss)
    make.reply(ticket)
    db.session.commit()

    text = log(client)

    assert "Participant added</b>: Zoe" in text
    assert "Participant removed</b>: Zoe" in text
    assert "Confidential: <b>no</b> became <b>yes</b>" in text
    assert "Project: <b>IT support</b> became <b>Human Resources</b>" in text
    assert text.count("· HR-1<") == 4
    assert "comment.added" not in text
    assert "Participant removed</b>" not in log(client, kind=Kind.PARTICIPANT_ADDED)


def test_the_log_reads_the_index_that_is_made_for_it(app):
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = db.session.execute(text(f"EXPLAIN SELECT * FROM events WHERE {AUDITED} ORDER BY id DESC LIMIT 26"))
    assert "ix_events_audit" in "".join(row[0] for row in plan)


def test_a_change_is_told_with_what_it_was(client, boss):
    petra = make.agent(name="Petra Lindqvist")
    db.session.commit()
    client.post(f"/admin/people/{petra.id}", data={"name": petra.name, "role": "manager"})

    text = log(client)

    assert "Account changed</b>: Petra Lindqvist" in text
    assert "Role: <b>Agent</b> became <b>Manager</b>" in text


def test_values_are_words(client):
    domains = ("a.org", "b.org")
    change_settings(actor=None, registration_open=False, languages=("en",), registration_domains=domains)
    db.session.commit()

    text = log(client)

    for words in ("English, Deutsch", "a.org, b.org", "nothing", ">yes<", ">no<"):
        assert words in text


def test_what_happened_on_tickets_stands_with_the_tickets(client, world):
    make.ticket(title="Not for the audit")
    db.session.commit()

    assert "ticket.submitted" not in log(client)


def test_it_is_filtered_by_kind(client, app):
    happened(days=0)
    log_in(app.test_client(), "who@example.org", "wrong")

    text = log(client, kind="account.login_failed")

    assert "Log-in refused" in text.partition('id="audit"')[2]
    assert "Project created" not in text.partition('id="audit"')[2]


@pytest.mark.parametrize(
    ("words", "is_found"),
    [("petra", True), ("lindqvist", True), ("petra@", True), ("%", False), ("ben", False)],
)
def test_it_is_filtered_by_person(client, boss, words, is_found):
    petra = make.agent(name="Petra Lindqvist", email="petra@example.org")
    make.agent(name="Ben Okafor")
    record(Kind.ACCOUNT_EDITED, actor=boss, user_id=petra.id, user=petra.name)
    db.session.commit()

    text = log(client, person=words).partition('id="audit"')[2]

    assert ("Petra Lindqvist" in text) == is_found


def test_a_refused_log_in_is_found_by_the_address_that_was_typed(client, app):
    log_in(app.test_client(), "mallory@example.org", "wrong")

    assert "mallory@example.org" in log(client, person="mallory").partition('id="audit"')[2]


def test_it_is_filtered_by_days_of_the_readers_zone(client):
    moment = clock.now().replace(year=2026, month=7, day=15, hour=12, minute=0)
    with clock.travelling_to(moment.replace(hour=22, minute=30)):  # the 16th in Berlin
        record(Kind.PROJECT_CREATED, actor=None, project_id=1, project="LATE")
    with clock.travelling_to(moment):
        record(Kind.PROJECT_CREATED, actor=None, project_id=2, project="NOON")
    db.session.commit()

    fifteenth = log(client, since="2026-07-15", until="2026-07-15")
    sixteenth = log(client, since="2026-07-16", until="2026-07-16")

    assert ("NOON" in fifteenth, "LATE" in fifteenth) == (True, False)
    assert ("NOON" in sixteenth, "LATE" in sixteenth) == (False, True)


@pytest.mark.parametrize(
    "query",
    [{"kind": "nonsense"}, {"since": "yesterday"}, {"until": "0001-01-01"}, {"until": "9999-12-31"},
     {"person": "x" * 500}, {"cursor": "nonsense"}, {"cursor": "W10"}],
)  # fmt: skip
def test_nonsense_in_the_address_is_no_mistake_of_the_server(client, query):
    assert client.get("/admin/audit", query_string=query).status_code == 200


def test_a_span_that_ends_before_it_begins_says_so(client):
    assert "The last day lies before the first." in log(client, since="2026-07-16", until="2026-07-15")


def test_a_long_log_is_paged(client):
    for number in range(40):
        happened(hours=number)

    first = log(client)
    href = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    older = client.get(href).text

    assert "Project created</b>: P39" in first
    assert "Project created</b>: P0\n" not in first
    assert "Project created</b>: P0\n" in older
    assert 'rel="prev"' in older


def test_nothing_found_is_said(client):
    assert "Nothing matches that" in log(client, person="nobody at all")


def test_the_log_asks_as_much_with_twenty(client, boss, statements):
    log(client)
    statements.clear()
    log(client)
    few = len(statements)
    for _ in range(20):
        record(Kind.LOGGED_IN, actor=make.agent(), address="10.0.0.1")
    db.session.commit()
    statements.clear()

    log(client)

    assert len(statements) == few <= 8


# As a file


def exported(client, **query):
    answer = client.post("/admin/audit/export", query_string=query)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == "attachment; filename=audit-log.csv"
    return list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))


def test_a_file_holds_what_the_filter_finds_and_its_taking_is_logged(client, boss):
    happened(days=3)
    rows = exported(client, kind="project.created")

    assert [(row["event"], row["subject"]) for row in rows] == [("project.created", "P3")]
    assert rows[0]["time"].endswith("+00:00")
    assert "Audit log exported" in log(client)
    assert "kind=project.created" in log(client)


def test_a_file_of_many_parts_holds_every_event_once(client, monkeypatch):
    for _ in range(7):
        happened(days=1)
    monkeypatch.setattr(queries.audit_rows, "__kwdefaults__", {"at_once": 3})
    rows = exported(client, kind="project.created")
    ids = [int(row["id"]) for row in rows]
    assert len(ids) == 7
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "  ="])
def test_no_cell_is_a_formula(client, start):
    record(Kind.PROJECT_CREATED, actor=None, project_id=1, project=f"{start}cmd|' /C calc'!A0")
    db.session.commit()
    rows = exported(client, kind="project.created")
    assert rows[0]["subject"].startswith("'")
