from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from portal.accounts.addresses import domain_of, is_address, tidy_address
from portal.accounts.models import Density, Theme, User
from portal.accounts.queries import user_by_email
from portal.accounts.strength import least_length, weakness
from portal.permissions import STAFF, Role
from portal.settings.cache import site
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number
from portal.web.locale import LANGUAGES, TIMEZONES


class MailAddress:
    """An address that mail can be sent to."""

    def __call__(self, form: DeskForm, field: Any) -> None:
        if field.data and not is_address(field.data):
            raise ValidationError(gettext("Enter a mail address such as ann@example.org."))


class Checkboxes(SelectMultipleField):
    """Any number of the choices, each with a box of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def email_field() -> StringField:
    return StringField(
        _l("E-mail address"), [NotBlank(_l("Enter a mail address.")), MailAddress()], [tidy_address]
    )


def name_field(label: str = _l("Name")) -> StringField:
    return StringField(label, [NotBlank(_l("Enter a name.")), at_most(120)], [tidy])


class LoginForm(DeskForm):
    """Says of no address whether it has an account. `credential`, what a passkey signed, stands for both."""

    email = StringField(
        _l("E-mail address"), [NotBlank(_l("Enter your mail address."))], [tidy, tidy_address]
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])
    remember = BooleanField(_l("Keep me logged in on this device"))
    credential = HiddenField()
    next = HiddenField()


class VerifyForm(DeskForm):
    """Whoever confirms an address also knows the password that was chosen with it."""

    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password."))])


class NewPasswordForm(DeskForm):
    """A form with a password that is to be a good one for whoever it is for."""

    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])
    role = Role.EMPLOYEE

    def known_words(self) -> tuple[str, ...]:
        """What others know of the person, so that it makes no password."""
        return ()

    @property
    def least(self) -> int:
        return least_length(self.role)

    def validate_password(self, field: PasswordField) -> None:
        words = (*self.known_words(), site().name)
        if problem := weakness(field.data, role=self.role, about=words):
            raise ValidationError(problem)


class RegisterForm(NewPasswordForm):
    name = name_field()
    email = email_field()
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])

    def known_words(self) -> tuple[str, ...]:
        return (self.name.data or "", self.email.data or "")

    def validate_email(self, field: StringField) -> None:
        allowed = site().registration_domains
        if allowed and domain_of(field.data) not in allowed:
            raise ValidationError(
                gettext("Only addresses of %(domains)s can make an account here.", domains=", ".join(allowed))
            )


class ForgotForm(DeskForm):
    email = email_field()


class OwnPasswordForm(NewPasswordForm):
    """For somebody who is known: by their login, or by the link they were mailed."""

    def __init__(self, *, person: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.person, self.role = person, person.role

    def known_words(self) -> tuple[str, ...]:
        return (self.person.name, self.person.email)


class ResetForm(OwnPasswordForm):
    pass


class ProfileForm(DeskForm):
    name = name_field(_l("Your name"))
    phone = StringField(_l("Telephone"), [at_most(40)], [tidy])
    locale = SelectField(_l("Language"))
    timezone = SelectField(_l("Time zone"))
    theme = SelectField(_l("Appearance"), coerce=Theme)
    density = SelectField(_l("Rows"), coerce=Density)
    shortcuts_enabled = BooleanField(_l("Single-key shortcuts"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        desk = site()
        self.locale.choices = options(
            [("", gettext("Like the browser"))] + [(code, LANGUAGES[code]) for code in desk.languages]
        )
        here = gettext("Like the desk (%(zone)s)", zone=desk.default_timezone)
        self.timezone.choices = options([("", here)] + [(zone, zone) for zone in sorted(TIMEZONES)])
        self.theme.choices = options(
            [
                (Theme.SYSTEM.value, gettext("Like the system")),
                (Theme.LIGHT.value, gettext("Light")),
                (Theme.DARK.value, gettext("Dark")),
            ]
        )
        self.density.choices = options(
            [
                (Density.COMFORTABLE.value, gettext("Comfortable")),
                (Density.COMPACT.value, gettext("Compact")),
            ]
        )

    def wanted(self) -> dict[str, Any]:
        """The values as `actions.edit_profile` takes them."""
        return {
            "name": self.name.data,
            "phone": self.phone.data or "",
            "locale": self.locale.data or None,
            "timezone": self.timezone.data or None,
            "theme": self.theme.data,
            "density": self.density.data,
            "shortcuts_enabled": self.shortcuts_enabled.data,
        }


class AppearanceForm(DeskForm):
    """One press of a menu: the theme, or the height of rows."""

    theme = SelectField(validators=[Optional()], choices=options([(theme.value, "") for theme in Theme]))
    density = SelectField(
        validators=[Optional()], choices=options([(density.value, "") for density in Density])
    )

    def wanted(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        if self.theme.data:
            chosen["theme"] = Theme(self.theme.data)
        if self.density.data:
            chosen["density"] = Density(self.density.data)
        return chosen


class FirstRunForm(NewPasswordForm):
    organization = StringField(
        _l("Name of your organization"),
        [NotBlank(_l("Enter the name of your organization.")), at_most(80)],
        [tidy],
    )
    name = name_field(_l("Your name"))
    email = email_field()
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter a password."))])
    role = Role.ADMIN

    def known_words(self) -> tuple[str, ...]:
        return (self.name.data or "", self.email.data or "", self.organization.data or "")


class PersonForm(DeskForm):
    """What an admin says of a person. The rows to choose from are handed in: they are other features'."""

    name = name_field()
    role = SelectField(_l("Role"), coerce=Role)
    team_ids = Checkboxes(_l("Teams"), coerce=whole_number)
    is_break_glass = BooleanField(_l("Emergency access"))
    is_limited = BooleanField(_l("Works only in projects they are a member of"))

    def __init__(self, *, teams: list[Any], is_admin: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not is_admin:
            del self.is_break_glass
        self.all_teams = teams
        self.role.choices = options([(role.value, role.label) for role in Role])
        self.team_ids.choices = options([(team.id, team.name) for team in teams])

    @property
    def teams(self) -> list[Any]:
        return [team for team in self.all_teams if team.id in (self.team_ids.data or [])]

    def validate_team_ids(self, field: Checkboxes) -> None:
        if field.data and self.role.data not in STAFF:
            raise ValidationError(gettext("Only agents, managers and admins work in teams."))


class NewPersonForm(PersonForm):
    email = email_field()
    locale = SelectField(_l("Language of the invitation"))
    organization_id = SelectField(_l("Organization"), coerce=whole_number)

    def __init__(self, *, organizations: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.all_organizations = organizations
        self.organization_id.choices = options(
            [("", gettext("None"))] + [(each.id, each.name) for each in organizations]
        )
        desk = site()
        self.locale.choices = options([(code, LANGUAGES[code]) for code in desk.languages])
        self.locale.default = desk.default_language
        if not self.is_submitted():
            self.locale.data = desk.default_language

    @property
    def organization(self) -> Any:
        return next((each for each in self.all_organizations if each.id == self.organization_id.data), None)

    def validate_email(self, field: StringField) -> None:
        if user_by_email(field.data):
            raise ValidationError(gettext("There is already an account with this address."))


class PeopleForm(DeskForm):
    """Which people to show; what holds nothing sensible does not filter."""

    class Meta:
        csrf = False

    q = StringField(_l("Name or address"), [at_most(120)], [tidy])
    role = SelectField(_l("Role"), [Optional()])
    state = SelectField(_l("State"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = options(
            [("", gettext("Every role"))] + [(role.value, role.label) for role in Role]
        )
        self.state.choices = options(
            [
                ("", gettext("Every state")),
                ("active", gettext("Active")),
                ("waiting", gettext("Not confirmed yet")),
                ("deactivated", gettext("Deactivated")),
            ]
        )

    def wanted(self) -> dict[str, Any]:
        """The filter as `queries.people` takes it."""
        role = self.role.data if not self.role.errors else ""
        state = self.state.data if not self.state.errors else ""
        return {
            "search": (self.q.data or "")[:120],
            "role": Role(role) if role else None,
            "state": state or "",
        }
