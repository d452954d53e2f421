"""The times at which rules come due."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.permissions import STAFF
from portal.rules.inputs import Choose, Number, TimeOfDay
from portal.rules.registry import Clock, Values
from portal.rules.triggers import REPLIED_BY_REQUESTER
from portal.settings.cache import site
from portal.sla.calendar import Calendar, NoHours
from portal.sla.models import SlaCalendar
from portal.tickets.models import Comment, Ticket

UNANSWERED, ANY = "unanswered", "any"
CASES = {
    UNANSWERED: _l("Only as long as nobody of the desk has replied"),
    ANY: _l("Whether somebody has replied or not"),
}


def _calendars() -> list[tuple[str, str]]:
    every = db.session.execute(select(SlaCalendar.id, SlaCalendar.name).order_by(SlaCalendar.name))
    return [(str(row.id), row.name) for row in every]


class AfterLastReply(Clock):
    """Another reply of theirs begins it anew. The hours are those of a calendar, or plain ones."""

    name, label = "after_reply", _l("Hours after the last reply by the requester")
    kinds = frozenset({Kind.COMMENT_ADDED})
    inputs = (
        Number("hours", _l("Hours"), least=1, most=24 * 366),
        Choose(
            "calendar",
            _l("Working hours of"),
            _calendars,
            gone=_l("The calendar “%(name)s” is not there any more: all hours count."),
            names_rows=True,
            is_optional=True,
            hint=_l("Nothing chosen: all hours count."),
        ),
        Choose("case", _l("Only if"), CASES.items),
    )

    def due_after(self, event: Event, values: Values) -> datetime | None:
        if not REPLIED_BY_REQUESTER.fires(event, {}):
            return None
        return self.due_from(event.created_at, values)

    def due_from(self, counted_from: datetime, values: Values) -> datetime | None:
        """None where the calendar has no such hours within ten years."""
        length, chosen = timedelta(hours=values["hours"]), values.get("calendar")
        calendar = db.session.get(SlaCalendar, int(chosen["id"])) if chosen else None
        if calendar is None:
            return counted_from + length
        try:
            return Calendar.of(calendar.current.definition).add(counted_from, length)
        except NoHours:
            return None

    def is_meant_still(self, ticket: Ticket, counted_from: datetime, values: Values) -> bool:
        if values["case"]["id"] == ANY:
            return True
        by_desk = (User.id == Comment.author_id) & User.role.in_(STAFF) & (User.id != ticket.requester_id)
        answers = (
            select(Comment.id)
            .join(User, by_desk)
            .where(
                Comment.ticket_id == ticket.id,
                Comment.is_internal.is_(False),
                Comment.created_at > counted_from,
            )
        )
        return db.session.scalar(answers.limit(1)) is None


class EveryDay(Clock):
    """In the time zone of the desk. A day on which nothing ran is not made up for, but for the last one."""

    name, label = "daily", _l("Every day at a time")
    inputs = (TimeOfDay("at", _l("At"), hint=_l("In the time zone of the desk, such as 08:00")),)

    def last_due(self, values: Values, now: datetime) -> datetime | None:
        zone = ZoneInfo(site().default_timezone)
        at, today = time.fromisoformat(values["at"]), now.astimezone(zone).date()
        due = datetime.combine(today, at, zone)
        return due if due <= now else datetime.combine(today - timedelta(days=1), at, zone)


CLOCKS = (AfterLastReply(), EveryDay())
