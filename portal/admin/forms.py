from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, NumberRange, Optional

from portal.accounts.forms import Checkboxes
from portal.admin.queries import AuditFilter
from portal.admin.words import GROUPS
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.retention import SHORTEST
from portal.permissions import Role
from portal.settings.actions import logo_from
from portal.settings.queries import UPLOAD_TYPES, SiteSettings
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy
from portal.web.locale import LANGUAGES, TIMEZONES

DOMAIN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


def domains(text: str | None) -> list[str]:
    """`@Example.org, example.com` as `example.org`, `example.com`."""
    return [word.strip("@").lower() for word in (text or "").replace(",", " ").split()]


def extensions(text: str | None) -> list[str]:
    """`PNG, .jpg` as `png`, `jpg`."""
    return [word.lstrip(".").lower() for word in (text or "").replace(",", " ").split()]


class SettingsForm(DeskForm):
    name = StringField(_l("Name of the desk"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    logo = FileField(_l("Logo"))
    without_logo = BooleanField(_l("Remove the logo"))
    languages = Checkboxes(_l("Languages to choose from"))
    default_language = SelectField(_l("Default language"))
    default_timezone = SelectField(_l("Default time zone"))
    registration_open = BooleanField(_l("People may create an account themselves"))
    registration_domains = TextAreaField(_l("Only with addresses of these domains"), [at_most(2000)])
    two_step_roles = Checkboxes(_l("Roles that must have it"))
    tickets_per_hour = IntegerField(
        _l("Tickets per person and hour"),
        [
            InputRequired(_l("Enter a number.")),
            NumberRange(1, 10_000, _l("Enter a number from 1 to 10,000.")),
        ],
    )
    comments_per_hour = IntegerField(
        _l("Replies per person and hour"),
        [
            InputRequired(_l("Enter a number.")),
            NumberRange(1, 10_000, _l("Enter a number from 1 to 10,000.")),
        ],
    )
    description_limit = IntegerField(
        _l("Longest description, in characters"),
        [
            InputRequired(_l("Enter a number.")),
            NumberRange(1000, 200_000, _l("Enter a number from 1,000 to 200,000.")),
        ],
    )

    reopen_days = IntegerField(
        _l("Days in which a closed request can be reopened"),
        [InputRequired(_l("Enter a number.")), NumberRange(0, 3650, _l("Enter a number up to 3,650."))],
    )

    upload_types = TextAreaField(_l("Kinds of files that are taken"), [NotBlank(_l("Leave at least one."))])
    upload_ticket_mb = IntegerField(
        _l("MB of all files of a ticket"),
        [InputRequired(_l("Enter a number.")), NumberRange(1, 100_000, _l("Enter a number up to 100,000."))],
    )
    upload_day_mb = IntegerField(
        _l("MB that a person sends within a day"),
        [InputRequired(_l("Enter a number.")), NumberRange(1, 100_000, _l("Enter a number up to 100,000."))],
    )
    keeps_infected = BooleanField(_l("Keep files with a virus, locked away"))
    release_needs_two = BooleanField(_l("Two admins have to release a file that could not be checked"))
    rescan_days = IntegerField(
        _l("Days in which a file is checked again with new signatures"),
        [InputRequired(_l("Enter a number.")), NumberRange(0, 3650, _l("Enter a number up to 3,650."))],
    )
    audit_days = IntegerField(
        _l("Days the audit log is kept"),
        [InputRequired(_l("Enter a number.")), NumberRange(0, 36_500, _l("Enter a number up to 36,500."))],
    )

    def __init__(self, *, now: SiteSettings, **kwargs: Any) -> None:
        shown = {name: getattr(now, name) for name in self.kept()}
        shown |= {
            "languages": list(now.languages),
            "two_step_roles": list(now.two_step_roles),
            "registration_domains": "\n".join(now.registration_domains),
            "upload_types": " ".join(now.upload_types),
        }
        super().__init__(data=shown, **kwargs)
        self.now = now
        self.new_logo = now.logo
        self.languages.choices = options(LANGUAGES.items())
        self.default_language.choices = options(LANGUAGES.items())
        self.two_step_roles.choices = options([(role.value, role.label) for role in Role])
        self.default_timezone.choices = options([(zone, zone) for zone in sorted(TIMEZONES)])

    @staticmethod
    def kept() -> tuple[str, ...]:
        """The settings that are shown and stored as they are."""
        return (
            "name",
            "default_language",
            "default_timezone",
            "registration_open",
            "tickets_per_hour",
            "comments_per_hour",
            "description_limit",
            "upload_ticket_mb",
            "upload_day_mb",
            "keeps_infected",
            "release_needs_two",
            "reopen_days",
            "rescan_days",
            "audit_days",
        )

    def validate_logo(self, field: FileField) -> None:
        """The picture is read here, once, so that what is wrong with it stands at the field."""
        if not field.data:
            return
        try:
            self.new_logo = logo_from(field.data.read())
        except DomainError as error:
            raise ValidationError(str(error)) from None

    def validate_languages(self, field: Checkboxes) -> None:
        if not field.data:
            raise ValidationError(gettext("Leave at least one language."))

    def validate_default_language(self, field: SelectField) -> None:
        if field.data not in (self.languages.data or []):
            raise ValidationError(gettext("Choose one of the languages that are offered."))

    def validate_registration_domains(self, field: TextAreaField) -> None:
        wrong = [name for name in domains(field.data) if "." not in name or not set(name) <= DOMAIN_LETTERS]
        if wrong:
            raise ValidationError(
                gettext("“%(name)s” is not a domain such as example.org.", name=wrong[0][:60])
            )

    def validate_upload_types(self, field: TextAreaField) -> None:
        if unknown := [name for name in extensions(field.data) if name not in UPLOAD_TYPES]:
            raise ValidationError(
                gettext(
                    "“%(name)s” is no kind of file that the desk can check. These are: %(listed)s.",
                    name=unknown[0][:20],
                    listed=" ".join(UPLOAD_TYPES),
                )
            )

    def validate_audit_days(self, field: IntegerField) -> None:
        if field.data and field.data < SHORTEST:
            raise ValidationError(gettext("Enter 0 for ever, or at least %(days)d days.", days=SHORTEST))

    def wanted(self) -> dict[str, Any]:
        """The values as `settings.actions.change_settings` takes them."""
        values = {name: self[name].data for name in self.kept()}
        return values | {
            "logo": "" if self.without_logo.data else self.new_logo,
            "languages": tuple(code for code in LANGUAGES if code in self.languages.data),
            "two_step_roles": tuple(r.value for r in Role if r.value in (self.two_step_roles.data or [])),
            "registration_domains": tuple(dict.fromkeys(domains(self.registration_domains.data))),
            "upload_types": tuple(dict.fromkeys(extensions(self.upload_types.data))),
        }


class AuditForm(DeskForm):
    """Which part of the audit log to show. Days are those of the reader's time zone."""

    class Meta:
        csrf = False

    kind = SelectField(_l("What"), [Optional()])
    person = StringField(_l("Who"), [at_most(120)], [tidy])
    since = DateField(_l("From"), [Optional()])
    until = DateField(_l("To"), [Optional()])
    address = StringField(_l("Network address"), [at_most(64)], [tidy])
    words = StringField(_l("Words"), [at_most(120)], [tidy])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = options([("", gettext("Everything"))])
        for group, kinds in GROUPS:
            self.kind.choices += options(((k.value, words) for k, words in kinds.items()), under=str(group))

    def validate_until(self, field: DateField) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("The last day lies before the first."))

    def wanted(self) -> AuditFilter:
        """The filter; fields that hold nothing sensible do not filter."""
        return AuditFilter(
            kind=Kind(self.kind.data) if self.kind.data and not self.kind.errors else None,
            person=(self.person.data or "")[:120],
            since=_midnight(self.since.data),
            until=_midnight(self.until.data, days=1),
            address=(self.address.data or "")[:64],
            words=(self.words.data or "")[:120],
        )


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """When that day begins for the reader, or the one so many days later."""
    if day is None or not 1970 <= day.year < 9000:
        return None
    return datetime.combine(day + timedelta(days=days), time.min, tzinfo=ZoneInfo(str(get_timezone())))
