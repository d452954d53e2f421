"""Every table, for Alembic and for the mapper, which must know them all."""

from portal.accounts.credentials import (
    ApiToken,
    HalfLogin,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    TwoStepKey,
)
from portal.accounts.models import AccountToken, AddressChange, Picture, Session, User
from portal.attachments.models import Attachment, Discarded
from portal.events.models import Delivery, Event
from portal.lifecycles.models import Lifecycle, Status, Transition
from portal.notifications.models import Notification
from portal.organizations.models import (
    Department,
    Invitation,
    Membership,
    Organization,
    Team,
    TeamMember,
)
from portal.outbox_mail.models import Mail
from portal.privacy.models import Mention, PersonJob
from portal.projects.models import Project, ProjectCounter, ProjectMember, TicketCategory
from portal.settings.models import Setting, Tick
from portal.sso.models import ExternalIdentity, GroupRule, IdentityProvider
from portal.tickets.models import (
    Comment,
    Draft,
    ExternalTicket,
    IdempotencyKey,
    Ticket,
    TicketKey,
    TicketPerson,
)

__all__ = [
    "AccountToken",
    "AddressChange",
    "ApiToken",
    "Attachment",
    "Comment",
    "Delivery",
    "Department",
    "Discarded",
    "Draft",
    "Event",
    "ExternalIdentity",
    "ExternalTicket",
    "GroupRule",
    "HalfLogin",
    "IdempotencyKey",
    "IdentityProvider",
    "Invitation",
    "Lifecycle",
    "Mail",
    "Membership",
    "Mention",
    "Notification",
    "Organization",
    "Passkey",
    "PasskeyChallenge",
    "PersonJob",
    "Picture",
    "Project",
    "ProjectCounter",
    "ProjectMember",
    "RecoveryCode",
    "Session",
    "Setting",
    "Status",
    "Team",
    "TeamMember",
    "Tick",
    "Ticket",
    "TicketCategory",
    "TicketKey",
    "TicketPerson",
    "Transition",
    "TwoStepKey",
    "User",
]
