import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField, ValidationError

from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.projects.models import Project, TicketCategory
from portal.projects.queries import is_category_name_taken, is_key_taken, open_projects
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


class ProjectForm(WithTeam):
    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(2000)])
    team_id = SelectField(_l("Team that gets its tickets"), coerce=whole_number)

    def wanted(self) -> dict[str, Any]:
        """The values as `actions.edit_project` takes them."""
        text = (self.description.data or "").replace("\r\n", "\n").strip()
        return {"name": self.name.data, "description": text, "default_team": self.team}


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

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projects: list[Project] = open_projects()
        self.project_id.choices = options(
            [("", gettext("Every project"))] + [(p.id, p.name) for p in self.projects]
        )

    @property
    def in_project(self) -> int | None:
        return self.project_id.data

    @property
    def project(self) -> Project | None:
        return next((p for p in self.projects if p.id == self.project_id.data), None)
