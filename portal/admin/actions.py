"""Opening a new desk, and setting going again what failed. Nothing here commits."""

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User, about
from portal.accounts.passwords import hash_password
from portal.accounts.queries import has_no_people
from portal.events.kinds import Kind
from portal.events.models import Delivery, DeliveryState
from portal.events.record import record
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.organizations.houses import create_organization
from portal.organizations.memberships import add_member
from portal.organizations.models import MembershipRole
from portal.outbox_mail import actions as outbox
from portal.outbox_mail.models import Mail
from portal.permissions import Role
from portal.projects.actions import create_category, create_project
from portal.projects.queries import all_projects
from portal.settings.actions import change_settings

LOCK = 7_302_114_003  # any number, the same for ever: one desk is opened at a time
FIRST_TOPICS = ("Hardware", "Software", "Network", "Accounts and access", "Something else")


def open_desk(*, organization: str, name: str, email: str, password: str, locale: str | None) -> User | None:
    """Make the first admin of a new desk, and a project to begin with; None where somebody was faster."""
    password_hash = hash_password(password)
    db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    if not has_no_people():
        return None
    admin = User(
        name=name,
        email=email,
        role=Role.ADMIN,
        password_hash=password_hash,
        email_verified_at=clock.now(),
        locale=locale,
    )
    db.session.add(admin)
    db.session.flush()
    record(Kind.ACCOUNT_CREATED, actor=admin, **about(admin))
    change_settings(actor=admin, name=organization)
    house = create_organization(organization, actor=admin)
    add_member(house, admin, role=MembershipRole.OWNER, actor=admin)
    if not all_projects():
        project = create_project(key="IT", name="IT support", actor=admin)
        for topic in FIRST_TOPICS:
            create_category(topic, project=project, actor=admin)
    return admin


def retry_mail(mail: Mail, *, actor: User) -> None:
    """Raises DomainError for a mail that has not failed."""
    outbox.retry(mail)
    record(Kind.MAIL_RETRIED, actor=actor, mail_id=mail.id, email=mail.to_address)


def retry_delivery(delivery: Delivery, *, actor: User) -> None:
    """Let a reaction that failed see its event after all; one that has not failed is left alone."""
    if delivery.state is not DeliveryState.FAILED:
        return
    delivery.state, delivery.attempts = DeliveryState.DUE, 0
    delivery.available_at, delivery.lease_until = clock.now(), None
    record(Kind.DELIVERY_RETRIED, actor=actor, event_id=delivery.event_id, reaction=delivery.reaction)
    enqueue_after_commit("jobs.events.react", queue="urgent")
