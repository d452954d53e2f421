"""What an operator types: `flask ops`, `flask storage`, `flask doctor`."""

import re
import shutil
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import md5

import pytest
from sqlalchemy import delete, insert, select, text, update

from embedded.clamav import ClamAV
from embedded.state import State
from jobs.worker import make_worker
from portal import clock, doctor, invariants, samples, schema
from portal.config import Environment
from portal.events.models import Delivery, Event
from portal.extensions import db
from portal.gateways import antivirus
from portal.gateways.antivirus import Finding as Verdicts
from portal.gateways.antivirus import ScannerVersion
from portal.gateways.maintenance import as_owner
from portal.gateways.queue import RedisQueues
from portal.gateways.redis import PatientRedis
from portal.gateways.storage import Storage
from portal.projects.models import ProjectCounter
from portal.settings.models import Tick
from portal.tickets.models import Part, Ticket, TicketKey, TicketPerson
from tests import factories as make

NOWHERE = "127.0.0.1:1"
needs_clamd = pytest.mark.skipif(
    not shutil.which("clamd", path="/usr/sbin:/usr/bin"), reason="clamd is not installed"
)


@pytest.fixture
def flask(shared_app):
    """Run a command as `flask …` does."""

    def run(*arguments):
        return shared_app.test_cli_runner().invoke(args=list(arguments))

    return run


@pytest.fixture
def settings_are(shared_app, monkeypatch):
    """Change settings of the running application for a test."""

    def change(**values):
        changed = shared_app.config["DESK"].model_copy(update=values)
        monkeypatch.setitem(shared_app.config, "DESK", changed)
        return changed

    return change


@pytest.fixture(autouse=True)
def _real_queue(shared_app, redis):
    """The doctor asks the real one; nobody has worked for it yet, and nothing is left in it."""


@pytest.fixture
def healthy(shared_app):
    """A worker and a timetable that were seen just now."""
    worker = make_worker(shared_app)
    worker.register_birth()
    make.make(Tick, job="jobs.sweep.sweep", due_at=clock.now())
    db.session.commit()
    yield worker
    worker.register_death()


@pytest.fixture
def findings(shared_app):
    """What the doctor says of one subject, as `level: words` each."""

    def about(subject, **options):
        return [f"{f.level}: {f.words}" for f in doctor.examine(**options) if f.subject == subject]

    return about


def levels(output):
    return set(re.findall(r"^(ok|warn|fail)", output, re.MULTILINE))


# ops and storage


def test_verify_head_prints_both_revisions_and_agrees(flask):
    done = flask("ops", "verify-head")

    assert done.exit_code == 0
    assert re.fullmatch(r"current:  (\S+)\nexpected: \1\n", done.output)


def test_verify_head_exits_with_1_where_they_differ(flask, monkeypatch):
    monkeypatch.setattr(schema, "current_head", lambda: None)

    done = flask("ops", "verify-head")

    assert done.exit_code == 1
    assert "current:  none" in done.output


def test_verify_head_says_that_the_database_is_away(flask, monkeypatch):
    def away():
        raise schema.SchemaError("The database does not answer: gone")

    monkeypatch.setattr(schema, "current_head", away)

    done = flask("ops", "verify-head")

    assert done.exit_code == 1
    assert "does not answer" in done.output


def test_wait_for_head_returns_at_once_or_gives_up(flask, monkeypatch):
    assert "at head" in flask("ops", "wait-for-head").output
    monkeypatch.setattr(schema, "expected_head", lambda: "9999")

    done = flask("ops", "wait-for-head", "--timeout", "0")

    assert done.exit_code == 1
    assert "Run `flask ops migrate`" in done.output


def test_migrating_what_is_at_head_changes_nothing(flask):
    done = flask("ops", "migrate")

    assert done.exit_code == 0
    assert "is at head" in done.output


def test_preparing_the_store_twice_is_as_good_as_once(flask):
    assert flask("storage", "prepare").exit_code == 0
    assert "Both buckets are there" in flask("storage", "prepare").output


def test_preparing_a_store_that_is_away_says_so(flask, shared_app, settings_are, monkeypatch):
    away = Storage(settings_are(s3_endpoint=f"http://{NOWHERE}"))
    monkeypatch.setitem(shared_app.extensions, "storage", away)

    done = flask("storage", "prepare")

    assert done.exit_code == 1
    assert "The store does not answer" in done.output


# doctor


def test_a_healthy_desk_has_nothing_that_fails(flask, healthy):
    done = flask("doctor")

    assert done.exit_code == 0, done.output
    assert levels(done.output) <= {"ok", "warn"}
    for subject in ("PostgreSQL", "Schema", "Redis", "Store", "ClamAV", "Worker", "Timetable"):
        assert re.search(rf"^ok    {subject} ", done.output, re.MULTILINE), subject


def test_the_words_stand_below_each_other(flask, healthy):
    columns = {len(re.match(r"\w+\s+\S+\s+", line)[0]) for line in flask("doctor").output.splitlines()}

    assert len(columns) == 1


def test_what_fails_makes_the_command_fail(flask):
    done = flask("doctor")  # without a worker and a timetable

    assert done.exit_code == 1
    assert "fail  Worker        none has been seen lately" in done.output
    assert "fail  Timetable     has never ticked. Start it: python -m jobs.timetable" in done.output


def test_a_worker_that_fell_silent_does_not_count(shared_app, healthy, findings):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    healthy.connection.hset(healthy.key, "last_heartbeat", long_ago)

    assert findings("Worker")[0].startswith("fail: none has been seen lately")


def test_a_timetable_that_stopped_is_named_with_its_last_tick(shared_app, findings):
    with clock.travelling_to(clock.now() - timedelta(minutes=3)):
        make.make(Tick, job="jobs.sweep.sweep", due_at=clock.now())
    db.session.commit()

    assert findings("Timetable")[0].startswith("fail: last ticked at 20")


def test_an_old_postgresql_is_refused(findings, monkeypatch):
    monkeypatch.setattr(doctor, "OLDEST_POSTGRES", 99)

    assert "is too old: 99 or newer is needed" in findings("PostgreSQL")[0]


def test_a_database_that_is_away_fails_each_of_its_checks_and_no_other(findings, monkeypatch):
    def gone(*_, **__):
        raise doctor.SQLAlchemyError("gone")

    with monkeypatch.context() as away:
        away.setattr(db.session, "execute", gone)

        assert findings("Postgres") == ["fail: The database did not answer this: gone"]
        assert findings("Store")[0].startswith("ok")


def test_a_clock_that_is_wrong_is_noticed(findings):
    with clock.travelling_to(clock.now() + timedelta(minutes=5)):
        assert "differ by 300 s" in findings("Clock")[0]


def test_a_schema_behind_its_code_is_named_with_what_to_do(findings, monkeypatch):
    monkeypatch.setattr(schema, "current_head", lambda: "0001")

    assert findings("Schema") == [
        f"fail: at 0001 instead of {schema.expected_head()}. Run `flask ops migrate`."
    ]


def test_a_redis_that_is_away_is_told_and_so_is_what_then_waits(shared_app, findings, monkeypatch):
    away = PatientRedis(f"redis://{NOWHERE}/0")
    monkeypatch.setitem(shared_app.extensions, "patient_redis", away)
    monkeypatch.setitem(shared_app.extensions, "queue", RedisQueues(away))

    assert findings("Redis")[0].startswith("fail: away")
    assert findings("Worker") == ["warn: not known while Redis is away"]


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"maxmemory": 1024, "maxmemory_policy": "allkeys-lru", "aof_enabled": 1}, "fail: maxmemory-policy"),
        ({"maxmemory": 0, "maxmemory_policy": "allkeys-lru", "aof_enabled": 0}, "warn: keeps no append-only"),
    ],
)
def test_a_redis_that_would_lose_jobs_is_named(shared_app, findings, monkeypatch, info, words):
    class Told(PatientRedis):
        def ask(self, question):
            return {"redis_version": "7.4", **info}

    monkeypatch.setitem(shared_app.extensions, "patient_redis", Told(f"redis://{NOWHERE}/0"))

    assert any(said.startswith(words) for said in findings("Redis"))


@pytest.fixture
def cors_are(shared_app):
    """Rules of the quarantine bucket, for as long as the test takes."""
    client, bucket = shared_app.extensions["storage"]._client, shared_app.extensions["storage"].buckets[0]

    def put(origin, method, header):
        rules = (
            f"<CORSConfiguration><CORSRule><AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>{method}"
            f"</AllowedMethod><AllowedHeader>{header}</AllowedHeader></CORSRule></CORSConfiguration>"
        ).encode()
        digest = b64encode(md5(rules, usedforsecurity=False).digest()).decode()
        headers = {"Content-MD5": digest}
        client._execute("PUT", bucket, body=rules, headers=headers, query_params={"cors": ""})

    yield put
    client._execute("DELETE", bucket, query_params={"cors": ""})


def test_a_store_that_browsers_do_not_reach_is_told_apart(shared_app, findings, settings_are, monkeypatch):
    elsewhere = Storage(settings_are(s3_public_base_url=f"http://{NOWHERE}"))
    monkeypatch.setitem(shared_app.extensions, "storage", elsewhere)

    inside, outside = findings("Store")

    assert inside.startswith("ok: both buckets")
    assert outside.startswith("fail: A browser could not put a file")


def test_a_store_that_lets_the_desks_pages_send_files_is_well(findings):
    assert findings("Store")[2] == "ok: lets pages of http://localhost send files"


@pytest.mark.parametrize(
    ("origin", "method", "header"),
    [
        ("http://elsewhere.example", "PUT", "Content-Type"),
        ("http://localhost", "GET", "Content-Type"),
        ("http://localhost", "PUT", "X-Other"),
    ],
)
def test_a_store_that_does_not_let_the_desks_pages_send_files_is_red(
    shared_app, findings, cors_are, origin, method, header
):
    cors_are(origin, method, header)
    assert findings("Store")[2].startswith("fail: It does not let pages of http://localhost send files.")


def test_a_store_whose_bucket_lets_the_desks_pages_alone_send_files_is_well(findings, cors_are):
    cors_are("http://localhost", "PUT", "Content-Type")
    assert findings("Store")[2].startswith("ok")


def test_a_store_without_a_bucket_is_named(shared_app, findings, settings_are, monkeypatch):
    elsewhere = Storage(settings_are(s3_bucket_clean="there-is-none"))
    monkeypatch.setitem(shared_app.extensions, "storage", elsewhere)

    assert "No bucket there-is-none: run `flask storage prepare`" in findings("Store")[0]


def test_a_desk_without_a_scanner_works_and_is_told(findings, settings_are):
    settings_are(clamav_host="")

    assert findings("ClamAV") == [
        "warn: Neither CLAMAV_HOST nor CLAMAV_SOCKET is set: uploads stay unchecked and locked."
    ]


def test_a_scanner_that_is_away_fails(findings, settings_are):
    settings_are(clamav_port=1)

    assert findings("ClamAV")[0].startswith("fail: away")


def test_old_signatures_are_named_by_their_age(findings, monkeypatch):
    built = clock.now() - timedelta(days=30)
    monkeypatch.setattr(antivirus, "version", lambda: ScannerVersion("ClamAV 1.4", "27800", built))

    assert "its signatures are 30 days old" in findings("ClamAV")[0]


ADVICE = "Set MaxFileSize and MaxScanSize above UPLOAD_MAX_MB, which is 1, and AlertExceedsMax yes."
VIRUSES = (
    "the test virus",
    "the test virus in a zip",
    "the test virus in a zip in a zip",
    "the test virus behind 1 MB",
)


def test_a_scanner_is_well_only_where_it_finds_all_of_it(findings, settings_are):
    settings_are(upload_max_mb=1)

    found = [f"ok: found {virus}" for virus in VIRUSES]
    assert findings("ClamAV")[1:] == [*found, "ok: says so where it cannot look into a zip with a password"]


@pytest.fixture
def forgetful_clamd(tmp_path, settings_are):
    """A scanner that is not told to say where it cannot look, because something is locked."""
    server = Forgetful(State(tmp_path), fast=True)
    server.start()
    settings_are(clamav_host="127.0.0.1", clamav_port=server.port, clamav_socket="", upload_max_mb=1)
    yield
    server.stop()


class Forgetful(ClamAV):
    has_official_signatures = False

    def prepare(self):
        super().prepare()
        told = self.directory / "clamd.conf"
        told.write_text(told.read_text().replace("AlertEncrypted yes\n", ""))


@needs_clamd
def test_a_scanner_that_says_nothing_of_what_is_locked_fails_and_the_setting_is_named(
    forgetful_clamd, findings
):
    *found, locked = findings("ClamAV")[1:]

    assert found == [f"ok: found {virus}" for virus in VIRUSES]
    assert locked.startswith("fail: did not say that it cannot look into a zip with a password")
    assert "Set AlertEncrypted yes in clamd.conf" in locked


@pytest.mark.parametrize("blind", VIRUSES)
@pytest.mark.parametrize("finding", [Verdicts.CLEAN, Verdicts.UNSCANNABLE])
def test_a_scanner_that_lets_a_virus_through_fails(findings, settings_are, monkeypatch, blind, finding):
    settings_are(upload_max_mb=1)
    order = iter(VIRUSES)

    def look_at(_file):
        if (what := next(order, None)) is None:
            return antivirus.Verdict(Verdicts.UNSCANNABLE, "Heuristics.Encrypted.Zip", antivirus.version())
        seen = finding if what == blind else Verdicts.INFECTED
        return antivirus.Verdict(seen, None, antivirus.version())

    monkeypatch.setattr(antivirus, "look_at", look_at)

    assert [said for said in findings("ClamAV") if said.startswith("fail")] == [
        f"fail: did not find {blind}. {ADVICE}"
    ]


def test_a_file_as_large_as_an_upload_is_really_that_large():
    *_others, (_what, packed) = samples.test_viruses(3 * 2**20)

    assert 3 * 2**20 - 1024 < packed.seek(0, 2) <= 3 * 2**20


def test_a_scanner_with_test_signatures_alone_fails_where_it_is_no_demo(findings, settings_are):
    settings_are(environment=Environment.PRODUCTION, demo_mode=False)

    (said,) = findings("ClamAV")
    assert said.startswith("fail: ")
    assert "signatures for tests only" in said


def test_a_mail_server_that_is_away_fails(findings, settings_are):
    settings_are(smtp_host="127.0.0.1", smtp_port=1)

    assert findings("Mail")[0].startswith("fail: 127.0.0.1: ")


def test_settings_that_are_wrong_in_production_are_named(findings, settings_are):
    local = "http://127.0.0.1:8000"
    settings_are(environment=Environment.PRODUCTION, public_url=local, secret_key="x" * 16)

    for subject in ("PUBLIC_URL", "SECRET_KEY"):
        assert findings(subject)[0].startswith("warn")


# invariants


@pytest.fixture
def ticket(shared_app):
    """One that has lived a little, so that every invariant has something to hold of."""
    project = make.desk()
    ticket = make.ticket(project=project, assignee=make.agent(), status="closed")
    make.reply(ticket)  # reopens it
    make.note(ticket)
    make.walk(make.ticket(project=project), "blocked")
    db.session.commit()
    return ticket


def test_a_desk_as_it_must_be_says_so(flask, ticket, healthy):
    done = flask("doctor", "--invariants")

    assert done.exit_code == 0, done.output
    assert "ok    Data          as it must be" in done.output


@pytest.mark.parametrize(
    ("hurt", "sentence"),
    [
        (delete(Event).where(Event.kind == "ticket.submitted"), "one event that says it was submitted"),
        (update(Ticket).values(version=Ticket.version + 1), "version is one more than its changes"),
        (update(Ticket).values(reply_count=7), "reply count"),
        (update(Ticket).values(status_category="new"), "status means what the ticket says"),
        (update(Ticket).values(closed_at=datetime(2026, 1, 1, tzinfo=UTC)), "has a time when it was"),
        (update(Ticket).values(waiting_for="other"), "waits for something"),
        (delete(TicketPerson).where(TicketPerson.part == Part.REQUESTER), "may see their ticket"),
        (delete(TicketPerson).where(TicketPerson.part == Part.ASSIGNEE), "may see their ticket"),
        (update(ProjectCounter).values(last_number=0), "above its counter"),
        (
            insert(TicketKey).from_select(["key", "ticket_id"], select(Ticket.key, Ticket.id)),
            "is another's now",
        ),
        (update(Delivery).values(available_at=datetime(2026, 1, 1, tzinfo=UTC)), "more than ten minutes"),
    ],
)
def test_what_is_broken_is_found_and_named(ticket, findings, hurt, sentence):
    assert invariants.broken() == {}
    with as_owner() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign keys for once
        connection.execute(hurt)

    found = findings("Data", with_data=True)

    assert all(said.startswith("fail: Not true: ") for said in found)
    assert any(sentence in said for said in found)
