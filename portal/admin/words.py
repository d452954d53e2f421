"""The audit log in words: what happened, to whom, and what changed from what to what."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.bulk.acts import ACTS
from portal.desk.columns import COLUMNS
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.organizations.models import MEMBERSHIP_LABELS, SHARES_LABELS
from portal.organizations.sharing import SHARING_LABELS
from portal.permissions import ROLE_LABELS
from portal.sla import audited
from portal.web.locale import LANGUAGES

GROUPS = (
    (
        _l("Log-ins"),
        {
            Kind.LOGGED_IN: _l("Logged in"),
            Kind.EMERGENCY_LOGIN: _l("Logged in by emergency access"),
            Kind.LOGGED_OUT: _l("Logged out"),
            Kind.LOGIN_FAILED: _l("Log-in refused"),
            Kind.SESSIONS_ENDED: _l("Logged out elsewhere"),
            Kind.PASSWORD_RESET_ASKED: _l("Link for a new password asked for"),
            Kind.PASSWORD_CHANGED: _l("Password changed"),
            Kind.PICTURE_CHANGED: _l("Picture changed"),
            Kind.PICTURE_REMOVED: _l("Picture removed"),
            Kind.PICTURE_REFUSED: _l("Picture refused"),
            Kind.TWO_STEP_ON: _l("Two-step login set up"),
            Kind.TWO_STEP_OFF: _l("Two-step login switched off"),
            Kind.TWO_STEP_RESET: _l("Two-step login reset"),
            Kind.RECOVERY_CODES_MADE: _l("New recovery codes made"),
            Kind.RECOVERY_CODE_USED: _l("Recovery code used"),
            Kind.AUTHENTICATOR_REMOVED: _l("Authenticator app removed"),
            Kind.PASSKEY_ADDED: _l("Passkey added"),
            Kind.PASSKEY_RENAMED: _l("Passkey renamed"),
            Kind.PASSKEY_REMOVED: _l("Passkey removed"),
            Kind.PASSKEY_SUSPECTED: _l("Passkey refused that seems copied"),
            Kind.TOKEN_CREATED: _l("API token made"),
            Kind.TOKEN_REVOKED: _l("API token revoked"),
            Kind.TOKENS_REVOKED: _l("API tokens revoked"),
            Kind.VIEWING_BEGAN: _l("Began to see the desk as somebody else"),
            Kind.VIEWING_ENDED: _l("Ceased to see the desk as somebody else"),
        },
    ),
    (
        _l("Accounts"),
        {
            Kind.ACCOUNT_CREATED: _l("Account created"),
            Kind.ACCOUNT_REGISTERED: _l("Account registered"),
            Kind.ACCOUNT_VERIFIED: _l("Address confirmed"),
            Kind.ACCOUNT_EDITED: _l("Account changed"),
            Kind.ADDRESS_CHANGE_ASKED: _l("Another address asked for"),
            Kind.ADDRESS_CHANGE_CANCELLED: _l("Change of address cancelled"),
            Kind.ADDRESS_CHANGED: _l("Address changed"),
            Kind.IDENTITY_LINKED: _l("Linked with single sign-on"),
            Kind.IDENTITY_UNLINKED: _l("No longer linked with single sign-on"),
            Kind.ACCOUNT_DEACTIVATED: _l("Account deactivated"),
            Kind.ACCOUNT_REACTIVATED: _l("Account activated again"),
            Kind.EXPORT_ASKED: _l("Export of their data asked for"),
            Kind.EXPORT_FETCHED: _l("Export of their data fetched"),
            Kind.EXPORT_CANCELLED: _l("Export of their data cancelled"),
            Kind.ANONYMIZING_BEGUN: _l("Anonymizing begun"),
            Kind.ACCOUNT_ANONYMIZED: _l("Anonymized"),
            Kind.MENTION_DECIDED: _l("Possible mention looked at"),
            Kind.TICKETS_HANDED_OVER: _l("Tickets handed over"),
        },
    ),
    (
        _l("Organizations"),
        {
            Kind.ORGANIZATION_CREATED: _l("Organization created"),
            Kind.ORGANIZATION_EDITED: _l("Organization changed"),
            Kind.ORGANIZATION_DELETED: _l("Organization deleted"),
            Kind.DEPARTMENT_CREATED: _l("Department created"),
            Kind.DEPARTMENT_EDITED: _l("Department changed"),
            Kind.DEPARTMENT_DELETED: _l("Department deleted"),
            Kind.MEMBER_ADDED: _l("Member added"),
            Kind.MEMBER_EDITED: _l("Member changed"),
            Kind.MEMBER_REMOVED: _l("Member removed"),
            Kind.INVITATION_SENT: _l("Invitation sent"),
            Kind.INVITATION_WITHDRAWN: _l("Invitation withdrawn"),
        },
    ),
    (
        _l("Who sees a ticket"),
        {
            Kind.PARTICIPANT_ADDED: _l("Participant added"),
            Kind.PARTICIPANT_REMOVED: _l("Participant removed"),
            Kind.CONFIDENTIALITY_CHANGED: _l("Confidentiality changed"),
            Kind.TICKET_MOVED: _l("Ticket moved"),
        },
    ),
    (
        _l("Files"),
        {
            Kind.FILE_UPLOADED: _l("File sent"),
            Kind.FILE_ATTACHED: _l("File attached"),
            Kind.FILE_BLOCKED: _l("File blocked"),
            Kind.FILE_UNSCANNABLE: _l("File could not be checked"),
            Kind.FILE_FAILED: _l("Check of a file failed"),
            Kind.FILE_RETRIED: _l("File checked again"),
            Kind.FILE_RELEASE_ASKED: _l("Release of a file asked for"),
            Kind.FILE_RELEASED: _l("File released"),
            Kind.FILE_RELEASE_REFUSED: _l("File not released"),
            Kind.FILE_LOST: _l("File lost by the store"),
            Kind.FILE_DELETED: _l("File deleted"),
        },
    ),
    (
        _l("The desk"),
        {
            Kind.PROJECT_CREATED: _l("Project created"),
            Kind.PROJECT_EDITED: _l("Project changed"),
            Kind.PROJECT_DELETED: _l("Project deleted"),
            Kind.PROJECT_MEMBER_ADDED: _l("Added to a project"),
            Kind.PROJECT_MEMBER_REMOVED: _l("Removed from a project"),
            Kind.CONFIGURATION_IMPORTED: _l("Configuration imported"),
            Kind.LIFECYCLE_CREATED: _l("Workflow created"),
            Kind.LIFECYCLE_EDITED: _l("Workflow renamed"),
            Kind.LIFECYCLE_PUBLISHED: _l("Workflow published"),
            Kind.LIFECYCLE_DELETED: _l("Workflow deleted"),
            Kind.CATEGORY_CREATED: _l("Category created"),
            Kind.CATEGORY_EDITED: _l("Category changed"),
            Kind.TAG_CREATED: _l("Tag made"),
            Kind.TAG_RENAMED: _l("Tag renamed"),
            Kind.TAG_MERGED: _l("Tag merged into another"),
            Kind.TAG_DELETED: _l("Tag deleted"),
            Kind.VIEW_SHARED: _l("Sharing of a view changed"),
            Kind.VIEW_EDITED: _l("Shared view changed"),
            Kind.VIEW_DELETED: _l("Shared view deleted"),
            Kind.BULK_BEGAN: _l("Many tickets changed at once"),
            Kind.BULK_CANCELLED: _l("Change of many tickets cancelled"),
            Kind.BULK_UNDO_BEGAN: _l("Change of many tickets undone"),
            Kind.TICKET_DELETED: _l("Ticket deleted for good"),
            Kind.SENDER_FORGOTTEN: _l("Noted sender of spam removed"),
            Kind.TEAM_CREATED: _l("Team created"),
            Kind.TEAM_EDITED: _l("Team changed"),
            Kind.PROVIDER_CREATED: _l("Identity provider added"),
            Kind.PROVIDER_EDITED: _l("Identity provider changed"),
            Kind.CANNED_SHARED: _l("Canned reply shared"),
            Kind.CANNED_EDITED: _l("Shared canned reply changed"),
            Kind.CANNED_UNSHARED: _l("Canned reply no longer shared"),
            Kind.RULE_CREATED: _l("Rule created"),
            Kind.RULE_EDITED: _l("Rule changed"),
            Kind.RULE_DELETED: _l("Rule deleted"),
            Kind.RULES_ORDERED: _l("Order of the rules changed"),
            Kind.SETTINGS_EDITED: _l("Settings changed"),
            Kind.AUDIT_EXPORTED: _l("Audit log exported"),
            Kind.AUDIT_SHORTENED: _l("Audit log shortened"),
            Kind.MAIL_RETRIED: _l("Mail sent again"),
            Kind.DELIVERY_RETRIED: _l("Failed work tried again"),
            Kind.TICKETS_IMPORTED: _l("Tickets imported"),
            Kind.TICKETS_EXPORTED: _l("Tickets exported"),
        },
    ),
    (_l("SLA"), audited.KINDS),
)
LABELS: dict[str, Any] = {kind: label for _group, kinds in GROUPS for kind, label in kinds.items()}

FIELDS = {
    "name": _l("Name"),
    "stored_name": _l("Name"),
    "role": _l("Role"),
    "email": _l("E-mail address"),
    "phone": _l("Telephone"),
    "absent_from": _l("Away from"),
    "absent_until": _l("Away until"),
    "deputy": _l("Deputy"),
    "two_step_roles": _l("Roles that need two-step login"),
    "passkey": _l("Passkey"),
    "password_login": _l("Log-in with a password"),
    "is_break_glass": _l("Emergency access"),
    "teams": _l("Teams"),
    "organization": _l("Organization"),
    "membership": _l("Role in the organization"),
    "department": _l("Department"),
    "shares": _l("What its people see"),
    "description": _l("Description"),
    "default_team": _l("Team"),
    "lead": _l("Lead"),
    "lifecycle": _l("Workflow"),
    "version": _l("Version"),
    "statuses": _l("Statuses"),
    "steps": _l("Steps"),
    "members_only": _l("For members only"),
    "is_limited": _l("Limited to their projects"),
    "team": _l("Team"),
    "archived": _l("Archived"),
    "is_confidential": _l("Confidential"),
    "project": _l("Project"),
    "category": _l("Category"),
    "status": _l("Status"),
    "key": _l("Key"),
    "place": _l("Place"),
    "body": _l("Text"),
    "shared_with": _l("Shared with"),
    "members": _l("Members"),
    "leads": _l("Leads"),
    "issuer": _l("Issuer"),
    "client_id": _l("Client ID"),
    "secret": _l("Client secret"),
    "scopes": _l("Scopes"),
    "groups_claim": _l("Claim that names the groups"),
    "rules": _l("What groups are here"),
    "creates_accounts": _l("Makes accounts"),
    "is_active": _l("Shown on the log-in page"),
    "logo": _l("Logo"),
    "languages": _l("Languages"),
    "default_language": _l("Language of the desk"),
    "default_timezone": _l("Time zone of the desk"),
    "registration_open": _l("Registration open"),
    "registration_domains": _l("Mail domains that may register"),
    "tickets_per_hour": _l("Tickets per person and hour"),
    "comments_per_hour": _l("Replies per person and hour"),
    "description_limit": _l("Length of a description"),
    "audit_days": _l("Days the audit log is kept"),
    "upload_types": _l("Kinds of files"),
    "upload_ticket_mb": _l("MB of all files of a ticket"),
    "upload_day_mb": _l("MB that a person sends within a day"),
    "keeps_infected": _l("Files with a virus are kept locked away"),
    "release_needs_two": _l("Two admins release a file"),
    "reopen_days": _l("Days in which a closed ticket can be reopened"),
    "rescan_days": _l("Days in which files are checked again"),
    "filter": _l("Filter"),
    "sort": _l("Order"),
    "columns": _l("Columns"),
    **audited.FIELDS,
    "is_enabled": _l("Enabled"),
    "stops": _l("Lets no other run after it"),
    "owner": _l("Owner"),
    "projects": _l("Projects"),
    "wakes": _l("When"),
    "does": _l("Then"),
    "paused": _l("Paused"),
}
SUBJECTS = (
    "user",
    "canned",
    "project",
    "lifecycle",
    "category",
    "tag",
    "team",
    "email",
    "provider",
    "department",
    "organization",
    "reaction",
    "source",
    "file",
    "view",
    *audited.SUBJECTS,
    "automation",
)
WORDS: dict[str, Mapping[Any, Any]] = {  # of fields whose values have names
    "role": ROLE_LABELS,
    "two_step_roles": ROLE_LABELS,
    "membership": MEMBERSHIP_LABELS,
    "shares": SHARES_LABELS,
    "languages": LANGUAGES,
    "default_language": LANGUAGES,
    "shared_with": SHARING_LABELS,
    "columns": {name: column.label for name, column in COLUMNS.items()},
}
REASONS = {
    "wrong": _l("wrong address or password"),
    "unverified": _l("address not confirmed yet"),
    "provider": _l("not let in with what the identity provider said"),
    "short": _l("password too short for the role"),
    "code": _l("wrong or used code"),
    "passkey": _l("a passkey that does not count here"),
    "emergency": _l("no emergency access"),
    "encrypted": _l("it is encrypted"),
    "limits": _l("there is too much packed into it"),
    "mismatch": _l("it is not what its name says"),
}


ENDED_BY = {
    "button": _l("stopped"),
    "time": _l("time was up, or it was no longer allowed"),
    "session": _l("logged out"),
}

DECISIONS = {"kept": _l("kept"), "replaced": _l("replaced by hand")}


class Change(NamedTuple):
    field: str
    old: str
    new: str


def label(event: Event) -> str:
    return str(LABELS.get(event.kind, event.kind))


def subject(event: Event) -> str:
    """Whom or what it is about, under the name of that moment."""
    return next((str(event.data[name]) for name in SUBJECTS if event.data.get(name)), "")


DETAILS: dict[str, Callable[[Any], str]] = {  # what is known of some events, in words
    "invited_by": lambda name: _("invited by %(name)s", name=name),
    "reason": lambda reason: str(REASONS.get(reason, reason)),
    "way": lambda way: _("with a passkey") if way == "passkey" else str(way),
    "passkey": str,
    "token": lambda name: _("“%(words)s”", words=name),
    "prefix": lambda prefix: f"{prefix}…",
    "scopes": ", ".join,
    "tokens": lambda names: ", ".join(_("“%(words)s”", words=name) for name in names),
    "found": lambda name: _("found: %(name)s", name=name),
    "asked_by": lambda name: _("asked for by %(name)s", name=name),
    "ticket_key": str,
    "why": lambda why: _("“%(words)s”", words=why),
    "ended_by": lambda by: str(ENDED_BY.get(by, by)),
    "count": lambda count: ngettext("%(num)s browser", "%(num)s browsers", count),
    "unassigned": lambda number: ngettext("%(num)s open ticket", "%(num)s open tickets", number),
    "given": lambda number: ngettext("%(num)s ticket given on", "%(num)s tickets given on", number),
    "into": lambda name: _("into “%(name)s”", name=name),
    "act": lambda name: str(ACTS[name].label) if name in ACTS else str(name),
    "value": lambda words: _("“%(words)s”", words=words),
    "comments": lambda number: ngettext("%(num)s comment", "%(num)s comments", number),
    "files": lambda number: ngettext("%(num)s file", "%(num)s files", number),
    "spam": lambda number: ngettext("%(num)s spam ticket", "%(num)s spam tickets", number),
    "tickets": lambda number: ngettext("%(num)s ticket", "%(num)s tickets", number),
    "made": lambda number: _("%(number)s new", number=number),
    "changed": lambda number: _("%(number)s changed", number=number),
    "heir": lambda name: _("to %(name)s", name=name),
    "asked": str,
    "key": str,
    "from_version": lambda number: _("back to version %(number)s", number=number),
    "decision": lambda decision: str(DECISIONS.get(decision, decision)),
    "cleaned": lambda number: ngettext("%(num)s text changed", "%(num)s texts changed", number),
    "removed": lambda number: ngettext("%(num)s event removed", "%(num)s events removed", number),
    "before": lambda day: _("all before %(day)s", day=day),
}


def _about_what(event: Event) -> Iterator[str]:
    if event.ticket:
        yield event.ticket.key
    around = (event.data.get("organization"), event.data.get("project"))
    yield from (str(name) for name in around if name and name != subject(event))
    if event.kind in {Kind.ADDRESS_CHANGE_ASKED, Kind.ADDRESS_CHANGE_CANCELLED}:
        yield str(event.data["email"])
    if (left := event.data.get("left")) is not None:
        yield ngettext("%(num)s recovery code left", "%(num)s recovery codes left", left)


def details(event: Event) -> list[str]:
    """What else is known of it."""
    said = list(_about_what(event))
    if event.address:
        said.append(_("from %(address)s", address=event.address))
    said += [told(event.data[name]) for name, told in DETAILS.items() if event.data.get(name)]
    if "created" in event.data:
        skipped = event.data.get("skipped", 0)
        said.append(_("%(created)s new, %(skipped)s known", created=event.data["created"], skipped=skipped))
    return said


def changes(event: Event) -> Iterator[Change]:
    for field, both in event.data.get("changes", {}).items():
        named = str(FIELDS.get(field, field))
        yield Change(named, _value(field, both["old"]["label"]), _value(field, both["new"]["label"]))


HEADER = ("id", "time", "actor", "actor_id", "address", "event", "subject", "details", "changes")


def as_cells(event: Event) -> tuple[object, ...]:
    """The event as a row of a file, under `HEADER`; its time is UTC (RFC 3339)."""
    changed = "; ".join(f"{change.field}: {change.old} → {change.new}" for change in changes(event))
    time = event.created_at.astimezone(UTC).isoformat(timespec="seconds")
    actor = event.actor.name if event.actor else ""
    said = (str(event.kind), subject(event), ", ".join(details(event)), changed)
    return event.id, time, actor, event.actor_id, event.address, *said


def _value(field: str, value: Any) -> str:
    if value is None or value in ("", []):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(field, each) for each in value)
    return str(WORDS.get(field, {}).get(value, value))
