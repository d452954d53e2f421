"""Tags and due date, as they are typed."""

from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, StringField, TimeField, ValidationError
from wtforms.validators import InputRequired, NumberRange, Optional

from portal.accounts.models import User
from portal.tickets.due import end_of
from portal.tickets.filtering import zone_of
from portal.tickets.models import Ticket
from portal.tickets.tag_lists import names_of, tag_called
from portal.tickets.tags import LONGEST, MOST, NoTag, Tag, plain, tag_name, tag_names
from portal.web.forms import DeskForm, NotBlank, at_most

YEARS = 100  # from now on; a day beyond that is mistyped


class VersionForm(DeskForm):
    """`version` says which ticket the person saw."""

    version = IntegerField(validators=[InputRequired(), NumberRange(1, 2**31)])

    def saw(self, ticket: Ticket) -> None:
        """Whoever sends the form once more has seen the ticket as it is now."""
        self.version.data = self.version.raw_data = ticket.version


class TagsForm(VersionForm):
    """All tags of a ticket, with commas between them. `names` are what they mean, of a form that is valid."""

    tags = StringField(_l("Tags"), [at_most(MOST * (LONGEST + 2) * 2)])
    names: list[str]

    @classmethod
    def for_ticket(cls, ticket: Ticket, **kwargs: object) -> Self:
        return cls(data={"version": ticket.version, "tags": ", ".join(names_of(ticket))}, **kwargs)

    def validate_tags(self, field: StringField) -> None:
        self.names = read_tags(field)


def read_tags(field: StringField) -> list[str]:
    """The names in the field. Raises ValidationError."""
    try:
        return tag_names(field.data or "")
    except NoTag as wrong:
        raise ValidationError(str(wrong)) from wrong


class DueForm(VersionForm):
    """A day, and a time of it or its end; no day at all where the field is empty. Both are the reader's."""

    day = DateField(_l("Due on"), [Optional()])
    at = TimeField(_l("At"), [Optional()])
    zone: ZoneInfo
    today: date

    @classmethod
    def for_ticket(cls, ticket: Ticket, *, reader: User, now: datetime, **kwargs: object) -> Self:
        zone = zone_of(reader)
        form = cls(data={"version": ticket.version, **_shown(ticket.due_at, zone)}, **kwargs)
        form.zone, form.today = zone, now.astimezone(zone).date()
        for field in (form.day, form.at):
            if form.is_submitted() and not field.raw_data:
                field.data = None  # a button that names a day alone means no time of it
        return form

    @property
    def due_at(self) -> datetime | None:
        return end_of(self.day.data, self.at.data, self.zone) if self.day.data else None

    @property
    def quick(self) -> list[tuple[str, date]]:
        """Days that are often meant, each with its name."""
        monday = self.today + timedelta(days=7 - self.today.weekday())
        return [
            (gettext("Today"), self.today),
            (gettext("Tomorrow"), self.today + timedelta(days=1)),
            (gettext("Next Monday"), monday),
        ]

    def validate_day(self, field: DateField) -> None:
        if field.data and not self.today.year - YEARS <= field.data.year <= self.today.year + YEARS:
            raise ValidationError(
                gettext("Choose a day that is less than %(years)d years away.", years=YEARS)
            )

    def validate_at(self, field: TimeField) -> None:
        if field.data and not self.day.data and not self.day.errors:
            raise ValidationError(gettext("Choose the day, too."))


def _shown(due_at: datetime | None, zone: ZoneInfo) -> dict[str, date | time]:
    """A time that is the end of its day there is shown as the day alone."""
    if due_at is None:
        return {}
    local = due_at.astimezone(zone)
    shown: dict[str, date | time] = {"day": local.date()}
    is_end = end_of(local.date(), None, zone) == due_at
    return shown if is_end else shown | {"at": local.time()}


class RenameForm(DeskForm):
    """`tag` is the name as it will be kept, of a form that is valid."""

    name = StringField(_l("Name"), [at_most(4 * LONGEST)])
    tag: str

    def validate_name(self, field: StringField) -> None:
        try:
            self.tag = tag_name(field.data or "")
        except NoTag as wrong:
            raise ValidationError(str(wrong)) from wrong


class MergeForm(DeskForm):
    """`into` is the tag that takes the place of another, of a form that is valid."""

    tag = StringField(_l("Into which tag?"), [NotBlank(_l("Enter the name of a tag.")), at_most(4 * LONGEST)])
    into: Tag

    def validate_tag(self, field: StringField) -> None:
        found = tag_called(plain(field.data))
        if found is None:
            raise ValidationError(gettext("There is no tag “%(name)s”.", name=field.data))
        self.into = found
