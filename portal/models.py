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
from portal.bulk.models import BulkItem, BulkOperation
from portal.canned.models import CannedReply
from portal.deletion.models import DeletedKey, TicketDeletion
from portal.desk.models import View, ViewChoice
from portal.events.models import Delivery, Event
from portal.exports.models import TicketExport
from portal.lifecycles.models import (
    Lifecycle,
    LifecycleDraft,
    LifecycleVersion,
    Status,
    StatusMove,
    Transition,
)
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
from portal.rules.models import (
    Rule,
    RuleMoment,
    RuleRun,
    RuleTrace,
    RuleTrial,
    RuleTrialCase,
    RuleVersion,
    Turn,
)
from portal.search.models import SearchProgress, SearchWord
from portal.settings.models import Setting, Tick
from portal.sla.models import (
    SlaCalendar,
    SlaCalendarVersion,
    SlaClocks,
    SlaNotice,
    SlaPolicy,
    SlaPolicyVersion,
    SlaRecount,
)
from portal.sso.models import ExternalIdentity, GroupRule, IdentityProvider
from portal.tickets.models import (
    Comment,
    ExternalTicket,
    Rating,
    Ticket,
    TicketKey,
    TicketPerson,
    TimeEntry,
)
from portal.tickets.relations import CommentMention, TicketLink, TicketMerge
from portal.tickets.senders import SpamNote
from portal.tickets.tags import Tag
from portal.tickets.texts import SearchText
from portal.tickets.unsent import Draft, IdempotencyKey

__all__ = [
    "AccountToken",
    "AddressChange",
    "ApiToken",
    "Attachment",
    "BulkItem",
    "BulkOperation",
    "CannedReply",
    "Comment",
    "CommentMention",
    "DeletedKey",
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
    "LifecycleDraft",
    "LifecycleVersion",
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
    "Rating",
    "RecoveryCode",
    "Rule",
    "RuleMoment",
    "RuleRun",
    "RuleTrace",
    "RuleTrial",
    "RuleTrialCase",
    "RuleVersion",
    "SearchProgress",
    "SearchText",
    "SearchWord",
    "Session",
    "Setting",
    "SlaCalendar",
    "SlaCalendarVersion",
    "SlaClocks",
    "SlaNotice",
    "SlaPolicy",
    "SlaPolicyVersion",
    "SlaRecount",
    "SpamNote",
    "Status",
    "StatusMove",
    "Tag",
    "Team",
    "TeamMember",
    "Tick",
    "Ticket",
    "TicketCategory",
    "TicketDeletion",
    "TicketExport",
    "TicketKey",
    "TicketLink",
    "TicketMerge",
    "TicketPerson",
    "TimeEntry",
    "Transition",
    "Turn",
    "TwoStepKey",
    "User",
    "View",
    "ViewChoice",
]
