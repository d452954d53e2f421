"""Every table, for Alembic and for the mapper, which must know them all."""

from portal.accounts.models import AccountToken, Session, User
from portal.events.models import Delivery, Event
from portal.lifecycles.models import Lifecycle, Status, Transition
from portal.notifications.models import Notification
from portal.organizations.models import Membership, Organization, Team, TeamMember
from portal.outbox_mail.models import Mail
from portal.projects.models import Project, ProjectCounter, TicketCategory
from portal.settings.models import Setting, Tick
from portal.sso.models import ExternalIdentity, GroupRule, IdentityProvider
from portal.tickets.models import (
    Comment,
    Draft,
    ExternalTicket,
    IdempotencyKey,
    Ticket,
    TicketPerson,
)

__all__ = [
    "AccountToken",
    "Comment",
    "Delivery",
    "Draft",
    "Event",
    "ExternalIdentity",
    "ExternalTicket",
    "GroupRule",
    "IdempotencyKey",
    "IdentityProvider",
    "Lifecycle",
    "Mail",
    "Membership",
    "Notification",
    "Organization",
    "Project",
    "ProjectCounter",
    "Session",
    "Setting",
    "Status",
    "Team",
    "TeamMember",
    "Tick",
    "Ticket",
    "TicketCategory",
    "TicketPerson",
    "Transition",
    "User",
]
