from itertools import islice
from typing import Any, TypeVar, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import HiddenInput

from portal.accounts.models import User
from portal.canned.actions import Wanted
from portal.canned.models import BODY_LIMIT, CannedReply
from portal.canned.placeholders import Problem, problems
from portal.canned.queries import projects_to_choose, teams_to_share_with
from portal.organizations.models import Team
from portal.organizations.sharing import Sharing
from portal.permissions import Permission
from portal.projects.models import Project
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number

MOST_TOLD = 3  # things that are wrong in one text
Row = TypeVar("Row", Team, Project)


def _lines(text: str | None) -> str | None:
    """Browsers send other ends of lines than they show."""
    return text.replace("\r\n", "\n").strip("\n").rstrip() if text else text


class CannedForm(DeskForm):
    """A canned reply. `place` is whom it is shared with: a `Sharing`, a team with its id behind it."""

    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(80)], [tidy])
    body = TextAreaField(_l("Text"), [NotBlank(_l("Write the text.")), at_most(BODY_LIMIT)], [_lines])
    place = SelectField(_l("Who can use it?"))
    project_id = SelectField(_l("At which tickets?"), coerce=whole_number)
    version = IntegerField(validators=[Optional(), NumberRange(0, 2**31)], widget=HiddenInput())

    def __init__(self, *, reader: User, reply: CannedReply | None = None, **kwargs: Any) -> None:
        super().__init__(data=_now(reply) if reply else None, **kwargs)
        self.teams = teams_to_share_with(reader)
        self.projects = projects_to_choose(reader)
        if reply and reply.project and reply.project not in self.projects:
            self.projects.append(reply.project)
        self.place.choices = options(_places(reader, self.teams))
        every = [("", gettext("At all tickets"))]
        self.project_id.choices = options(
            every
            + [(each.id, gettext("Only at those of %(name)s", name=each.name)) for each in self.projects]
        )

    def validate_body(self, field: TextAreaField) -> None:
        """All that is wrong at once, up to a few."""
        found = [_said(problem) for problem in islice(problems(field.data), MOST_TOLD)]
        if found:
            field.errors = [*field.errors, *found[:-1]]
            raise ValidationError(found[-1])

    def wanted(self) -> Wanted:
        shared, _, team_id = self.place.data.partition("-")
        return Wanted(
            name=cast(str, self.name.data),
            body=cast(str, self.body.data),
            shared=Sharing(shared),
            team=_of(self.teams, team_id),
            project=_of(self.projects, str(self.project_id.data)),
        )


def _places(reader: User, teams: list[Team]) -> list[tuple[str, str]]:
    mine = [(Sharing.NOBODY.value, gettext("Only me"))]
    theirs = [
        (f"{Sharing.TEAM.value}-{team.id}", gettext("The team %(name)s", name=team.name)) for team in teams
    ]
    everyone = [(Sharing.EVERYONE.value, gettext("Everyone of the desk"))]
    return mine + theirs + (everyone if reader.may(Permission.CANNED_SHARE) else [])


def place_of(reply: CannedReply) -> str:
    return f"{reply.shared.value}-{reply.team_id}" if reply.team_id else reply.shared.value


def _now(reply: CannedReply) -> dict[str, Any]:
    return {
        "name": reply.name,
        "body": reply.body,
        "place": place_of(reply),
        "project_id": reply.project_id,
        "version": reply.version,
    }


def _of(rows: list[Row], row_id: str) -> Row | None:
    return next((row for row in rows if str(row.id) == row_id), None)


def _said(problem: Problem) -> str:
    if problem.word is None:
        return gettext(
            "Line %(line)s: two braces that are not closed, or not opened. Write {{ ticket.key }}.",
            line=problem.line,
        )
    if not problem.word:
        return gettext("Line %(line)s: there is no name between the braces.", line=problem.line)
    words = {"line": problem.line, "word": problem.word, "nearest": problem.nearest}
    return gettext("Line %(line)s: there is no placeholder “%(word)s”. Do you mean “%(nearest)s”?", **words)
