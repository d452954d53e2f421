"""A moment is typed, and what comes of it is shown: by a calendar, or by a policy, saved or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import DateField, SelectField, TimeField, ValidationError
from wtforms.validators import InputRequired

from portal import clock
from portal.sla.calendar import Calendar
from portal.sla.forms import LengthField
from portal.sla.public_holidays import FIRST_YEAR, LAST_YEAR, public_holidays
from portal.sla.replay import Target
from portal.sla.trial import Trial, try_out
from portal.sla.words import target_label
from portal.tickets.models import PRIORITY_LABELS, Priority
from portal.web.durations import minutes_of
from portal.web.forms import DeskForm, NotBlank, options
from portal.web.locale import language

OPENING = "09:00"
Definition = Mapping[str, Any]  # of a calendar
Targets = Mapping[Target, Mapping[str, int]]  # minutes, by priority


class MomentForm(DeskForm):
    """A time of the clock on the wall in the calendar's zone. It changes nothing: by a GET, or beside what
    is typed above it."""

    class Meta(DeskForm.Meta):
        csrf = False

    day = DateField(_l("Day"), [InputRequired(_l("Choose a day."))])
    at = TimeField(_l("Time"), [InputRequired(_l("Enter a time such as 08:00."))])
    usual: Mapping[str, str] = {}

    @classmethod
    def sent(cls, typed: MultiDict) -> Self:
        """What was typed; what is usual, before anybody has."""
        if "day" in typed:
            return cls(formdata=typed)
        usual = {"day": clock.now().date().isoformat(), "at": OPENING, **cls.usual}
        return cls(formdata=MultiDict(usual))

    def validate_day(self, field: DateField) -> None:
        if field.data and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
            raise ValidationError(
                gettext("Choose a day from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
            )

    def moment(self, zone: ZoneInfo) -> datetime:
        return datetime.combine(self.day.data, self.at.data, zone)


class CalendarTrialForm(MomentForm):
    length = LengthField(_l("Working time"), [NotBlank(_l("Enter a length of time, such as 4h or 30m."))])
    usual: Mapping[str, str] = {"length": "4h"}


class PolicyTrialForm(MomentForm):
    priority = SelectField(_l("Priority"), [InputRequired(_l("Choose a priority."))])
    usual: Mapping[str, str] = {"priority": Priority.MEDIUM.value}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.priority.choices = options([(each.value, PRIORITY_LABELS[each]) for each in reversed(Priority)])


@dataclass(frozen=True)
class Tried:
    """What came of it, by what was promised, in the zone of the calendar."""

    zone: ZoneInfo
    trials: list[tuple[str, Trial]]


def by_calendar(definition: Definition, form: CalendarTrialForm) -> Tried:
    return _tried(definition, form, {"": minutes_of(form.length.data or "") or 0})


def by_policy(targets: Targets, definition: Definition, form: PolicyTrialForm) -> Tried:
    """What it promises at that priority, by that calendar."""
    promised = {
        target_label(target): targets[target][form.priority.data]
        for target in Target
        if form.priority.data in targets.get(target, {})
    }
    return _tried(definition, form, promised)


def _tried(definition: Definition, form: MomentForm, minutes: Mapping[str, int]) -> Tried:
    calendar = Calendar.of(definition)
    own = {each["day"]: each["name"] for each in definition["days"]}
    spoken = language()

    def called(day: date) -> str:
        public = public_holidays(calendar.country, calendar.region, day.year, spoken)
        return own.get(day.isoformat()) or public.get(day, "")

    start = form.moment(calendar.zone)
    trials = [
        (label, try_out(calendar, start, timedelta(minutes=length), called=called))
        for label, length in minutes.items()
    ]
    return Tried(calendar.zone, trials)


def faults_of(form: FlaskForm, *, besides: Collection[str]) -> list[str]:
    """What is wrong with what was typed, in the fields that the answer depends on."""
    form.validate()
    return [message for field in form if field.name not in besides for message in field.errors]
