"""Asking for what is known of somebody, and anonymizing them. Nothing here commits."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User, about
from portal.attachments.upkeep import delete_drafted
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.privacy import anonymizing
from portal.privacy.models import PersonJob, PersonJobKind, PersonJobState
from portal.privacy.queries import latest_own_export, open_job_of, other_admins

WORK = "jobs.privacy.work"
SOON = timedelta(hours=1)  # of one's own exports


def ask_for_export(person: User, *, actor: User) -> PersonJob:
    """Begin to collect what is known of the person; one that is being collected is not begun anew.

    Raises DomainError for somebody who was anonymized, and for one's own within the hour.
    """
    _hold(person)
    if person.anonymized_at:
        raise DomainError(_("Nobody knows any more who this was, so there is nothing to hand out."))
    if running := open_job_of(person.id):
        return running
    latest = latest_own_export(person)
    if actor.id == person.id and latest and latest.has_result and latest.created_at > clock.now() - SOON:
        raise DomainError(_("You have one of the last hour."))
    record(Kind.EXPORT_ASKED, actor=actor, **about(person))
    return _begin(PersonJob(kind=PersonJobKind.EXPORT, person_id=person.id, started_by_id=actor.id))


def cancel(job: PersonJob, *, actor: User) -> None:
    """End an export that is not done; anonymizing cannot be taken back, so it cannot be stopped either."""
    if not job.is_export:
        raise DomainError(_("Anonymizing cannot be stopped half-way."))
    if not job.is_open:
        return
    job.state, job.lease_until, job.finished_at = PersonJobState.CANCELLED, None, clock.now()
    record(Kind.EXPORT_CANCELLED, actor=actor, **about(job.person))


def anonymize(person: User, *, actor: User) -> PersonJob:
    """Make the person nobody at once, and begin to take their name out of everything.

    Raises DomainError for oneself, for an active account, for the last admin, and
    while an export is being collected.
    """
    _hold(person)
    _refuse(person, actor=actor)
    delete_drafted(person, actor=actor)
    traces = anonymizing.take_identity(person)
    record(Kind.ANONYMIZING_BEGUN, actor=actor, **about(person))
    job = PersonJob(kind=PersonJobKind.ANONYMIZE, person_id=person.id, started_by_id=actor.id)
    job.sought = traces.as_kept()
    return _begin(job)


def try_again(job: PersonJob) -> None:
    """Set a failed job going from where it stopped. Raises DomainError while another one runs."""
    if job.state is not PersonJobState.FAILED:
        return
    if open_job_of(job.person_id):
        raise DomainError(_("Wait until the other job of this person is done."))
    job.state, job.attempts, job.lease_until = PersonJobState.QUEUED, 0, None
    job.error = job.finished_at = None
    enqueue_after_commit(WORK, queue="slow")


def _refuse(person: User, *, actor: User) -> None:
    if person.id == actor.id:
        raise DomainError(_("You cannot anonymize yourself. Ask another admin."))
    if person.is_active:
        raise DomainError(_("This account is active. Deactivate it first."))
    if person.anonymized_at:
        raise DomainError(_("This person was anonymized already."))
    if not other_admins(person):
        raise DomainError(
            _("%(name)s is the last active admin. Make somebody else one first.", name=person.name)
        )
    if open_job_of(person.id):
        raise DomainError(_("Their data is just being collected. Wait until that is done, or cancel it."))


def _hold(person: User) -> None:
    """Two that begin something for one person do so one after the other."""
    held = select(User).where(User.id == person.id).with_for_update()
    db.session.execute(held.execution_options(populate_existing=True))


def _begin(job: PersonJob) -> PersonJob:
    db.session.add(job)
    db.session.flush()
    enqueue_after_commit(WORK, queue="slow")
    return job
