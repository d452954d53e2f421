"""What a step of the lifecycle asks for, as one form."""

from datetime import datetime
from typing import Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Optional

from portal.accounts.models import User
from portal.lifecycles.plan import Need
from portal.projects.models import TicketCategory
from portal.projects.queries import open_categories
from portal.tickets.assignment_form import AssignmentForm
from portal.tickets.due import end_of
from portal.tickets.filtering import zone_of
from portal.tickets.forms import BODY_LIMIT
from portal.tickets.models import Ticket, WaitingFor
from portal.tickets.spent import A_DAY
from portal.web.durations import minutes_of
from portal.web.forms import NotBlank, at_most, options, tidy, whole_number

FIELDS: dict[Need, tuple[str, ...]] = {
    Need.COMMENT: ("body", "audience"),
    Need.ASSIGNEE: ("assignee_id",),
    Need.TEAM: ("team_id",),
    Need.CATEGORY: ("category_id",),
    Need.DUE: ("day",),
    Need.TIME: ("length",),
}


class StepForm(AssignmentForm):
    """The fields of what is lacking, no others. `seen` is the id of the status that the page showed."""

    seen = HiddenField(validators=[Optional()])
    waiting_for = HiddenField(validators=[Optional()])
    body = TextAreaField(_l("Comment"), [NotBlank(_l("Write something first.")), at_most(BODY_LIMIT)])
    audience = RadioField(
        _l("Who reads it?"),
        choices=options([("note", _l("The desk alone")), ("reply", _l("Everybody who sees the ticket"))]),
        default="note",
    )
    assignee_id = SelectField(
        _l("Assignee"), [InputRequired(_l("Choose somebody."))], coerce=whole_number, validate_choice=False
    )
    team_id = SelectField(
        _l("Team"),
        [InputRequired(_l("Choose one of the teams."))],
        coerce=whole_number,
        validate_choice=False,
    )
    category_id = SelectField(
        _l("Category"), [InputRequired(_l("Choose a category."))], coerce=whole_number, validate_choice=False
    )
    day = DateField(_l("Due on"), [InputRequired(_l("Choose a day."))])
    length = StringField(_l("How long did you work on it?"), [InputRequired(_l("Enter how long."))], [tidy])

    @classmethod
    def for_step(cls, ticket: Ticket, lacking: list[Need], *, reader: User, works: bool) -> Self:
        """Whoever asked for the ticket writes for everybody."""
        form = cls(ticket=ticket, data={"seen": str(ticket.status_id)})
        wanted = {name for need in lacking for name in FIELDS[need]}
        for name in {name for names in FIELDS.values() for name in names} - wanted:
            del form[name]
        if not works and form.audience:
            del form.audience
        form.zone = zone_of(reader)
        if form.category_id:
            form.categories = open_categories(project_id=ticket.project_id)
            named = [(category.id, category.name) for category in form.categories]
            form.category_id.choices = options([("", gettext("Please choose")), *named])
        return form

    @property
    def asks(self) -> bool:
        """Whether there is anything to fill in."""
        return any(name in self for names in FIELDS.values() for name in names)

    @property
    def text(self) -> str:
        return (self.body.data or "").replace("\r\n", "\n")

    @property
    def is_public(self) -> bool:
        return self.audience is None or self.audience.data == "reply"

    @property
    def category(self) -> TicketCategory | None:
        return next((each for each in self.categories if each.id == self.category_id.data), None)

    @property
    def due_at(self) -> datetime:
        return end_of(self.day.data, None, self.zone)

    @property
    def minutes(self) -> int:
        return minutes_of(self.length.data or "") or 0

    @property
    def reason(self) -> WaitingFor | None:
        known = {each.value: each for each in WaitingFor}
        return known.get(self.waiting_for.data or "")

    def validate_category_id(self, field: SelectField) -> None:
        if self.category is None:
            raise ValidationError(gettext("Choose a category."))

    def validate_length(self, field: StringField) -> None:
        if not 0 < self.minutes <= A_DAY:
            raise ValidationError(gettext("Enter how long, such as 1h 30m or 45; at most 24 hours."))
