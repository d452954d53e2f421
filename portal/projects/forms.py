import re
from typing import Any, Self, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired

from portal.accounts.models import User
from portal.lifecycles.models import Lifecycle, Status
from portal.organizations.forms import PersonField
from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.projects.models import Project, TicketCategory
from portal.projects.policy import shut_to
from portal.projects.queries import all_lifecycles, is_category_name_taken, is_key_taken, open_projects
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number

KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")


class WithTeam(DeskForm):
    """A form that chooses a team, or none."""

    team_id = SelectField(_l("Team"), coerce=whole_number)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.all_teams: list[Team] = all_teams()
        nobody = gettext("Nobody: its tickets wait to be sorted")
        self.team_id.choices = options([("", nobody)] + [(team.id, team.name) for team in self.all_teams])

    @property
    def team(self) -> Team | None:
        return next((team for team in self.all_teams if team.id == self.team_id.data), None)


class StaffField(PersonField):
    """Somebody of the desk. Whom the form calls its `lead` may stay, also once they have left it."""

    def pre_validate(self, form: Any) -> None:
        stays = getattr(form, "project", None) and form.project.lead
        if stays and tidy(self.data) == called(stays):
            self.person = stays
            return
        super().pre_validate(form)
        if self.person and not self.person.is_staff:
            raise ValidationError(
                gettext("%(name)s does not work on tickets. Choose an agent.", name=self.person.name)
            )


def called(person: User) -> str:
    """How a field that names somebody says it: as one person's alone."""
    return f"{person.name} <{person.email}>"


class ProjectForm(WithTeam):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(2000)])
    lead = StaffField(_l("Lead"), [at_most(400)], [tidy])
    team_id = SelectField(_l("Team that gets its tickets"), coerce=whole_number)
    lifecycle_id = SelectField(_l("Workflow"), coerce=whole_number)
    members_only = BooleanField(_l("For members only"))

    def __init__(self, *, reader: User, project: Project | None = None, **kwargs: Any) -> None:
        super().__init__(data=_now(project) if project else None, **kwargs)
        self.reader, self.project = reader, project
        self.lifecycles = all_lifecycles()
        if len(self.lifecycles) < 2:
            del self.lifecycle_id  # there is nothing to ask
        else:
            self.lifecycle_id.choices = options([(each.id, each.name) for each in self.lifecycles])

    @property
    def lifecycle(self) -> Lifecycle | None:
        chosen = self.lifecycle_id.data if self.lifecycle_id else None
        kept = self.project.lifecycle if self.project else None
        return next((each for each in self.lifecycles if each.id == chosen), kept)

    def wanted(self) -> dict[str, Any]:
        """The values as `actions.edit_project` takes them."""
        text = (self.description.data or "").replace("\r\n", "\n").strip()
        return {
            "name": self.name.data,
            "description": text,
            "default_team": self.team,
            "lead": self.lead.person,
            "lifecycle": self.lifecycle,
            "members_only": bool(self.members_only.data),
        }


def _now(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "description": project.description,
        "team_id": project.default_team_id,
        "lead": called(project.lead) if project.lead else "",
        "lifecycle_id": project.lifecycle_id,
        "members_only": project.members_only,
    }


class WorkflowForm(DeskForm):
    """What tickets become, status by status; guessed where the other workflow has one of the same name."""

    rows: list[tuple[Status, int, SelectField]]
    statuses: list[Status]

    @classmethod
    def between(cls, standing: list[tuple[Status, int]], lifecycle: Lifecycle | None) -> Self:
        """`standing` are the statuses in which tickets stand, with how many."""
        new = [each for each in lifecycle.statuses if each.removed_at is None] if lifecycle else []
        same = {each.name: each.id for each in new}
        choices = options([("", gettext("Please choose")), *((each.id, each.label) for each in new)])
        missing = _l("Say what they become.")
        fields = {
            f"status_{status.id}": SelectField(
                _l("Tickets become"),
                [InputRequired(missing)],
                coerce=whole_number,
                choices=choices,
                default=same.get(status.name),
            )
            for status, _number in standing
        }
        form = type("WorkflowForm", (cls,), fields)()
        form.statuses = new
        form.rows = [(status, number, form[f"status_{status.id}"]) for status, number in standing]
        return form

    @property
    def targets(self) -> dict[int, Status]:
        """By the ids of the statuses that tickets have; of a form that is valid."""
        new = {each.id: each for each in self.statuses}
        return {status.id: new[field.data] for status, _number, field in self.rows}


class ProjectMemberForm(DeskForm):
    """Somebody of the desk who is to work in the project."""

    person = StaffField(
        _l("Name or mail address"),
        [NotBlank(_l("Enter a name or a mail address.")), at_most(400)],
        [tidy],
        id="member",
    )

    def __init__(self, *, reader: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reader = reader

    @property
    def member(self) -> User:
        """Whom the field means; of a form that is valid."""
        return cast("User", self.person.person)


class NewProjectForm(ProjectForm):
    key = StringField(
        _l("Key"), [NotBlank(_l("Enter a key such as IT."))], [lambda key: (key or "").strip().upper()]
    )

    def validate_key(self, field: StringField) -> None:
        if not field.data:
            return
        if not KEY.fullmatch(field.data):
            raise ValidationError(
                gettext("Use 2 to 10 letters and digits, a letter first, such as IT or HR2.")
            )
        if is_key_taken(field.data):
            raise ValidationError(gettext("Another project has this key. Choose another one."))


class CategoryForm(WithTeam):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    team_id = SelectField(_l("Team that gets its tickets"), coerce=whole_number)

    def __init__(self, *, category: TicketCategory | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.category = category
        self.team_id.choices[:1] = options([("", gettext("The project's team"))])

    @property
    def in_project(self) -> int | None:
        """Where the name must be the only one."""
        return self.category.project_id if self.category else None

    def validate_name(self, field: StringField) -> None:
        besides = self.category.id if self.category else None
        if is_category_name_taken(field.data, project_id=self.in_project, besides=besides):
            raise ValidationError(gettext("There is already a category of this name. Choose another one."))


class NewCategoryForm(CategoryForm):
    project_id = SelectField(_l("Project"), coerce=whole_number)

    def __init__(self, *, reader: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projects: list[Project] = open_projects(Project.id.not_in(shut_to(reader)))
        self.project_id.choices = options(
            [("", gettext("Every project"))] + [(p.id, p.name) for p in self.projects]
        )

    @property
    def in_project(self) -> int | None:
        return self.project_id.data

    @property
    def project(self) -> Project | None:
        return next((p for p in self.projects if p.id == self.project_id.data), None)
