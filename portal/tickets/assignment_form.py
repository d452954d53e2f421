"""Who answers for a ticket, as a form."""

from functools import cached_property
from typing import Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, ValidationError
from wtforms.validators import Optional

from portal.accounts.absence import name_and_absence
from portal.accounts.models import User
from portal.accounts.queries import agents
from portal.extensions import db
from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.projects.policy import works_in
from portal.tickets.models import Ticket
from portal.web.forms import DeskForm, options, whole_number

NOBODY = ""


class AssignmentForm(DeskForm):
    """Who answers for the ticket: a team, a person who works in its project, or nobody yet.

    There may be hundreds: all of them are read where they are `offered`, and else the chosen one.
    """

    assignee_id = SelectField(_l("Assignee"), [Optional()], coerce=whole_number, validate_choice=False)
    team_id = SelectField(_l("Team"), [Optional()], coerce=whole_number, validate_choice=False)

    def __init__(self, *, ticket: Ticket, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.may_answer = works_in(ticket.project) | (User.id == ticket.assignee_id)

    def offered(self) -> Self:
        """Everybody and every team; of a form that asks for one of them alone, those."""
        if self.assignee_id:
            people = [(a.id, name_and_absence(a)) for a in agents(self.may_answer)]
            self.assignee_id.choices = options([(NOBODY, gettext("Nobody")), *people])
        if self.team_id:
            teams = [(team.id, team.name) for team in all_teams()]
            self.team_id.choices = options([(NOBODY, gettext("No team")), *teams])
        return self

    @cached_property
    def assignee(self) -> User | None:
        wanted = self.assignee_id.data
        return next(iter(agents(self.may_answer, User.id == wanted)), None) if wanted else None

    @cached_property
    def team(self) -> Team | None:
        return db.session.get(Team, self.team_id.data) if self.team_id.data else None

    def validate_assignee_id(self, field: SelectField) -> None:
        if field.data and self.assignee is None:
            raise ValidationError(gettext("Choose somebody who works in this project."))

    def validate_team_id(self, field: SelectField) -> None:
        if field.data and self.team is None:
            raise ValidationError(gettext("Choose one of the teams."))
