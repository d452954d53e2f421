"""The parts of a configuration, entry by entry, as they are written down."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from portal.lifecycles.models import USUAL_COLOUR, Category, Colour
from portal.lifecycles.plan import LONGEST_NAME, Need, Plan
from portal.organizations.sharing import Sharing
from portal.permissions import Role
from portal.rules.models import RuleKind
from portal.sla.replay import Target
from portal.tickets.models import Priority, WaitingFor

Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Label = Annotated[str, StringConstraints(max_length=60)]
StatusName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=LONGEST_NAME)]
Desk = Literal[Role.AGENT, Role.MANAGER, Role.ADMIN]


class Entry(BaseModel):
    """Nothing that is not known is passed over, and no value is taken for one of another kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusEntry(Entry):
    name: StatusName
    label: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    category: Category
    colour: Colour | None = None


class StepEntry(Entry):
    start: Annotated[str, Field(alias="from")]
    end: Annotated[str, Field(alias="to")]
    label: Label = ""
    roles: list[Desk] | None = None
    teams: list[str] = []
    requester: bool = False
    needs: list[Need] = []


class WorkflowEntry(Entry):
    """`becomes` says what tickets get that stand in a status which goes by this; it is never written."""

    name: Name
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    statuses: list[StatusEntry]
    steps: list[StepEntry] = []
    becomes: dict[str, str] = {}

    @property
    def plan(self) -> Plan:
        told: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude={"becomes"})
        for status, entry in zip(told["statuses"], self.statuses, strict=True):
            status["colour"] = entry.colour or USUAL_COLOUR[entry.category]
        return Plan.read(told)


class CannedEntry(Entry):
    """A shared one; `project` is the key of the project at whose tickets alone it is offered."""

    name: Name
    shared: Literal[Sharing.TEAM, Sharing.EVERYONE]
    team: str | None = None
    project: str | None = None
    body: Annotated[str, StringConstraints(min_length=1)]

    @model_validator(mode="after")
    def _team_or_everyone(self) -> Self:
        if (self.team is None) == (self.shared is Sharing.TEAM):
            raise ValueError("team")
        return self


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Words = Annotated[str, StringConstraints(max_length=500)]


class DayEntry(Entry):
    """A day of the desk's own: closed, or with these hours."""

    day: date
    name: Annotated[str, StringConstraints(max_length=80)] = ""
    hours: Words = ""


class CalendarEntry(Entry):
    """Hours as forms take them: `09:00-12:00, 13:00-17:00`. Country and region as ISO 3166 has them."""

    name: Name
    zone: str
    week: dict[Weekday, Words]
    country: str = ""
    region: str = ""
    days: list[DayEntry] = []


class PolicyEntry(Entry):
    """`targets` say by promise and priority how long it may take, as forms take it: `1h 30m`."""

    name: Name
    description: Words = ""
    enabled: bool = True
    filter: str = ""
    calendar: str
    targets: dict[Target, dict[Priority, str]]
    pauses: list[WaitingFor] = []
    warn_at: Annotated[int, Field(ge=1, le=99)] = 75


class RuleEntry(Entry):
    """The owner by their mail address, projects by their keys; each line names what it is under `event` or
    `action`, and what has to be said for it beside that."""

    name: Name
    kind: RuleKind = RuleKind.TRIGGER
    description: Words = ""
    enabled: bool = False
    stops: bool = False
    owner: str
    projects: list[str] = []
    when: list[dict[str, Any]] = []
    asks: Annotated[str, Field(alias="if")] = ""
    then: list[dict[str, Any]]


class ConfigurationEntry(Entry):
    """A whole file. `desk` is the number of this form of it."""

    desk: Literal[1]
    workflows: list[WorkflowEntry] = []
    calendars: list[CalendarEntry] = []
    sla_policies: list[PolicyEntry] = []
    canned_replies: list[CannedEntry] = []
    rules: list[RuleEntry] = []
