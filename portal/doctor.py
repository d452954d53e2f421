"""`flask doctor`: is everything there that the desk needs, and is it as it should be?"""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, invariants, privileges, samples, schema
from portal.attachments.held import long_waiting
from portal.attachments.upkeep import still_lost
from portal.config import Environment, Settings
from portal.extensions import db
from portal.gateways import antivirus, smtp
from portal.gateways.antivirus import ScanBroke, ScannerAway
from portal.gateways.queue import queues
from portal.gateways.redis import RedisAway, redis
from portal.gateways.smtp import MailServerAway
from portal.gateways.storage import StorageAway, storage
from portal.settings.models import Tick

OLDEST_POSTGRES = 15
SILENCE = timedelta(minutes=2)  # of a worker or the timetable, before somebody should look
SKEW = timedelta(seconds=2)
ABOUT_POSTGRES = """
    SELECT current_setting('server_version_num')::int, current_setting('server_version'), clock_timestamp()
"""


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    level: Level
    subject: str
    words: str


def ok(subject: str, words: str) -> Finding:
    return Finding(Level.OK, subject, words)


def warn(subject: str, words: str) -> Finding:
    return Finding(Level.WARN, subject, words)


def fail(subject: str, words: str) -> Finding:
    return Finding(Level.FAIL, subject, words)


@click.command("doctor")
@click.option("--invariants", "with_data", is_flag=True, help="Look at all data too: may take minutes.")
@with_appcontext
def doctor(*, with_data: bool) -> None:
    """Ask everything the desk needs whether it is there, and say what to do where it is not.

    Exit code 1 where something fails; a warning is worth a look, and the desk works.
    """
    found = []
    for finding in examine(with_data=with_data):
        found.append(finding.level)
        colour = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}[finding.level]
        click.echo(f"{click.style(f'{finding.level:<4}', fg=colour)}  {finding.subject:<12}  {finding.words}")
    sys.exit(1 if Level.FAIL in found else 0)


def examine(*, with_data: bool = False) -> Iterator[Finding]:
    """What there is to say, each as soon as it is known."""
    for check in (*CHECKS, *([_data] if with_data else [])):
        try:
            yield from check()
        except SQLAlchemyError as error:
            db.session.rollback()
            why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            yield fail(check.__name__.strip("_").capitalize(), f"The database did not answer this: {why}")


def _settings() -> Iterator[Finding]:
    settings: Settings = current_app.config["DESK"]
    host = urlsplit(settings.public_url).hostname or ""
    is_production = settings.environment is Environment.PRODUCTION
    if is_production and (not settings.is_https or host in {"localhost", "127.0.0.1", "::1"}):
        yield warn(
            "PUBLIC_URL", f"{settings.public_url} stands in mails. Set the https:// address people use."
        )
    else:
        yield ok("PUBLIC_URL", settings.public_url)
    if len(settings.secret_key) < 32:
        yield warn(
            "SECRET_KEY", "It is short: take 32 random characters. SECRET_KEY_FALLBACKS keeps the old."
        )
    else:
        yield ok("SECRET_KEY", f"{len(settings.secret_key)} characters")


def _postgres() -> Iterator[Finding]:
    started = clock.now()
    number, name, theirs = db.session.execute(text(ABOUT_POSTGRES)).one()
    skew = abs(theirs - clock.now())
    db.session.rollback()
    took = (clock.now() - started).total_seconds() * 1000
    if number // 10_000 < OLDEST_POSTGRES:
        yield fail("PostgreSQL", f"{name} is too old: {OLDEST_POSTGRES} or newer is needed.")
    else:
        yield ok("PostgreSQL", f"{name}, answers in {took:.0f} ms")
    if skew > SKEW + timedelta(milliseconds=took):
        yield warn(
            "Clock", f"This machine and the database differ by {skew.total_seconds():.0f} s. Run NTP on both."
        )
    else:
        yield ok("Clock", "as the database's")


def _schema() -> Iterator[Finding]:
    try:
        current, expected = schema.current_head(), schema.expected_head()
    except schema.SchemaError as error:
        yield fail("Schema", str(error))
        return
    if current == expected:
        yield ok("Schema", f"at head, {current}")
    else:
        yield fail("Schema", f"at {current or 'nothing'} instead of {expected}. Run `flask ops migrate`.")


def _audit_log() -> Iterator[Finding]:
    can_change_it = privileges.can_change_history()
    db.session.rollback()
    if can_change_it:
        yield warn(
            "History",
            "The application could change or remove what stands in it. Give the database's owner to"
            " MAINTENANCE_DATABASE_URL and another role to DATABASE_URL, then run `flask ops migrate`.",
        )
    else:
        yield ok("History", "the application can add to it and change nothing")


def _redis() -> Iterator[Finding]:
    try:
        info = redis().ask(lambda connection: connection.info())
    except RedisAway as error:
        yield fail(
            "Redis", f"away: {error}. Check REDIS_URL. Tickets are taken; what follows waits for the sweep."
        )
        return
    yield ok("Redis", f"{info.get('valkey_version') or info['redis_version']}")
    yield from _redis_memory(info)
    if not info.get("aof_enabled"):
        yield warn(
            "Redis", "keeps no append-only file: a restart forgets all jobs, and the sweep has to find them."
        )


def _redis_memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        yield fail("Redis", f"maxmemory-policy is {policy}: it throws jobs away. Set it to noeviction.")


def _store() -> Iterator[Finding]:
    try:
        storage().check()
    except StorageAway as error:
        yield fail("Store", f"{error} Check S3_ENDPOINT and its keys.")
        return
    yield ok("Store", f"both buckets at {storage().settings.s3_endpoint}")
    public = storage().settings.s3_public_base_url
    try:
        storage().check_as_a_browser()
    except StorageAway as error:
        yield fail("Store", f"A browser could not put a file and get it again at {public}: {error}"
                   " Set S3_PUBLIC_BASE_URL to where browsers reach the store.")  # fmt: skip
        return
    yield ok("Store", f"put and got a file as a browser does, at {public}")
    yield _lets_pages_send()


def _lets_pages_send() -> Finding:
    """A store that answers programs may still refuse pages of another origin, which browsers ask it first."""
    page, bucket = urlsplit(current_app.config["DESK"].public_url), storage().buckets[0]
    origin = f"{page.scheme}://{page.netloc}"
    try:
        if storage().lets_put(origin):
            return ok("Store", f"lets pages of {origin} send files")
    except StorageAway as error:
        return fail("Store", f"It did not say whether pages of {origin} may send files: {error}")
    return fail(
        "Store",
        f"It does not let pages of {origin} send files. Allow this origin in the CORS rules of the bucket"
        f" {bucket}, with the method PUT and the header Content-Type: docs/operating.md, Attachments.",
    )


def _scanner() -> Iterator[Finding]:
    settings: Settings = current_app.config["DESK"]
    if not settings.clamav_host and not settings.clamav_socket:
        yield warn(
            "ClamAV",
            "Neither CLAMAV_HOST nor CLAMAV_SOCKET is set: uploads stay unchecked and locked.",
        )
        return
    try:
        found = antivirus.version()
    except ScannerAway as error:
        where = "CLAMAV_SOCKET" if settings.clamav_socket else "CLAMAV_HOST and CLAMAV_PORT"
        yield fail("ClamAV", f"away: {error}. Uploads wait for it. Check {where}.")
        return
    if found.signatures is None and not settings.takes_test_signatures:
        yield fail(
            "ClamAV",
            f"{found.engine} has signatures for tests only: no file is ever clean for it. Run freshclam.",
        )
        return
    yield _signatures(found)
    for what, file in samples.test_viruses(settings.upload_limit):
        yield _finds(what, file, settings.upload_max_mb)
    yield _says_what_is_locked()


def _signatures(found: antivirus.ScannerVersion) -> Finding:
    if found.signatures is None:
        return warn("ClamAV", f"{found.engine} has signatures for tests only: enough for a demo.")
    age = clock.now() - found.signed_at if found.signed_at else None
    if age is None or age > antivirus.TOO_OLD:
        old = f"{age.days} days old" if age else "of an unknown day"
        return warn("ClamAV", f"{found.engine}: its signatures are {old}. Run freshclam.")
    return ok("ClamAV", f"{found.engine}, signatures {found.signatures}, {age.days} days old")


def _finds(what: str, file: BinaryIO, limit: int) -> Finding:
    try:
        verdict = antivirus.look_at(file)
    except (ScannerAway, ScanBroke) as error:
        return fail(
            "ClamAV",
            f"could not check {what}: {error}."
            f" Set StreamMaxLength in clamd.conf above UPLOAD_MAX_MB, which is {limit}.",
        )
    if verdict.finding is not antivirus.Finding.INFECTED:
        return fail(
            "ClamAV",
            f"did not find {what}. Set MaxFileSize and MaxScanSize above UPLOAD_MAX_MB, which is {limit},"
            " and AlertExceedsMax yes.",
        )
    return ok("ClamAV", f"found {what}")


def _says_what_is_locked() -> Finding:
    try:
        verdict = antivirus.look_at(io.BytesIO(samples.locked_zip()))
    except ScannerAway as error:
        return fail("ClamAV", f"could not check a zip with a password: {error}.")
    if verdict.finding is not antivirus.Finding.UNSCANNABLE:
        return fail(
            "ClamAV",
            "did not say that it cannot look into a zip with a password: what is in there would be"
            " served unchecked. Set AlertEncrypted yes in clamd.conf, and start clamd again.",
        )
    return ok("ClamAV", "says so where it cannot look into a zip with a password")


def _files() -> Iterator[Finding]:
    lost, waiting = still_lost(), long_waiting()
    db.session.rollback()
    if lost:
        ids = ", ".join(map(str, lost[:5]))
        yield fail(
            "Files",
            f"{len(lost)} are said to be served, and the store had lost them at the last look, such as {ids}."
            " Bring them back from a backup, then run `flask storage reconcile`.",
        )
    if waiting:
        yield warn("Files", f"{waiting} wait for the scanner for more than ten minutes.")
    if not lost and not waiting:
        yield ok("Files", "none waits long, none is lost")


def _mail() -> Iterator[Finding]:
    settings: Settings = current_app.config["DESK"]
    if not smtp.is_set_up():
        yield warn("Mail", "SMTP_HOST is not set: mails wait, and an admin can read them under /admin/mail.")
        return
    try:
        smtp.check()
    except MailServerAway as error:
        yield fail("Mail", f"{settings.smtp_host}: {error}. Mails wait. Check the SMTP_ settings.")
        return
    yield ok("Mail", f"{settings.smtp_host} takes the login")


def _worker() -> Iterator[Finding]:
    try:
        workers = queues().workers()
        waiting = sum(queues().lengths().values())
    except RedisAway:
        yield warn("Worker", "not known while Redis is away")
        return
    living = [name for name, seen in workers.items() if clock.now() - seen < SILENCE]
    if living:
        yield ok("Worker", f"{len(living)} at work, {waiting} jobs wait")
    else:
        yield fail(
            "Worker", f"none has been seen lately, {waiting} jobs wait. Start one: python -m jobs.worker"
        )


def _timetable() -> Iterator[Finding]:
    last = db.session.scalar(select(func.max(Tick.claimed_at)))
    db.session.rollback()
    if last is None or clock.now() - last > SILENCE:
        when = f"last ticked at {last:%Y-%m-%d %H:%M} UTC" if last else "has never ticked"
        yield fail("Timetable", f"{when}. Start it: python -m jobs.timetable")
    else:
        yield ok("Timetable", f"ticked {(clock.now() - last).total_seconds():.0f} s ago")


def _data() -> Iterator[Finding]:
    db.session.execute(text("SET LOCAL statement_timeout = '15min'"))
    broken = invariants.broken()
    db.session.rollback()
    for sentence, ids in broken.items():
        yield fail("Data", f"Not true: {sentence} For example {', '.join(map(str, ids))}.")
    if not broken:
        yield ok("Data", "as it must be")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _settings,
    _postgres,
    _schema,
    _audit_log,
    _redis,
    _store,
    _scanner,
    _files,
    _mail,
    _worker,
    _timetable,
)
