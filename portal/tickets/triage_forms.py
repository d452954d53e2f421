"""What is asked before a ticket leaves the inbox."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row
from wtforms import DateField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Optional

from portal.accounts.models import User
from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.tickets.filtering import zone_of
from portal.tickets.forms import BODY_LIMIT
from portal.tickets.models import Ticket
from portal.tickets.related_forms import LIMIT, OtherTicketField
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number

MORNING = time(8)
EVENING = time(18)
LATER = timedelta(hours=3)
SATURDAY = 5
YEARS = 10  # from now on; a day beyond that is mistyped
FOR_ANSWER = "answer"


class DeclineForm(DeskForm):
    reason = TextAreaField(
        _l("Why?"), [NotBlank(_l("Say why: the requester reads it.")), at_most(BODY_LIMIT)]
    )

    @property
    def text(self) -> str:
        return (self.reason.data or "").replace("\r\n", "\n")


class DuplicateForm(DeskForm):
    of = OtherTicketField(
        _l("Duplicate of"),
        [NotBlank(_l("Enter a key, an address, or a part of the subject.")), at_most(LIMIT)],
        [tidy],
    )

    def __init__(self, *, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reader = reader

    @property
    def key(self) -> str:
        """Of the other ticket; of a form that is valid."""
        return cast("Row", self.of.found).key


class RouteForm(DeskForm):
    team_id = SelectField(_l("Team"), [InputRequired(_l("Choose a team."))], coerce=whole_number)

    def __init__(self, *, ticket: Ticket, **kwargs: object) -> None:
        super().__init__(data={"team_id": ticket.team_id}, **kwargs)
        self.teams = all_teams()
        self.team_id.choices = options(
            [("", gettext("Please choose"))] + [(team.id, team.name) for team in self.teams]
        )

    @property
    def team(self) -> Team:
        return next(team for team in self.teams if team.id == self.team_id.data)


@dataclass(frozen=True)
class Preset:
    """A moment that is often meant; None for the requester's answer."""

    name: str
    label: str
    at: datetime | None


class SnoozeForm(DeskForm):
    """One of the `presets`, as a button of that name, or a day and a time of the reader's own."""

    when = StringField(validators=[Optional()])
    day = DateField(_l("Day"), [Optional()])
    at = TimeField(_l("Time"), [Optional()])

    def __init__(self, *, reader: User, now: datetime, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.now, self.zone = now, zone_of(reader)
        self.presets = presets(now, self.zone)

    @property
    def until(self) -> datetime | None:
        """None for the requester's answer; of a form that is valid."""
        if chosen := self._preset():
            return chosen.at
        return datetime.combine(self.day.data, self.at.data or MORNING, self.zone)

    def validate(self, extra_validators: dict[str, Any] | None = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self._preset():
            return True
        wrong = self._wrong_day()
        self.day.errors = [*self.day.errors, wrong] if wrong else self.day.errors
        return not wrong

    def _preset(self) -> Preset | None:
        return next((preset for preset in self.presets if preset.name == self.when.data), None)

    def _wrong_day(self) -> str:
        if self.day.data is None:
            return gettext("Choose until when.")
        if self.day.data.year < self.now.year:
            return gettext("Choose a moment that is still to come.")
        if self.day.data.year > self.now.year + YEARS:
            return gettext("Choose a day that is less than %(years)d years away.", years=YEARS)
        until = datetime.combine(self.day.data, self.at.data or MORNING, self.zone)
        return "" if until > self.now else gettext("Choose a moment that is still to come.")


def presets(now: datetime, zone: ZoneInfo) -> list[Preset]:
    """Each moment once, the soonest first. Nothing comes back on a Saturday or a Sunday."""
    local = now.astimezone(zone)
    found = [Preset(FOR_ANSWER, gettext("Until the requester answers"), None)]
    later = (local + LATER).replace(minute=0, second=0, microsecond=0)
    if later.date() == local.date() and later.time() <= EVENING and local.weekday() < SATURDAY:
        found.insert(0, Preset("later", gettext("Later today"), later))
    tomorrow, monday = _morning(local, 1), _morning(local, 7 - local.weekday())
    if tomorrow.weekday() < SATURDAY and tomorrow != monday:
        found.insert(-1, Preset("tomorrow", gettext("Tomorrow morning"), tomorrow))
    found.insert(-1, Preset("monday", gettext("Monday morning"), monday))
    week = _morning(local, 7)
    if week.weekday() < SATURDAY and week != monday:
        found.insert(-1, Preset("week", gettext("In a week"), week))
    return found


def _morning(local: datetime, days: int) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), MORNING, local.tzinfo)
