"""The audit log in words: what happened, to whom, and what changed from what to what."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.permissions import ROLE_LABELS
from portal.web.locale import LANGUAGES

GROUPS = (
    (
        _l("Log-ins"),
        {
            Kind.LOGGED_IN: _l("Logged in"),
            Kind.LOGGED_OUT: _l("Logged out"),
            Kind.LOGIN_FAILED: _l("Log-in refused"),
            Kind.SESSIONS_ENDED: _l("Logged out elsewhere"),
            Kind.PASSWORD_RESET_ASKED: _l("Link for a new password asked for"),
            Kind.PASSWORD_CHANGED: _l("Password changed"),
        },
    ),
    (
        _l("Accounts"),
        {
            Kind.ACCOUNT_CREATED: _l("Account created"),
            Kind.ACCOUNT_REGISTERED: _l("Account registered"),
            Kind.ACCOUNT_VERIFIED: _l("Address confirmed"),
            Kind.ACCOUNT_EDITED: _l("Account changed"),
            Kind.IDENTITY_LINKED: _l("Linked with single sign-on"),
            Kind.IDENTITY_UNLINKED: _l("No longer linked with single sign-on"),
            Kind.ACCOUNT_DEACTIVATED: _l("Account deactivated"),
            Kind.ACCOUNT_REACTIVATED: _l("Account activated again"),
            Kind.TICKETS_HANDED_OVER: _l("Tickets handed over"),
        },
    ),
    (
        _l("The desk"),
        {
            Kind.PROJECT_CREATED: _l("Project created"),
            Kind.PROJECT_EDITED: _l("Project changed"),
            Kind.CATEGORY_CREATED: _l("Category created"),
            Kind.CATEGORY_EDITED: _l("Category changed"),
            Kind.TEAM_CREATED: _l("Team created"),
            Kind.TEAM_EDITED: _l("Team changed"),
            Kind.PROVIDER_CREATED: _l("Identity provider added"),
            Kind.PROVIDER_EDITED: _l("Identity provider changed"),
            Kind.SETTINGS_EDITED: _l("Settings changed"),
            Kind.AUDIT_EXPORTED: _l("Audit log exported"),
            Kind.MAIL_RETRIED: _l("Mail sent again"),
            Kind.DELIVERY_RETRIED: _l("Failed work tried again"),
            Kind.TICKETS_IMPORTED: _l("Tickets imported"),
        },
    ),
)
LABELS: dict[str, Any] = {kind: label for _group, kinds in GROUPS for kind, label in kinds.items()}

FIELDS = {
    "name": _l("Name"),
    "stored_name": _l("Name"),
    "role": _l("Role"),
    "teams": _l("Teams"),
    "organization": _l("Organization"),
    "description": _l("Description"),
    "default_team": _l("Team"),
    "team": _l("Team"),
    "archived": _l("Archived"),
    "place": _l("Place"),
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
}
SUBJECTS = ("user", "project", "category", "team", "provider", "email", "reaction", "source")
REASONS = {
    "wrong": _l("wrong address or password"),
    "unverified": _l("address not confirmed yet"),
    "provider": _l("not let in with what the identity provider said"),
    "short": _l("password too short for the role"),
}


class Change(NamedTuple):
    field: str
    old: str
    new: str


def label(event: Event) -> str:
    return str(LABELS.get(event.kind, event.kind))


def subject(event: Event) -> str:
    """Whom or what it is about, under the name of that moment."""
    return next((str(event.data[name]) for name in SUBJECTS if event.data.get(name)), "")


def details(event: Event) -> list[str]:
    """What else is known of it."""
    said = []
    if reason := event.data.get("reason"):
        said.append(str(REASONS.get(reason, reason)))
    if address := event.data.get("address"):
        said.append(_("from %(address)s", address=address))
    if count := event.data.get("count"):
        said.append(ngettext("%(num)s browser", "%(num)s browsers", count))
    if number := event.data.get("unassigned"):
        said.append(ngettext("%(num)s open ticket", "%(num)s open tickets", number))
    if asked := event.data.get("asked"):
        said.append(str(asked))
    if "created" in event.data:
        skipped = event.data.get("skipped", 0)
        said.append(_("%(created)s new, %(skipped)s known", created=event.data["created"], skipped=skipped))
    return said


def changes(event: Event) -> Iterator[Change]:
    for field, both in event.data.get("changes", {}).items():
        named = str(FIELDS.get(field, field))
        yield Change(named, _value(field, both["old"]["label"]), _value(field, both["new"]["label"]))


HEADER = ("id", "time", "actor", "actor_id", "event", "subject", "details", "changes")


def as_cells(event: Event) -> tuple[object, ...]:
    """The event as a row of a file, under `HEADER`; its time is UTC (RFC 3339)."""
    changed = "; ".join(f"{change.field}: {change.old} → {change.new}" for change in changes(event))
    time = event.created_at.astimezone(UTC).isoformat(timespec="seconds")
    actor = event.actor.name if event.actor else ""
    said = (str(event.kind), subject(event), ", ".join(details(event)), changed)
    return event.id, time, actor, event.actor_id, *said


def _value(field: str, value: Any) -> str:
    if value is None or value in ("", []):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(field, each) for each in value)
    if field == "role":
        return str(ROLE_LABELS.get(value, value))
    if field in {"languages", "default_language"}:
        return LANGUAGES.get(value, str(value))
    return str(value)
