from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import db
from portal.permissions import Role
from portal.privacy.models import Mention, PersonJob, PersonJobKind
from portal.privacy.work import is_due


def is_something_due() -> bool:
    """Whether a worker should look for work: what nobody has begun, or somebody died over."""
    return db.session.scalar(select(PersonJob.id).where(is_due()).limit(1)) is not None


def latest_jobs(person: User) -> list[PersonJob]:
    """The last few of this person, the latest first."""
    of_person = select(PersonJob).where(PersonJob.person_id == person.id)
    return list(db.session.scalars(of_person.order_by(PersonJob.id.desc()).limit(5)))


def latest_own_export(person: User) -> PersonJob | None:
    """The last export that the person has asked for."""
    own = select(PersonJob).where(
        PersonJob.person_id == person.id,
        PersonJob.started_by_id == person.id,
        PersonJob.kind == PersonJobKind.EXPORT,
    )
    return db.session.scalar(own.order_by(PersonJob.id.desc()).limit(1))


def job_or_404(job_id: int, *, to_change: bool = False) -> PersonJob:
    found = select(PersonJob).where(PersonJob.id == job_id).options(joinedload(PersonJob.person))
    if to_change:
        found = found.with_for_update(of=PersonJob).execution_options(populate_existing=True)
    return db.one_or_404(found)


def open_job_of(person_id: int) -> PersonJob | None:
    of_person = select(PersonJob).where(PersonJob.person_id == person_id)
    return next((job for job in db.session.scalars(of_person) if job.is_open), None)


def mentions_of(job: PersonJob) -> Select[Mention]:
    """What is still to be decided, with its ticket and its comment or file."""
    undecided = select(Mention).where(Mention.job_id == job.id, Mention.decision.is_(None))
    return undecided.options(
        joinedload(Mention.ticket), joinedload(Mention.comment), joinedload(Mention.attachment)
    )


def count_mentions(job: PersonJob, *, most: int = 1000) -> int:
    """How many those are, counted up to `most`."""
    some = select(Mention.id).where(Mention.job_id == job.id, Mention.decision.is_(None)).limit(most)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def mention_or_404(job_id: int, mention_id: int) -> Mention:
    """Locked, if nobody has decided on it yet."""
    found = select(Mention).where(
        Mention.id == mention_id, Mention.job_id == job_id, Mention.decision.is_(None)
    )
    return db.one_or_404(found.with_for_update(of=Mention))


def other_admins(person: User) -> bool:
    """Whether there is an active admin besides this person."""
    admins = select(User.id).where(User.role == Role.ADMIN, User.is_active.is_(True), User.id != person.id)
    return db.session.scalar(admins.limit(1)) is not None
