from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from portal.accounts.addresses import domain_of
from portal.accounts.forms import Checkboxes, NewPasswordForm, email_field, name_field
from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.organizations.models import Department, MembershipRole, Organization, Shares
from portal.organizations.queries import (
    departments_of,
    is_department_name_taken,
    is_member,
    is_organization_name_taken,
    is_team_name_taken,
    people_called,
)
from portal.settings.cache import site
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number


class PersonField(StringField):
    """Somebody, by mail address or whole name; `person` is whom that means, once it was validated.

    The form says in `reader` who asks: they find nobody whom they may not look up.
    """

    person: User | None = None

    def pre_validate(self, form: Any) -> None:
        typed = tidy(self.data) or ""
        if not typed:
            return
        found = people_called(typed, by=form.reader)
        if not found:
            raise ValidationError(
                gettext(
                    "Nobody is found under “%(typed)s”. Enter the whole name or the mail address.",
                    typed=typed,
                )
            )
        if len(found) > 1:
            raise ValidationError(
                gettext(
                    "Several people are called “%(typed)s”. Enter the mail address of the one you mean.",
                    typed=typed,
                )
            )
        self.person = found[0]


class TeamForm(DeskForm):
    """A team's name, and who works in it; whoever leads it works in it too."""

    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    member_ids = Checkboxes(_l("Members"), coerce=whole_number)
    lead_ids = Checkboxes(_l("Leads"), coerce=whole_number)

    def __init__(self, *, staff: list[User], team_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staff, self.team_id = staff, team_id
        self.member_ids.choices = self.lead_ids.choices = options([(user.id, user.name) for user in staff])

    @property
    def members(self) -> list[User]:
        return [user for user in self.staff if user.id in (self.member_ids.data or [])]

    @property
    def leads(self) -> list[User]:
        return [user for user in self.staff if user.id in (self.lead_ids.data or [])]

    def validate_name(self, field: StringField) -> None:
        if is_team_name_taken(field.data, besides=self.team_id):
            raise ValidationError(gettext("Another team has this name. Choose another one."))


class SearchForm(DeskForm):
    """Which organizations, or which people of one, to show."""

    class Meta:
        csrf = False

    q = StringField(_l("Name"), [at_most(120)], [tidy])

    @property
    def words(self) -> str:
        return (self.q.data or "")[:120].replace("\0", "")


class OrganizationForm(DeskForm):
    """An organization's name, and what its people see of each other's requests."""

    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(120)], [tidy])
    shares = RadioField(_l("What its people see"), coerce=Shares, default=Shares.OWN)

    def __init__(self, *, organization_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.organization_id = organization_id
        self.shares.choices = options([(each.value, each.label) for each in Shares])

    def validate_name(self, field: StringField) -> None:
        if is_organization_name_taken(field.data, besides=self.organization_id):
            raise ValidationError(gettext("Another organization has this name. Choose another one."))


class DepartmentForm(DeskForm):
    name = StringField(_l("Department"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])

    def __init__(
        self, *, organization: Organization, department_id: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.organization, self.department_id = organization, department_id

    def validate_name(self, field: StringField) -> None:
        taken = is_department_name_taken(
            field.data, organization_id=self.organization.id, besides=self.department_id
        )
        if taken:
            raise ValidationError(gettext("Another department has this name. Choose another one."))


class MemberForm(DeskForm):
    """What somebody is to an organization: one of the `roles` that whoever fills it in may give."""

    role = SelectField(
        _l("Role in the organization"),
        [InputRequired(_l("Choose a role."))],
        coerce=MembershipRole,
        default=MembershipRole.MEMBER,
    )
    department_id = SelectField(_l("Department"), [Optional()], coerce=whole_number)

    def __init__(self, *, organization: Organization, roles: list[MembershipRole], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.organization = organization
        self.departments: list[Department] = departments_of(organization)
        self.role.choices = options([(role.value, role.label) for role in roles])
        self.department_id.choices = options(
            [("", gettext("None"))] + [(each.id, each.name) for each in self.departments]
        )

    @property
    def department(self) -> Department | None:
        return next((each for each in self.departments if each.id == self.department_id.data), None)


class NewMemberForm(MemberForm):
    """Somebody with an account, by their address: there are too many people to choose from."""

    email = email_field()
    person: User

    def validate_email(self, field: StringField) -> None:
        person = user_by_email(field.data)
        if person is None:
            raise ValidationError(
                gettext("There is no account with this address. Make one under People first.")
            )
        if is_member(field.data, self.organization):
            raise ValidationError(gettext("This person belongs to the organization already."))
        self.person = person


class InvitationForm(MemberForm):
    """Whom to invite. Says of no address whether it has an account, but of members that they are."""

    email = email_field()

    def validate_email(self, field: StringField) -> None:
        allowed = site().registration_domains
        if allowed and domain_of(field.data) not in allowed:
            raise ValidationError(
                gettext("Only addresses of %(domains)s can make an account here.", domains=", ".join(allowed))
            )
        if is_member(field.data, self.organization):
            raise ValidationError(gettext("This person belongs to the organization already."))


class JoinForm(NewPasswordForm):
    """An account for somebody whose address a mailed link has proven."""

    name = name_field(_l("Your name"))
    password = NewPasswordForm.password

    def __init__(self, *, known: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known = known

    def known_words(self) -> tuple[str, ...]:
        return (self.name.data or "", *self.known)
