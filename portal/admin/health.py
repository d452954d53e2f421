"""Whether the machines around the desk answer, in words that say what to do."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from rq import Worker
from sqlalchemy import text

from portal import clock, privileges, schema
from portal.admin.queries import last_tick
from portal.attachments.held import long_waiting
from portal.attachments.upkeep import still_lost
from portal.extensions import db
from portal.gateways import antivirus, smtp
from portal.gateways.antivirus import ScannerAway
from portal.gateways.redis import RedisAway, redis
from portal.gateways.smtp import MailServerAway
from portal.gateways.storage import StorageAway, storage

PATIENCE = 3.0  # seconds that a person waits for the slowest of them
TICK = timedelta(minutes=3)  # the timetable starts something every 20 seconds


class State(StrEnum):
    WELL = "well"
    ODD = "odd"  # works, but somebody should look
    AWAY = "away"
    OFF = "off"  # not set up, which may be on purpose


@dataclass(frozen=True)
class Check:
    """How one machine is, what that means for people, and what to do about it."""

    name: str
    state: State
    said: str
    todo: str = ""
    detail: str = ""  # what the machine answered, for whoever mends it


def checks() -> list[Check]:
    """Ask all of them; the slow ones at once, and none longer than `PATIENCE`."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001, Flask's own way
    pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="health")
    asked = {ask: pool.submit(_within, app, ask) for ask in (_ask_store, _ask_scanner, _ask_mail_server)}
    here = [_database(), _audit_log(), _redis(), _workers(), _timetable(), _files()]
    end = clock.now() + timedelta(seconds=PATIENCE)
    store, scanner, mail_server = (_answer(future, end) for future in asked.values())
    pool.shutdown(wait=False)
    return [*here, _store(store), _scanner(scanner), _mail_server(mail_server)]


def scanner() -> Check:
    """The virus scanner alone."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001, as above
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
    asked = pool.submit(_within, app, _ask_scanner)
    pool.shutdown(wait=False)
    return _scanner(_answer(asked, clock.now() + timedelta(seconds=PATIENCE)))


def _within(app: Flask, ask: Callable[[], Any]) -> Any:
    with app.app_context():
        return ask()


def _answer(future: Future, end) -> Any:
    """What it answered, or the exception that says why not."""
    try:
        return future.result(timeout=max((end - clock.now()).total_seconds(), 0))
    except TooLate:
        return TimeoutError(_("No answer within %(seconds)d seconds.", seconds=PATIENCE))
    except Exception as error:  # noqa: BLE001, whatever it is, it is the answer
        return error


def _ask_store() -> None:
    storage().check()


def _ask_scanner() -> antivirus.ScannerVersion | None:
    desk = current_app.config["DESK"]
    return antivirus.version() if desk.clamav_host or desk.clamav_socket else None


def _ask_mail_server() -> bool:
    if smtp.is_set_up():
        smtp.check()
    return smtp.is_set_up()


def _database() -> Check:
    name = _("Database")
    version = db.session.scalar(text("SHOW server_version"))
    if not schema.is_at_head():
        return Check(
            name,
            State.ODD,
            _("It answers, but its schema is not the one of this release."),
            _("Run `flask ops migrate`."),
            f"PostgreSQL {version}",
        )
    return Check(
        name, State.WELL, _("It answers, and its schema is up to date."), detail=f"PostgreSQL {version}"
    )


def _audit_log() -> Check:
    name = _("Audit log")
    if privileges.can_change_history():
        return Check(
            name,
            State.ODD,
            _("The application could change or remove what stands in it: its database role owns the tables."),
            _(
                "Give the owner to `MAINTENANCE_DATABASE_URL` and another role to `DATABASE_URL`,"
                " then run `flask ops migrate`."
            ),
        )
    return Check(name, State.WELL, _("The application can add to it, and change nothing that stands there."))


def _redis() -> Check:
    try:
        redis().ask(lambda connection: connection.ping())
    except RedisAway as error:
        return Check(
            "Redis",
            State.AWAY,
            _(
                "It does not answer. Tickets and replies are saved all the same;"
                " mails, notifications and live pages wait."
            ),
            _("Start it, or correct REDIS_URL. What waits is done then by itself."),
            str(error),
        )
    return Check("Redis", State.WELL, _("It answers."))


def _workers() -> Check:
    name = _("Workers")
    try:
        workers = redis().ask(lambda connection: len(Worker.all(connection=connection)))
    except RedisAway:
        return Check(name, State.ODD, _("Nobody knows how many there are while Redis does not answer."))
    if not workers:
        return Check(
            name,
            State.AWAY,
            _("None is running: mails, notifications and checks of files wait."),
            _("Start one: `python -m jobs.worker`."),
        )
    return Check(name, State.WELL, ngettext("One is running.", "%(num)s are running.", workers))


def _timetable() -> Check:
    name, tick = _("Timetable"), last_tick()
    if tick is None or clock.now() - tick > TICK:
        return Check(
            name,
            State.AWAY,
            _("It has started nothing lately, so nothing that failed is tried again."),
            _("Start it: `python -m jobs.timetable`."),
        )
    return Check(name, State.WELL, _("It runs."))


def _store(answer: Any) -> Check:
    name = _("File store")
    if isinstance(answer, StorageAway | TimeoutError):
        return Check(
            name,
            State.AWAY,
            _("It does not answer. Texts are saved all the same; files cannot be sent or fetched."),
            _("Start it, or correct the S3 settings; `flask storage prepare` makes missing buckets."),
            str(answer),
        )
    return _unless_broken(name, answer) or Check(name, State.WELL, _("It answers and has both buckets."))


def _scanner(answer: Any) -> Check:
    name = _("Virus scanner")
    if answer is None:
        return Check(
            name,
            State.OFF,
            _("None is set. Files stay unchecked, and what is unchecked is handed to nobody."),
            _("Set CLAMAV_HOST to the address of clamd, or CLAMAV_SOCKET to its socket."),
        )
    if isinstance(answer, ScannerAway | TimeoutError):
        return Check(
            name,
            State.AWAY,
            _("It does not answer. Files wait to be checked; nobody gets them until then."),
            _("Start clamd, or correct CLAMAV_HOST or CLAMAV_SOCKET."),
            str(answer),
        )
    return _unless_broken(name, answer) or _signatures(name, answer)


def _signatures(name: str, by: antivirus.ScannerVersion) -> Check:
    """What a scanner's word is worth that answers."""
    if by.signatures is None and not current_app.config["DESK"].takes_test_signatures:
        said = _("It has signatures for tests only, so its word counts for nothing. Files wait.")
        return Check(name, State.AWAY, said, _("Let freshclam run."), by.engine)
    if by.signatures is None:
        said = _("It answers, but its signatures are for tests only. That is enough for a demo.")
        return Check(name, State.ODD, said, _("Let freshclam run."), by.engine)
    age = clock.now() - by.signed_at if by.signed_at else None
    detail = f"{by.engine}, {by.signatures}"
    if age is None:
        return Check(name, State.ODD, _("It does not say how old its signatures are."), "", detail)
    if age > antivirus.TOO_OLD:
        said = ngettext(
            "It answers, but its signatures are %(num)s day old.",
            "It answers, but its signatures are %(num)s days old.",
            age.days,
        )
        return Check(name, State.ODD, said, _("Let freshclam run."), detail)
    said = ngettext(
        "It answers, and its signatures are %(num)s day old.",
        "It answers, and its signatures are %(num)s days old.",
        age.days,
    )
    return Check(name, State.WELL, said, detail=detail)


def _files() -> Check:
    name, lost, waiting = _("Files"), len(still_lost()), long_waiting()
    if lost:
        said = ngettext(
            "The store has lost %(num)s file that the desk has.",
            "The store has lost %(num)s files that the desk has.",
            lost,
        )
        todo = _("Look under Files, Storage; bring them back from a backup of the store.")
        return Check(name, State.AWAY, said, todo)
    if waiting:
        said = ngettext(
            "%(num)s file waits to be checked for more than ten minutes.",
            "%(num)s files wait to be checked for more than ten minutes.",
            waiting,
        )
        return Check(name, State.ODD, said, _("See whether scanner, store and workers run."))
    return Check(name, State.WELL, _("None waits long for its check, and none is lost."))


def _mail_server(answer: Any) -> Check:
    name = _("Mail server")
    if answer is False:
        return Check(
            name,
            State.OFF,
            _("None is set. Mails are written and wait; they can be read under Mail."),
            _("Set SMTP_HOST; what waits is sent then by itself."),
        )
    if isinstance(answer, MailServerAway | TimeoutError):
        return Check(
            name,
            State.AWAY,
            _("It does not answer. Mails wait and are tried again for a day."),
            _("Start it, or correct the SMTP settings."),
            str(answer),
        )
    return _unless_broken(name, answer) or Check(name, State.WELL, _("It answers and takes our log-in."))


def _unless_broken(name: str, answer: Any) -> Check | None:
    """An error nobody thought of is shown, not hidden."""
    if not isinstance(answer, Exception):
        return None
    return Check(name, State.AWAY, _("Asking it failed in a way we did not expect."), detail=repr(answer))
