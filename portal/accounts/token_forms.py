from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from portal import clock
from portal.accounts.absence import today_of
from portal.accounts.forms import Checkboxes
from portal.accounts.models import User
from portal.accounts.own_forms import OwnPassword
from portal.accounts.tokens import LONGEST
from portal.permissions import Scope
from portal.settings.cache import site
from portal.web.forms import NotBlank, at_most, options, tidy

DAY = "day"


class TokenForm(OwnPassword):
    """A new token. Whoever comes by single sign-on alone has no password to show."""

    name = StringField(
        _l("What is it for?"), [NotBlank(_l("Say what it is for, to know it again.")), at_most(80)], [tidy]
    )
    scopes = Checkboxes(_l("What may it do?"), [InputRequired(_l("Choose at least one."))])
    life = SelectField(_l("How long is it good?"), default="90")
    until = DateField(_l("Last day"), [Optional()])

    def __init__(self, *, person: User, **kwargs: Any) -> None:
        super().__init__(place="token", has_password=person.password_hash is not None, **kwargs)
        self.person = person
        self.scopes.choices = options([(scope.value, scope.label) for scope in Scope])
        self.life.choices = options(
            [("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("A year")), (DAY, _l("Until a day"))]
        )

    def validate_life(self, field: SelectField) -> None:
        if field.data == DAY and not any(typed.strip() for typed in self.until.raw_data or []):
            raise ValidationError(gettext("Choose the last day."))

    def validate_until(self, field: DateField) -> None:
        """What stands in it counts only where it is asked for."""
        if self.life.data != DAY or field.data is None:
            return
        if not timedelta() <= field.data - today_of(self.person) <= LONGEST:
            raise ValidationError(gettext("Choose a day from today on, within a year."))

    @property
    def ends_at(self) -> datetime:
        """The end of the day that was chosen, in their time zone; else so many days from now."""
        if self.life.data == DAY:
            return _end_of(self.until.data, ZoneInfo(self.person.timezone or site().default_timezone))
        return clock.now() + timedelta(days=int(self.life.data))


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
