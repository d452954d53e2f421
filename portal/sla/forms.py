import re
from datetime import date
from itertools import pairwise, product
from typing import Any, cast

from babel import Locale
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from portal.filters import MAX_LENGTH, to_text
from portal.sla.calendar import Hours
from portal.sla.definitions import WEEKDAYS, OwnDay, WantedCalendar, WantedPolicy, hours_in_words
from portal.sla.models import SlaCalendar
from portal.sla.public_holidays import countries, regions
from portal.sla.queries import filter_fields, understood
from portal.sla.replay import Target
from portal.tickets.models import PRIORITY_LABELS, WAITING_LABELS, Priority, WaitingFor
from portal.web.durations import minutes_of
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number
from portal.web.locale import TIMEZONES

SPAN = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?\s*[-–]\s*([0-9]{1,2})(?::([0-9]{2}))?")
LINE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\s*((?:[0-9:]+\s*[-–]\s*[0-9:]+[,\s]*)*)(.*)")
DAY = 24 * 60
LONGEST = 366 * DAY  # minutes that can be promised
MOST_DAYS = 400


class NoHoursTyped(ValueError):
    """What is wrong with hours, in words."""


def hours_of(typed: str) -> Hours:
    """`9-12, 13:00-17:30` as minutes of the day, in their order; nothing for nothing. Raises NoHoursTyped."""
    found = sorted(_interval(part.strip()) for part in re.split(r"[,;]", typed) if part.strip())
    for (_first, end), (start, _last) in pairwise(found):
        if start < end:
            raise NoHoursTyped(gettext("Two of these times overlap."))
    return tuple(found)


def _interval(typed: str) -> tuple[int, int]:
    said = SPAN.fullmatch(typed)
    if said is None:
        raise NoHoursTyped(
            gettext("“%(words)s” is no time from and until, such as 09:00-17:00.", words=typed[:40])
        )
    first, last = (int(said[place]) * 60 + int(said[place + 1] or 0) for place in (1, 3))
    if max(int(said[2] or 0), int(said[4] or 0)) > 59 or max(first, last) > DAY:
        raise NoHoursTyped(gettext("“%(words)s” is no time of a day: it ends at 24:00.", words=typed[:40]))
    if last <= first:
        raise NoHoursTyped(
            gettext(
                "“%(words)s” ends before it begins. What goes on after midnight stands on the next day,"
                " from 00:00.",
                words=typed[:40],
            )
        )
    return first, last


class HoursField(StringField):
    """Times of a day; `hours` is what they mean."""

    hours: Hours = ()

    def pre_validate(self, form: Any) -> None:
        try:
            self.hours = hours_of(self.data or "")
        except NoHoursTyped as error:
            raise ValidationError(str(error)) from error


class CalendarForm(DeskForm):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    zone = SelectField(_l("Time zone"), [InputRequired(_l("Choose a time zone."))])
    country = SelectField(_l("Public holidays of"))
    region = SelectField(_l("Region"))
    days = TextAreaField(_l("Days of your own"), [at_most(20_000)])
    version = IntegerField(validators=[Optional(), NumberRange(0, 2**31)], widget=HiddenInput())

    def __init__(self, *, calendar: SlaCalendar | None = None, **kwargs: Any) -> None:
        super().__init__(data=_of_calendar(calendar) if calendar else None, **kwargs)
        self.zone.choices = options([(zone, zone) for zone in sorted(TIMEZONES)])
        self.country.choices = options([("", gettext("No public holidays")), *_countries()])
        known = regions(self.country.data or "")
        self.region.choices = options([("", gettext("The whole country")), *known.items()])
        if self.region.data not in {"", *known}:
            self.region.data = ""  # of the country that was chosen before
        self.own_days: tuple[OwnDay, ...] = ()

    @property
    def weekdays(self) -> list[HoursField]:
        return [self[name] for name in WEEKDAYS]

    def validate_days(self, field: TextAreaField) -> None:
        found = {}
        for line in filter(None, (one.strip() for one in (field.data or "").splitlines())):
            own = _own_day(line)
            if own.day in found:
                raise ValidationError(gettext("%(day)s stands there twice.", day=own.day.isoformat()))
            found[own.day] = own
        if len(found) > MOST_DAYS:
            raise ValidationError(gettext("Enter at most %(most)s days.", most=MOST_DAYS))
        self.own_days = tuple(found.values())

    def validate(self, extra_validators: dict | None = None) -> bool:
        fine = super().validate(extra_validators)
        if any(day.errors for day in self.weekdays) or any(day.hours for day in self.weekdays):
            return fine
        first = self.weekdays[0]
        first.errors = [gettext("A calendar needs hours: enter some on one day of the week at least.")]
        return False

    def wanted(self) -> WantedCalendar:
        return WantedCalendar(
            name=cast(str, self.name.data),
            zone=self.zone.data,
            week=tuple(day.hours for day in self.weekdays),
            country=self.country.data or "",
            region=self.region.data or "",
            days=self.own_days,
        )


def _of_calendar(calendar: SlaCalendar) -> dict[str, Any]:
    definition = calendar.current.definition
    hours = dict(zip(WEEKDAYS, map(hours_in_words, definition["week"]), strict=True))
    days = "\n".join(
        " ".join(filter(None, (each["day"], hours_in_words(each["hours"]), each["name"])))
        for each in definition["days"]
    )
    kept = {name: definition[name] for name in ("name", "zone", "country", "region")}
    return kept | hours | {"days": days, "version": calendar.version}


def _own_day(line: str) -> OwnDay:
    said = LINE.fullmatch(line)
    try:
        if said is not None:
            return OwnDay(date.fromisoformat(said[1]), said[3].strip()[:80], hours_of(said[2]))
    except NoHoursTyped as error:
        raise ValidationError(f"{line[:40]}: {error}") from error
    except ValueError:
        pass
    raise ValidationError(
        gettext("“%(words)s” does not begin with a day, such as 2026-12-24.", words=line[:40])
    )


def _countries() -> list[tuple[str, str]]:
    territories = Locale.parse(str(get_locale() or "en")).territories
    named = [(code, territories.get(code, code)) for code in countries()]
    return sorted(named, key=lambda each: each[1])


class LengthField(StringField):
    """How long something may take, in minutes; None where nothing is promised."""

    minutes: int | None = None

    def pre_validate(self, form: Any) -> None:
        typed = (self.data or "").strip()
        self.minutes = minutes_of(typed) if typed else None
        if typed and not self.minutes:
            raise ValidationError(
                gettext("“%(words)s” is no length of time, such as 4h or 30m.", words=typed[:40])
            )
        if self.minutes and self.minutes > LONGEST:
            raise ValidationError(gettext("Promise a year of working time at most."))


def time_field(target: Target, priority: Priority) -> str:
    """The name of the field for that promise."""
    return f"{target}_{priority}"


class PolicyForm(DeskForm):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(500)])
    filter = StringField(_l("For which tickets?"), [at_most(MAX_LENGTH)])
    calendar_id = SelectField(_l("Calendar"), [InputRequired(_l("Choose a calendar."))], coerce=whole_number)
    pauses = SelectMultipleField(
        _l("What pauses the solution?"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    warn_at = IntegerField(
        _l("Warn at percent of the time"),
        [
            InputRequired(_l("Enter a number from 1 to 99.")),
            NumberRange(1, 99, _l("Enter a number from 1 to 99.")),
        ],
    )
    version = IntegerField(validators=[Optional(), NumberRange(0, 2**31)], widget=HiddenInput())

    def __init__(
        self,
        *,
        calendars: list[SlaCalendar],
        wanted: WantedPolicy | None = None,
        version: int | None = None,
        **kwargs: Any,
    ) -> None:
        first = {"warn_at": 75, "pauses": [WaitingFor.REQUESTER]}
        super().__init__(data=_of_policy(wanted, version) if wanted else first, **kwargs)
        self.calendar_id.choices = options([(each.id, each.name) for each in calendars])
        self.pauses.choices = options([(each.value, WAITING_LABELS[each]) for each in WaitingFor])
        self.understood = ""

    def times(self, target: Target) -> list[LengthField]:
        """The fields of that promise, the most urgent first."""
        return [self[time_field(target, priority)] for priority in reversed(Priority)]

    def validate_filter(self, field: StringField) -> None:
        tree, problem = understood(field.data or "", filter_fields())
        if problem:
            raise ValidationError(problem)
        self.understood = to_text(tree)

    def validate(self, extra_validators: dict | None = None) -> bool:
        fine = super().validate(extra_validators)
        every = [field for target in Target for field in self.times(target)]
        if any(field.errors for field in every) or any(field.minutes for field in every):
            return fine
        every[0].errors = [gettext("A policy promises something: enter one time at least.")]
        return False

    def wanted(self) -> WantedPolicy:
        targets = {
            target: {
                priority.value: minutes
                for priority in Priority
                if (minutes := self[time_field(target, priority)].minutes)
            }
            for target in Target
        }
        return WantedPolicy(
            name=cast(str, self.name.data),
            calendar_id=self.calendar_id.data,
            targets={target: minutes for target, minutes in targets.items() if minutes},
            description=(self.description.data or "").strip(),
            filter=self.understood,
            pauses=tuple(self.pauses.data or ()),
            warn_at=cast(int, self.warn_at.data),
        )


def _of_policy(wanted: WantedPolicy, version: int | None) -> dict[str, Any]:
    times = {
        time_field(target, Priority(priority)): typed_length(minutes)
        for target, by_priority in wanted.targets.items()
        for priority, minutes in by_priority.items()
    }
    kept = vars(wanted) | {"pauses": list(wanted.pauses), "version": version}
    return kept | times


def typed_length(minutes: int) -> str:
    """`1h 30m`, as it is typed."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours}h"] * bool(hours) + [f"{rest}m"] * bool(rest))


# One field for each day and each promise: written out they would be nineteen lines of one kind.
for _day in WEEKDAYS:
    setattr(CalendarForm, _day, HoursField(validators=[at_most(200)]))
for _target, _priority in product(Target, Priority):
    setattr(PolicyForm, time_field(_target, _priority), LengthField(PRIORITY_LABELS[_priority]))
