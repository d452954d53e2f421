"""How the audit log names what happens to policies and calendars."""

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.events.kinds import Kind

KINDS = {
    Kind.SLA_POLICY_CREATED: _l("SLA policy made"),
    Kind.SLA_POLICY_EDITED: _l("SLA policy changed"),
    Kind.SLA_POLICIES_ORDERED: _l("SLA policies put in another order"),
    Kind.SLA_CALENDAR_CREATED: _l("Calendar made"),
    Kind.SLA_CALENDAR_EDITED: _l("Calendar changed"),
    Kind.SLA_CALENDAR_DELETED: _l("Calendar deleted"),
}
SUBJECTS = ("policy", "calendar")
FIELDS: dict[str, Any] = {
    "zone": _l("Time zone"),
    "monday": _l("Monday"),
    "tuesday": _l("Tuesday"),
    "wednesday": _l("Wednesday"),
    "thursday": _l("Thursday"),
    "friday": _l("Friday"),
    "saturday": _l("Saturday"),
    "sunday": _l("Sunday"),
    "country": _l("Public holidays"),
    "days": _l("Days of your own"),
    "calendar": _l("Calendar"),
    "first_response.low": _l("Minutes to the first answer, low"),
    "first_response.medium": _l("Minutes to the first answer, medium"),
    "first_response.high": _l("Minutes to the first answer, high"),
    "first_response.critical": _l("Minutes to the first answer, critical"),
    "next_response.low": _l("Minutes to the next answer, low"),
    "next_response.medium": _l("Minutes to the next answer, medium"),
    "next_response.high": _l("Minutes to the next answer, high"),
    "next_response.critical": _l("Minutes to the next answer, critical"),
    "resolution.low": _l("Minutes to the solution, low"),
    "resolution.medium": _l("Minutes to the solution, medium"),
    "resolution.high": _l("Minutes to the solution, high"),
    "resolution.critical": _l("Minutes to the solution, critical"),
    "pauses": _l("What pauses the solution"),
    "warn_at": _l("Warned at percent of the time"),
    "is_enabled": _l("In force"),
    "order": _l("Order"),
}
