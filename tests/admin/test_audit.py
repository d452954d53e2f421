import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.admin import queries
from portal.admin.queries import AuditFilter
from portal.admin.words import LABELS
from portal.events.kinds import WHO_SEES, Kind
from portal.events.models import AUDITED, Event
from portal.events.record import record
from portal.extensions import db
from portal.gateways.maintenance import as_owner
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
    plan = db.session.execute(
        text(f"EXPLAIN SELECT * FROM events WHERE {AUDITED} ORDER BY created_at DESC, id DESC LIMIT 26")
    )
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
     {"person": "x" * 500}, {"words": "x" * 500}, {"address": "'"},
     {"cursor": "nonsense"}, {"cursor": "W10"}],
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

    assert "Project created</b>: P0\n" in first
    assert "Project created</b>: P39" not in first
    assert "Project created</b>: P39" in older
    assert 'rel="prev"' in older


def test_nothing_found_is_said(client):
    assert "Nothing matches that" in log(client, person="nobody at all")


def test_the_log_asks_as_much_with_twenty(client, boss, statements):
    log(client)
    statements.clear()
    log(client)
    few = len(statements)
    for _ in range(20):
        record(Kind.LOGGED_IN, actor=make.agent())
    db.session.commit()
    statements.clear()

    log(client)

    assert len(statements) == few <= 8


def found(client, **query):
    return log(client, **query).partition('id="audit"')[2]


@pytest.mark.parametrize(
    ("words", "is_found"),
    [("kreuzberg", True), ("Kreuz", True), ("berg", False), ("kreuzberg office", True),
     ("office mars", False), ("it's", False), ("\\", False), ("'", False), ("a & | ! b", False),
     ("4711", True)],
)  # fmt: skip
def test_it_is_searched_by_words(client, boss, words, is_found):
    record(Kind.DEPARTMENT_CREATED, actor=boss, department_id=4711, department="Office Kreuzberg")
    db.session.commit()

    assert ("Office Kreuzberg" in found(client, words=words)) == is_found


@pytest.mark.parametrize(
    ("address", "is_found"),
    [("203.0.113.7", True), ("203.0.", True), ("10.", False), ("%", False), ("2", True)],
)
def test_it_is_searched_by_where_it_came_from(client, app, address, is_found):
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    log_in(elsewhere, "mallory@example.org", "wrong")

    assert ("mallory@example.org" in found(client, address=address)) == is_found


def test_where_each_change_came_from_stands_in_the_log_and_in_the_file(client, boss):
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    petra = make.agent(name="Petra Lindqvist")
    db.session.commit()
    client.post(f"/admin/people/{petra.id}", data={"name": petra.name, "role": "manager"})

    assert "from 203.0.113.9" in found(client, kind=Kind.ACCOUNT_EDITED)
    assert exported(client, kind=Kind.ACCOUNT_EDITED)[0]["address"] == "203.0.113.9"
    assert exported(client, kind=Kind.AUDIT_EXPORTED)[0]["address"] == "203.0.113.9"


def test_what_nobody_asked_for_over_the_network_has_no_address(client):
    client.get("/admin/audit")
    happened(days=0)

    assert exported(client, kind="project.created")[0]["address"] == ""


def test_what_people_do_on_tickets_keeps_no_address(client, world):
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    ticket = make.ticket()
    db.session.commit()
    client.post(f"/tickets/{ticket.key}/comments", data={"body": "It burns."})

    replied = db.session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)).all()
    assert replied
    assert {event.address for event in replied} == {None}


@pytest.fixture
def long_log(shared_app):
    """Twenty thousand events, of which the planner knows."""
    petra = make.agent(name="Petra")
    db.session.commit()
    fill = text("""
        INSERT INTO events (kind, depth, is_public, created_at, actor_id, address, data)
        SELECT CASE WHEN n % 1000 = 0 THEN 'project.created' ELSE 'account.logged_in' END, 0, true,
               now() - n * interval '1 minute', CASE WHEN n % 900 = 0 THEN :petra END,
               '10.0.' || n % 250 || '.1', jsonb_build_object('user', 'word' || n, 'user_id', -n)
        FROM generate_series(1, 20000) n
    """)
    with as_owner() as connection:
        connection.execute(fill, {"petra": petra.id})
        connection.execute(text("ANALYZE events"))


def test_no_way_to_search_reads_the_whole_log(long_log):
    month_ago = clock.now() - timedelta(days=10)
    ways = {
        "ix_events_audit_kind": {"kind": Kind.PROJECT_CREATED},
        "ix_events_audit_words": {"words": "word77"},
        "ix_events_audit_address": {"address": "10.0.77."},
        "ix_events_audit_actor": {"person": "petra"},
        "ix_events_audit ": {"since": month_ago, "until": month_ago + timedelta(days=1)},
    }
    for index, asked in ways.items():
        plan = plan_of(queries.audit(AuditFilter(**asked)).order_by(*queries.AUDIT_ORDER.clauses()).limit(26))

        assert "Seq Scan on events" not in plan
        assert index in plan, plan


def plan_of(query):
    asked = query.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
    return "\n".join(row[0] for row in db.session.connection().exec_driver_sql(f"EXPLAIN {asked}"))


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
