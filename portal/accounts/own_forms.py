"""Forms for one's own log-in, address and absence, most of which ask for the password again."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import DateField, Field, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from portal.accounts.addresses import domain_of, tidy_address
from portal.accounts.forms import Checkboxes, MailAddress, OwnPasswordForm, email_field
from portal.accounts.models import User
from portal.accounts.notices import OCCASIONS, occasions_of
from portal.accounts.passwords import is_right
from portal.accounts.queries import user_by_email
from portal.settings.cache import site
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy


class CodeForm(DeskForm):
    """The second step of a log-in. Where `credential` holds what a passkey signed, there need be no code."""

    code = StringField(_l("Code"), [NotBlank(_l("Enter the code.")), at_most(40)], [tidy])
    credential = HiddenField()
    next = HiddenField()


class OwnPassword(DeskForm):
    """Asks for the password, so that a browser left open gives nobody the account."""

    current_password = PasswordField(
        _l("Current password"), [InputRequired(_l("Enter your current password."))]
    )

    def __init__(self, *, place: str, has_password: bool = True, **kwargs: Any) -> None:
        """`place` tells the forms of one page apart.

        Whoever comes by single sign-on alone has no password to show.
        """
        super().__init__(**kwargs)
        self.current_password.id = self.current_password.label.field_id = f"{place}-password"
        if not has_password:
            del self.current_password

    def __iter__(self) -> Iterator[Field]:
        """The password last, as on the page: mistakes are listed in the order of the fields."""
        return iter(sorted(super().__iter__(), key=lambda field: field.short_name == "current_password"))

    def is_right_for(self, person: User) -> bool:
        """Whether that is their password; the field says so where it is not."""
        if "current_password" not in self:
            return person.password_hash is None
        if is_right(self.current_password.data, person.password_hash):
            return True
        self.current_password.errors = [gettext("This is not your current password.")]
        return False


class SetUpTwoStepForm(OwnPassword):
    sealed = HiddenField()
    code = StringField(_l("Code that your app shows"), [NotBlank(_l("Enter the code.")), at_most(40)], [tidy])

    def __init__(self, *, has_password: bool, **kwargs: Any) -> None:
        super().__init__(place="set-up", has_password=has_password, **kwargs)


class PasskeyNameForm(DeskForm):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])


class NewPasskeyForm(OwnPassword, PasskeyNameForm):
    """`credential` is what the browser's script fills in: the passkey that a device has made."""

    credential = HiddenField()

    def __init__(self, *, has_password: bool, **kwargs: Any) -> None:
        super().__init__(place="passkey", has_password=has_password, **kwargs)


class ChangePasswordForm(OwnPassword, OwnPasswordForm):
    password = PasswordField(_l("New password"), [InputRequired(_l("Enter a password."))])

    def __init__(self, *, person: User, **kwargs: Any) -> None:
        super().__init__(place="change", person=person, **kwargs)


class OwnAddressForm(OwnPassword):
    """Says of no address whether it has an account."""

    new_email = StringField(
        _l("New address"), [NotBlank(_l("Enter a mail address.")), MailAddress()], [tidy_address]
    )

    def __init__(self, *, person: User, **kwargs: Any) -> None:
        super().__init__(place="address", **kwargs)
        self.person = person

    def validate_new_email(self, field: StringField) -> None:
        if field.data == self.person.email:
            raise ValidationError(gettext("This is your address already."))
        allowed, domain = site().registration_domains, domain_of(field.data)
        if allowed and domain not in {*allowed, domain_of(self.person.email)}:
            raise ValidationError(
                gettext("Only addresses of %(domains)s are used here.", domains=", ".join(allowed))
            )


class PersonAddressForm(DeskForm):
    """Another address for somebody else."""

    email = email_field()


class ViewAsForm(DeskForm):
    """Why an admin wants to see the desk as somebody else."""

    why = StringField(_l("Why?"), [NotBlank(_l("Say why: the audit log keeps it.")), at_most(300)], [tidy])


class AbsenceForm(DeskForm):
    """From when to when one is away, and who stands in. Empty days: one is not away."""

    absent_from = DateField(_l("First day away"), [Optional()])
    absent_until = DateField(_l("Last day away"), [Optional()])
    deputy = StringField(_l("Deputy"), [Optional(), at_most(254), MailAddress()], [tidy_address])

    @classmethod
    def of(cls, person: User, **kwargs: Any) -> "AbsenceForm":
        now = {
            "absent_from": person.absent_from,
            "absent_until": person.absent_until,
            "deputy": person.deputy.email if person.deputy else "",
        }
        form = cls(data=now, **kwargs)
        form.person, form.found = person, None
        return form

    person: User
    found: User | None

    def validate_absent_from(self, field: DateField) -> None:
        if field.data and not self.absent_until.data:
            raise ValidationError(gettext("Enter the first day and the last one, or neither."))

    def validate_absent_until(self, field: DateField) -> None:
        first, last = self.absent_from.data, field.data
        if last and not first:
            raise ValidationError(gettext("Enter the first day and the last one, or neither."))
        if first and last and last < first:
            raise ValidationError(gettext("The last day lies before the first."))
        if first and last and not _are_near(first, last):
            raise ValidationError(gettext("Enter days of this century."))

    def validate_deputy(self, field: StringField) -> None:
        """An address that is not of staff is answered like one that nobody has."""
        found = self.found = user_by_email(field.data)
        if found is None or not (found.is_active and found.is_staff) or found.id == self.person.id:
            raise ValidationError(gettext("Enter the address of another agent, manager or admin."))


class PictureForm(DeskForm):
    """What it may be, `pictures.send` says, and the job that looks at it."""

    picture = FileField(_l("Picture"))

    @property
    def sent(self) -> bytes:
        return self.picture.data.read() if self.picture.data else b""


class NoticesForm(DeskForm):
    rings = Checkboxes(_l("What rings your bell"))

    @classmethod
    def of(cls, person: User, **kwargs: Any) -> "NoticesForm":
        kinds = occasions_of(person)
        form = cls(data={"rings": [kind for kind in kinds if kind not in person.quiet_about]}, **kwargs)
        form.rings.choices = options([(kind, OCCASIONS[kind]) for kind in kinds])
        return form

    @property
    def quiet(self) -> list[str]:
        """What was left out, as `actions.edit_profile` takes it."""
        return [value for value, *_more in self.rings.iter_choices() if value not in (self.rings.data or [])]


def _are_near(*days: date) -> bool:
    return all(2000 <= day.year < 2100 for day in days)
