from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError

from portal.accounts.forms import Checkboxes, whole_number
from portal.accounts.models import User
from portal.organizations.queries import is_team_name_taken, people_called
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy


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
