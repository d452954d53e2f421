"""The parts of a configuration, entry by entry, as they are written down."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from portal.lifecycles.models import USUAL_COLOUR, Category, Colour
from portal.lifecycles.plan import LONGEST_NAME, Need, Plan
from portal.organizations.sharing import Sharing
from portal.permissions import Role

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


class ConfigurationEntry(Entry):
    """A whole file. `desk` is the number of this form of it."""

    desk: Literal[1]
    workflows: list[WorkflowEntry] = []
    canned_replies: list[CannedEntry] = []
