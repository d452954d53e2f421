import re
from collections.abc import Sequence
from typing import Self, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import HiddenInput

from portal.accounts.models import User
from portal.lifecycles.queries import Step
from portal.organizations.forms import PersonField
from portal.organizations.models import Organization
from portal.organizations.queries import memberships_to_ask_in
from portal.projects.forms import StaffField, called
from portal.projects.models import Project, TicketCategory
from portal.projects.policy import shut_to
from portal.projects.queries import open_categories, open_projects
from portal.settings.cache import site
from portal.tickets.models import Priority, Request, Ticket, TicketType, WaitingFor
from portal.tickets.steps import steps_for
from portal.web.forms import DeskForm, NotBlank, at_most, idempotency_field, options, tidy, whole_number

BODY_LIMIT = 50_000
RATING_LIMIT = 2_000
PERSON_LIMIT = 400  # a name and a mail address
SCOPE = re.compile(r"(ticket:new|[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,17}:(reply|note))\Z")


class TicketForm(DeskForm):
    """What an employee asks for."""

    idempotency_key = idempotency_field()
    type = RadioField(_l("What is it?"), validate_choice=True, default=TicketType.INCIDENT.value)
    title = StringField(
        _l("Subject"), [NotBlank(_l("Say in a few words what it is about.")), at_most(200)], [tidy]
    )
    description = TextAreaField(_l("Description"))
    project_id = SelectField(
        _l("Who should help?"), [InputRequired(_l("Choose who should help."))], coerce=whole_number
    )
    category_id = SelectField(_l("Topic"), [Optional()], coerce=whole_number)
    organization_id = SelectField(
        _l("For which organization?"),
        [InputRequired(_l("Choose for which organization you ask."))],
        coerce=whole_number,
    )
    priority = RadioField(_l("How urgent is it?"), default=Priority.MEDIUM.value)
    person = PersonField(_l("For whom?"), [at_most(PERSON_LIMIT)], [tidy])
    confidential = BooleanField(_l("Confidential: only the people named in it and admins"))

    def __init__(self, *, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reader = reader
        self.memberships = memberships_to_ask_in(reader)
        self.organizations = [each.organization for each in self.memberships]
        if len(self.organizations) < 2:
            del self.organization_id  # there is nothing to ask
        else:
            self.organization_id.choices = options(
                [("", gettext("Please choose"))] + [(each.id, each.name) for each in self.organizations]
            )
        self.projects: list[Project] = open_projects()
        self.categories: list[TicketCategory] = open_categories()
        self.type.choices = options(
            [
                (TicketType.INCIDENT.value, gettext("Something is broken")),
                (TicketType.REQUEST.value, gettext("I need something")),
                (TicketType.QUESTION.value, gettext("I have a question")),
            ]
        )
        self.priority.choices = options([(priority.value, priority.label) for priority in Priority])
        self.project_id.choices = options(
            [("", gettext("Please choose"))] + [(p.id, p.name) for p in self.projects]
        )
        self.category_id.choices = self._topics()

    @property
    def urgency(self) -> dict[str, str]:
        """What each priority means to somebody who asks for help."""
        return {
            "low": gettext("It can wait."),
            "medium": gettext("It slows me down."),
            "high": gettext("I cannot work."),
            "critical": gettext("Many of us cannot work."),
        }

    @property
    def sharing(self) -> list[str]:
        """The names of the organizations whose people can read along."""
        return [each.organization.name for each in self.memberships if each.shares_what_is_asked]

    def _topics(self) -> list[SelectChoice]:
        """Those of every project first, then each project's own under its name."""
        general = [(c.id, c.name) for c in self.categories if not c.project_id]
        topics = options([("", gettext("I do not know"))]) + options(general, under=gettext("General"))
        for project in self.projects:
            own = [(c.id, c.name) for c in self.categories if c.project_id == project.id]
            topics += options(own, under=project.name)
        return topics

    @property
    def project(self) -> Project:
        return next(p for p in self.projects if p.id == self.project_id.data)

    @property
    def category(self) -> TicketCategory | None:
        return next((c for c in self.categories if c.id == self.category_id.data), None)

    @property
    def organization(self) -> Organization | None:
        """The chosen one, or the only one."""
        chosen = self.organization_id.data if self.organization_id else None
        known = (each for each in self.organizations if chosen in {None, each.id})
        return next(known, None)

    def asked(self) -> Request:
        """What is asked for, as `actions.submit_ticket` takes it."""
        return Request(
            project=self.project,
            title=self.title.data,
            description=(self.description.data or "").replace("\r\n", "\n"),
            category=self.category,
            priority=Priority(self.priority.data),
            type=TicketType(self.type.data),
            organization=None if self.person.person else self.organization,
            is_confidential=bool(self.confidential.data),
        )

    def validate_category_id(self, field: SelectField) -> None:
        chosen = self.category
        if chosen and chosen.project and chosen.project_id != self.project_id.data:
            raise ValidationError(
                gettext(
                    "This topic belongs to %(project)s. Choose another one, or ask %(project)s.",
                    project=chosen.project.name,
                )
            )

    def validate_description(self, field: TextAreaField) -> None:
        limit = site().description_limit
        if len(field.data or "") > limit:
            raise ValidationError(gettext("Use at most %(max)d characters.", max=limit))


class CommentForm(DeskForm):
    """What somebody says: in words, or with files alone (`has_files`)."""

    idempotency_key = idempotency_field()
    body = TextAreaField(_l("Your reply"), [at_most(BODY_LIMIT)])

    place = "reply"  # tells the forms of one page apart
    has_files = False

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        for field in self:
            field.id = f"{self.place}-{field.name}"
            field.label.field_id = field.id

    def validate_body(self, field: TextAreaField) -> None:
        if self.is_blank and not self.has_files:
            raise ValidationError(gettext("Write something first."))

    @property
    def is_blank(self) -> bool:
        return not (self.body.data or "").strip()

    @property
    def text(self) -> str:
        return "" if self.is_blank else self.body.data.replace("\r\n", "\n")


class ReplyForm(CommentForm):
    """A public reply; the desk may say at once what the ticket waits for, or that it is done.

    `seen_replies` is how many the page showed on which it was written.
    """

    then = SelectField(
        _l("And then"),
        choices=options(
            [
                ("", _l("keep the status")),
                ("wait", _l("wait for the requester")),
                ("close", _l("close the ticket")),
            ]
        ),
        default="",
    )
    seen_replies = IntegerField(validators=[Optional(), NumberRange(0, 2**31)], widget=HiddenInput())


class RatingForm(DeskForm):
    """What the requester thinks of how it went."""

    score = RadioField(
        _l("How satisfied are you?"),
        [InputRequired(_l("Choose a number from 1 to 5."))],
        choices=options([(str(number), str(number)) for number in range(1, 6)]),
    )
    comment = TextAreaField(_l("What should we know about it?"), [at_most(RATING_LIMIT)])


class NoteForm(CommentForm):
    place = "note"
    body = TextAreaField(_l("Internal note"), [at_most(BODY_LIMIT)])


class StatusForm(DeskForm):
    """Any status of the lifecycle is input; whether it is allowed now, the domain says."""

    status = SelectField(
        _l("Status"), [InputRequired(_l("Choose a status."))], coerce=whole_number, validate_choice=False
    )
    waiting_for = SelectField(_l("What does it wait for?"), [Optional()])
    steps: Sequence[Step]

    @classmethod
    def for_ticket(cls, ticket: Ticket, *, reader: User, **kwargs: object) -> Self:
        form = cls(**kwargs)
        form.steps = steps_for(ticket, reader)
        form.status.choices = options([(step.id, step.label) for step in form.steps])
        form.waiting_for.choices = options(
            [("", gettext("Something else"))]
            + [(reason.value, reason.label) for reason in WaitingFor if reason is not WaitingFor.OTHER]
        )
        return form

    @property
    def reason(self) -> WaitingFor | None:
        return WaitingFor(self.waiting_for.data) if self.waiting_for.data else None


class FieldsForm(DeskForm):
    """What agents may correct. `version` says which ticket the person saw."""

    version = IntegerField(validators=[InputRequired(), NumberRange(1, 2**31)])
    title = StringField(_l("Subject"), [NotBlank(_l("Enter a subject.")), at_most(200)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(BODY_LIMIT)])
    type = SelectField(_l("Type"), coerce=TicketType)
    priority = SelectField(_l("Priority"), coerce=Priority)
    category_id = SelectField(_l("Category"), [Optional()], coerce=whole_number)

    @classmethod
    def for_ticket(cls, ticket: Ticket, **kwargs: object) -> Self:
        now = {
            "version": ticket.version,
            "title": ticket.title,
            "description": ticket.description,
            "type": ticket.type,
            "priority": ticket.priority,
            "category_id": ticket.category_id,
        }
        form = cls(data=now, **kwargs)
        form.categories = open_categories(project_id=ticket.project_id)
        if ticket.category and ticket.category not in form.categories:
            form.categories = [ticket.category, *form.categories]
        form.type.choices = options([(kind.value, kind.label) for kind in TicketType])
        form.priority.choices = options([(p.value, p.label) for p in Priority])
        form.category_id.choices = options(
            [("", gettext("None"))] + [(c.id, c.name) for c in form.categories]
        )
        return form

    @property
    def category(self) -> TicketCategory | None:
        return next((c for c in self.categories if c.id == self.category_id.data), None)

    def wanted(self) -> dict[str, object]:
        """The values as `actions.edit` takes them."""
        return {
            "title": self.title.data,
            "description": (self.description.data or "").replace("\r\n", "\n"),
            "type": self.type.data,
            "priority": self.priority.data,
            "category": self.category,
        }


class HandoverForm(DeskForm):
    """Who is to answer for the open tickets of somebody who leaves; nobody where it is empty."""

    heir = StaffField(_l("Who takes their open tickets?"), [at_most(PERSON_LIMIT)], [tidy])

    def __init__(self, *, leaver: User, reader: User, **kwargs: object) -> None:
        deputy = leaver.deputy
        stands_in = deputy is not None and deputy.is_active and deputy.is_staff
        super().__init__(data={"heir": called(deputy) if deputy and stands_in else ""}, **kwargs)
        self.leaver, self.reader = leaver, reader

    def validate_heir(self, field: StaffField) -> None:
        if field.person and field.person.id == self.leaver.id:
            raise ValidationError(gettext("Choose somebody else: it is they who leave."))


class ParticipantForm(DeskForm):
    """A colleague who is to take part."""

    person = PersonField(
        _l("Name or mail address"),
        [NotBlank(_l("Enter a name or a mail address.")), at_most(PERSON_LIMIT)],
        [tidy],
        id="participant",
    )

    def __init__(self, *, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.reader = reader

    @property
    def participant(self) -> User:
        """Whom the field means; of a form that is valid."""
        return cast("User", self.person.person)


class MoveForm(DeskForm):
    """The other projects that take tickets, as far as the reader works in them."""

    project_id = SelectField(_l("Project"), [InputRequired(_l("Choose a project."))], coerce=whole_number)

    def __init__(self, *, ticket: Ticket, reader: User, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.projects = open_projects(Project.id != ticket.project_id, Project.id.not_in(shut_to(reader)))
        self.project_id.choices = options(
            [("", gettext("Please choose"))] + [(p.id, p.name) for p in self.projects]
        )

    @property
    def project(self) -> Project:
        return next(p for p in self.projects if p.id == self.project_id.data)


class PriorityForm(DeskForm):
    priority = SelectField(
        _l("Priority"), coerce=Priority, choices=options([(p.value, p.value) for p in Priority])
    )


class DraftForm(DeskForm):
    """What a browser sends while somebody writes: where, and the fields as JSON."""

    scope = StringField(validators=[InputRequired(), Length(max=80), Regexp(SCOPE)])
    content = HiddenField(validators=[InputRequired(), Length(max=120_000)])


class PresenceForm(DeskForm):
    """What a browser says of its person: which of their tabs it is, and what they do in it."""

    tab = StringField(validators=[InputRequired(), Regexp(r"[0-9]\Z")])
    doing = StringField(validators=[InputRequired(), Regexp(r"(viewing|reply|note|left)\Z")])

    @property
    def has_left(self) -> bool:
        return self.doing.data == "left"
