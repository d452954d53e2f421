"""A view, and the columns of a list, as they are typed."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.widgets import HiddenInput

from portal.desk.actions import Wanted
from portal.desk.columns import COLUMNS, known_columns, orders
from portal.desk.models import LONGEST, View
from portal.desk.queries import is_name_taken
from portal.desk.queues import Desk, asks_for_closed
from portal.filters import MAX_LENGTH, And, FilterError, to_text
from portal.organizations.models import Team
from portal.organizations.queries import all_teams
from portal.organizations.sharing import Sharing
from portal.permissions import Permission
from portal.tickets.lists import CLOSED, Sort
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy


class ViewForm(DeskForm):
    """`version` says which state of the view the person saw; a new one has none. Who may not share
    is not asked with whom, and leaves that as it is."""

    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(LONGEST)], filters=[tidy])
    filter = StringField(_l("Filter"), [at_most(MAX_LENGTH)])
    sort = SelectField(_l("Order"), [InputRequired(_l("Choose an order."))])
    shared = SelectField(_l("Who has it"), [InputRequired(_l("Choose who has it."))])
    version = IntegerField(widget=HiddenInput())
    tree: And = And()
    teams: list[Team] = []

    def __init__(self, desk: Desk, *, view: View | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.desk, self.view = desk, view
        self.sort.choices = options(orders(closed=True))
        if desk.reader.may(Permission.VIEW_SHARE):
            self.teams = all_teams()
            self.shared.choices = _audiences(self.teams)
        else:
            del self.shared

    @classmethod
    def of(cls, view: View, desk: Desk, **kwargs: Any) -> "ViewForm":
        """The form as the view fills it."""
        filled = {
            "name": view.name,
            "filter": view.filter,
            "sort": view.sort,
            "shared": audience_of(view),
            "version": view.version,
        }
        return cls(desk, view=view, data=filled, **kwargs)

    def validate_name(self, field: StringField) -> None:
        owner_id = self.view.owner_id if self.view else self.desk.reader.id
        besides = self.view.id if self.view else None
        if is_name_taken(field.data, owner_id=owner_id, besides=besides):
            raise ValidationError(gettext("There is a view of this name already. Choose another one."))

    def validate_filter(self, field: StringField) -> None:
        try:
            self.tree = self.desk.read(field.data or "")
        except FilterError as error:
            raise ValidationError(error.message) from error

    def validate_sort(self, field: SelectField) -> None:
        if self.filter.errors or Sort.typed(field.data).name != CLOSED or asks_for_closed(self.tree):
            return
        raise ValidationError(gettext("Only closed tickets can be sorted by when they were closed."))

    @property
    def is_overtaken(self) -> bool:
        """Whether the view has changed since the person saw it."""
        return self.view is not None and self.version.data != self.view.version

    def saw(self, view: View) -> None:
        """Whoever sends the form once more has seen the view as it is now."""
        self.version.data, self.version.raw_data = view.version, [str(view.version)]

    @property
    def wanted(self) -> Wanted:
        """The view that is meant, of a form that is valid."""
        shared_with, team = self._audience()
        return Wanted(
            name=self.name.data,
            filter=to_text(self.tree),
            sort=self.sort.data,
            shared_with=shared_with,
            team=team,
        )

    def _audience(self) -> tuple[Sharing, Team | None]:
        if "shared" not in self:
            return (self.view.shared_with, self.view.team) if self.view else (Sharing.NOBODY, None)
        team = next((team for team in self.teams if str(team.id) == self.shared.data), None)
        return (Sharing.TEAM, team) if team else (Sharing(self.shared.data), None)


def audience_of(view: View) -> str:
    """Who has it, as the form says it."""
    return str(view.team_id) if view.team_id else view.shared_with.value


def _audiences(teams: list[Team]) -> list[SelectChoice]:
    of_all = options((one.value, one.label) for one in (Sharing.NOBODY, Sharing.EVERYONE))
    return of_all + options(((str(team.id), team.name) for team in teams), under=gettext("A team"))


class ColumnsForm(DeskForm):
    """All columns in an order, and those that are ticked."""

    order = SelectMultipleField(choices=options((name, name) for name in COLUMNS))
    shown = SelectMultipleField(choices=options((name, name) for name in COLUMNS))

    @classmethod
    def of(cls, columns: tuple[str, ...]) -> "ColumnsForm":
        """Those that are shown stand before the others."""
        rest = [name for name in COLUMNS if name not in columns]
        return cls(data={"order": [*columns, *rest], "shown": list(columns)})

    @property
    def ordered(self) -> list[str]:
        """Every column once; those that were not sent come last."""
        return list(dict.fromkeys([*(self.order.data or []), *COLUMNS]))

    @property
    def columns(self) -> tuple[str, ...]:
        return known_columns(name for name in self.ordered if name in (self.shown.data or []))

    def move(self, asked: str) -> None:
        """Let one change places with its neighbour: `up:status`."""
        direction, _colon, name = asked.partition(":")
        names = self.ordered
        if name in names:
            here = names.index(name)
            other = min(max(here + (-1 if direction == "up" else 1), 0), len(names) - 1)
            names[here], names[other] = names[other], names[here]
        self.order.data = names
