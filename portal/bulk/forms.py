"""What is to be done to the tickets: one form for each act. Its `what` are the values that are kept."""

from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Optional

from portal.accounts.models import User
from portal.bulk.acts import What
from portal.organizations.queries import all_teams
from portal.projects.forms import StaffField
from portal.rules.macros import macros
from portal.tickets.forms import BODY_LIMIT
from portal.tickets.mark_forms import read_tags
from portal.tickets.models import Priority, WaitingFor
from portal.tickets.related_forms import OtherTicketField
from portal.tickets.tags import LONGEST, MOST
from portal.tickets.vocabulary import Named, vocabulary
from portal.web.forms import (
    DeskForm,
    NotBlank,
    at_most,
    idempotency_field,
    options,
    tidy,
)

NOBODY = "none"


class ActForm(DeskForm):
    """`fields` say what is wanted; with its `idempotency_key`, a form that is sent twice counts once."""

    idempotency_key = idempotency_field()
    fields: tuple[str, ...] = ()

    def __init__(self, *, reader: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reader = reader

    @property
    def what(self) -> What:
        """Of a form that is valid; `label` says it in a word or two."""
        return {}


class AssignForm(ActForm):
    """Somebody; themself or nobody by buttons of their own, for an empty field is no answer."""

    person = StaffField(_l("Assignee"), [at_most(400)], [tidy], id="bulk-person")
    whom = SelectField(choices=options([("", ""), ("me", ""), (NOBODY, "")]), default="")
    fields = ("person", "whom")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.whom.data:
            self.person.data = ""

    def validate_person(self, field: StaffField) -> None:
        if not field.person and not self.whom.data and not field.errors:
            raise ValidationError(gettext("Enter a name or a mail address."))

    @property
    def what(self) -> What:
        person = self.reader if self.whom.data == "me" else self.person.person
        return {"assignee_id": person.id if person else None, "label": person.name if person else None}


class TeamForm(ActForm):
    team = SelectField(_l("Team"), [InputRequired(_l("Choose a team."))], id="bulk-team")
    fields = ("team",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.teams = {str(team.id): team for team in all_teams()}
        named = [(team_id, team.name) for team_id, team in self.teams.items()]
        self.team.choices = options([("", gettext("Please choose")), (NOBODY, gettext("No team")), *named])

    @property
    def what(self) -> What:
        team = self.teams.get(self.team.data)
        return {"team_id": team.id if team else None, "label": team.name if team else None}


class StatusForm(ActForm):
    """The statuses of all lifecycles, those of one name once."""

    status = SelectField(_l("Status"), [InputRequired(_l("Choose a status."))], id="bulk-status")
    waiting_for = SelectField(_l("What does it wait for?"), [Optional()], id="bulk-waiting")
    fields = ("status", "waiting_for")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known: dict[str, Named] = {}
        for status in vocabulary().statuses:
            self.known.setdefault(status.name, status)
        named = [(name, status.label) for name, status in self.known.items()]
        self.status.choices = options([("", gettext("Please choose")), *named])
        others = [(each.value, each.label) for each in WaitingFor if each is not WaitingFor.OTHER]
        self.waiting_for.choices = options([("", gettext("Something else")), *others])

    @property
    def what(self) -> What:
        return {
            "status": self.status.data,
            "waiting_for": self.waiting_for.data or None,
            "label": self.status.data,
        }


class PriorityForm(ActForm):
    priority = SelectField(_l("Priority"), [InputRequired(_l("Choose a priority."))], id="bulk-priority")
    fields = ("priority",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        named = [(each.value, each.label) for each in Priority]
        self.priority.choices = options([("", gettext("Please choose")), *named])

    @property
    def what(self) -> What:
        return {"priority": self.priority.data, "label": self.priority.data}


class TagsForm(ActForm):
    """Tags to put on and tags to take off; the others of each ticket stay."""

    tags = StringField(_l("Put on"), [at_most(MOST * (LONGEST + 2) * 2)], id="bulk-tags")
    tag = StringField(_l("Take off"), [at_most(MOST * (LONGEST + 2) * 2)], id="bulk-untag")
    fields = ("tags", "tag")
    added: list[str]
    removed: list[str]

    def validate_tags(self, field: StringField) -> None:
        self.added = read_tags(field)

    def validate_tag(self, field: StringField) -> None:
        self.removed = read_tags(field)
        if not self.removed and not getattr(self, "added", None) and not self.tags.errors:
            raise ValidationError(gettext("Enter a tag to put on or to take off."))
        if both := set(self.removed) & set(getattr(self, "added", ())):
            raise ValidationError(
                gettext("“%(name)s” cannot be put on and taken off at once.", name=min(both))
            )

    @property
    def what(self) -> What:
        said = [f"+{name}" for name in self.added] + [f"-{name}" for name in self.removed]
        return {"add": self.added, "remove": self.removed, "label": " ".join(said)}


class NoteForm(ActForm):
    body = TextAreaField(
        _l("Internal note"),
        [NotBlank(_l("Write something first.")), at_most(BODY_LIMIT)],
        id="bulk-body",
    )
    fields = ("body",)

    @property
    def what(self) -> What:
        return {"body": self.body.data.replace("\r\n", "\n")}


class MacroForm(ActForm):
    macro = SelectField(_l("Macro"), [InputRequired(_l("Choose a macro."))], id="bulk-macro")
    fields = ("macro",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.macros = {str(rule.id): rule for rule in macros()}
        named = [(rule_id, rule.name) for rule_id, rule in self.macros.items()]
        self.macro.choices = options([("", gettext("Please choose")), *named])

    @property
    def what(self) -> What:
        macro = self.macros[self.macro.data]
        return {"rule_id": macro.id, "label": macro.name}


class MergeForm(ActForm):
    into = OtherTicketField(
        _l("Merge into"),
        [NotBlank(_l("Enter a key, an address, or a part of the subject.")), at_most(400)],
        [tidy],
        id="bulk-into",
    )
    fields = ("into",)

    @property
    def what(self) -> What:
        found = cast("Any", self.into.found)
        return {"into_id": found.id, "label": found.key}


class CloseForm(ActForm):
    """There is nothing to choose."""


class SpamForm(ActForm):
    """There is nothing to choose."""


class NotSpamForm(ActForm):
    """There is nothing to choose."""


FORMS: dict[str, type[ActForm]] = {
    "assign": AssignForm,
    "status": StatusForm,
    "priority": PriorityForm,
    "tags": TagsForm,
    "team": TeamForm,
    "note": NoteForm,
    "macro": MacroForm,
    "merge": MergeForm,
    "close": CloseForm,
    "spam": SpamForm,
    "not_spam": NotSpamForm,
}
