"""What there is to do for files that nobody asks for any more, and what stands about them in a report."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.attachments.actions import about, delete, expire, wait_again
from portal.attachments.models import Attachment, Discarded, State
from portal.attachments.queries import is_due
from portal.attachments.releasing import is_due as is_to_be_released
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.settings.models import Setting
from portal.tickets.models import Ticket

REPORT = "files_report"  # a row of the settings that no form knows
SETTLED = timedelta(seconds=15)  # a hint is given when it arrives; so long it has to be taken
LONG = timedelta(minutes=10)  # that nobody should wait for the scanner
ABANDONED = timedelta(days=7)
LARGEST = 25


def jobs_due() -> list[str]:
    """Names of the jobs that something waits for; one statement over indexes."""
    now = clock.now()
    left = is_due() & (Attachment.uploaded_at < now - SETTLED)
    late = (Attachment.scanned_status == State.PENDING) & (Attachment.expires_at < now - timedelta(minutes=1))
    waits = {
        "jobs.files.scan_waiting": exists().where(left),
        "jobs.files.expire_announced": exists().where(late),
        "jobs.files.remove_discarded": exists().where(Discarded.available_at <= now),
        "jobs.file_checks.release_wanted": exists().where(is_to_be_released()),
    }
    asked = [select(literal(job)).where(waiting) for job, waiting in waits.items()]
    return sorted(db.session.scalars(union_all(*asked)))


def wanted_releases(limit: int) -> Sequence[int]:
    due = select(Attachment.id).where(is_to_be_released())
    return db.session.scalars(due.order_by(Attachment.id).limit(limit)).all()


def retry_failed(limit: int, *, after: int, actor: User) -> int | None:
    """Have the next files scanned whose check failed; the id to go on behind, None behind the last."""
    failed = select(Attachment).where(Attachment.scanned_status == State.FAILED, Attachment.id > after)
    held = failed.order_by(Attachment.id).limit(limit).with_for_update(skip_locked=True, of=Attachment)
    files = db.session.scalars(held).all()
    if not files:
        return None
    for each in files:
        wait_again(each, actor=actor)
    enqueue_after_commit("jobs.files.scan_waiting", queue="slow")  # nobody's news waits behind these
    return files[-1].id


def waits_long() -> ColumnElement[bool]:
    """Which files have waited for the scanner for longer than anybody should."""
    waiting = Attachment.scanned_status.in_([State.UPLOADED, State.SCANNING])
    return waiting & (Attachment.uploaded_at < clock.now() - LONG)


def abandoned(limit: int) -> Sequence[Attachment]:
    """Files of drafts to which nobody has added any for a week, and what never came; locked."""
    since = clock.now() - ABANDONED
    later = aliased(Attachment)
    added = exists().where(
        later.uploader_id == Attachment.uploader_id,
        later.draft == Attachment.draft,
        later.created_at >= since,
    )
    left_alone = Attachment.draft.is_not(None) & (Attachment.created_at < since) & ~added
    never_came = (Attachment.scanned_status == State.EXPIRED) & (Attachment.created_at < since)
    never_came &= Attachment.ticket_id.is_(None) | Attachment.reason.is_(None)  # the others are seen
    found = select(Attachment).where(or_(left_alone, never_came)).order_by(Attachment.id)
    return db.session.scalars(found.limit(limit).with_for_update(skip_locked=True, of=Attachment)).all()


def delete_abandoned(files: Iterable[Attachment]) -> None:
    for each in files:
        _delete(each, actor=None)
    db.session.flush()


def delete_drafted(uploader: User, *, actor: User) -> None:
    """What they have not sent goes, whatever state it is in: nobody else may ever see it."""
    theirs = select(Attachment).where(Attachment.uploader_id == uploader.id, Attachment.ticket_id.is_(None))
    for each in db.session.scalars(theirs.order_by(Attachment.id).with_for_update(of=Attachment)).all():
        _delete(each, actor=actor)
    db.session.flush()


def _delete(attachment: Attachment, *, actor: User | None) -> None:
    """What never came goes without a word, for nobody has seen it."""
    if attachment.scanned_status is State.PENDING:
        expire([attachment])
    if attachment.scanned_status is State.EXPIRED:
        db.session.delete(attachment)
    else:
        delete(attachment, actor=actor)


@dataclass(frozen=True)
class Report:
    """How the store and the desk agreed when a job last compared them; files by their ids."""

    at: datetime | None = None
    lost: list[int] = field(default_factory=list)  # said to be served; as many as were looked for
    lost_count: int = 0
    projects: list[tuple[int, int, int]] = field(default_factory=list)  # id, files, bytes; the most first
    largest: list[int] = field(default_factory=list)


def report() -> Report:
    """The latest; an empty one where there is none yet."""
    kept: Any = db.session.scalar(select(Setting.value).where(Setting.name == REPORT))
    if not kept:
        return Report()
    projects = [tuple(row) for row in kept["projects"]]
    return Report(**kept | {"at": datetime.fromisoformat(kept["at"]), "projects": projects})


def write_report(lost: list[int]) -> Report:
    """Note which files have lost their object, and what takes how much; who is new among them is an event.

    Reads all files: for jobs and commands.
    """
    before = set(report().lost)
    new = Report(clock.now(), lost, len(lost), _by_project(), _largest())
    row = asdict(new) | {"at": new.at.isoformat() if new.at else None}
    kept = insert(Setting).values(name=REPORT, value=row)
    db.session.execute(kept.on_conflict_do_update(index_elements=["name"], set_={"value": row}))
    for each in _named([number for number in new.lost if number not in before]):
        record(Kind.FILE_LOST, actor=None, **about(each))
    return new


def still_lost() -> list[int]:
    """The files that the last comparison has missed, less those deleted since: what all pages count."""
    served = select(Attachment.id).where(Attachment.scanned_status == State.CLEAN)
    return list(db.session.scalars(served.where(Attachment.id.in_(report().lost)).order_by(Attachment.id)))


def _named(ids: list[int]) -> Sequence[Attachment]:
    return db.session.scalars(select(Attachment).where(Attachment.id.in_(ids)).order_by(Attachment.id)).all()


def _by_project() -> list[tuple[int, int, int]]:
    size = func.sum(Attachment.size)
    kept = (
        select(Ticket.project_id, func.count(), size)
        .join(Attachment, Attachment.ticket_id == Ticket.id)
        .where(Attachment.scanned_status == State.CLEAN)
        .group_by(Ticket.project_id)
        .order_by(size.desc())
    )
    return [(project, number, int(taken)) for project, number, taken in db.session.execute(kept)]


def _largest() -> list[int]:
    kept = select(Attachment.id).where(Attachment.scanned_status == State.CLEAN)
    return list(db.session.scalars(kept.order_by(Attachment.size.desc(), Attachment.id).limit(LARGEST)))
