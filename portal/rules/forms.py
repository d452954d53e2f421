"""A rule as it is typed: when, if, then. Its lines are made of what is registered."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import request
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import HiddenInput

from portal.accounts.forms import Checkboxes
from portal.accounts.models import User
from portal.filters import MAX_LENGTH, And, FilterError, read, to_text
from portal.projects.forms import StaffField, called
from portal.projects.queries import all_projects
from portal.rules.actions import DESCRIPTION_LIMIT, NAME_LIMIT, Wanted, wanted_of
from portal.rules.inputs import Choose, Input, Mistyped, Several
from portal.rules.models import Rule, RuleKind
from portal.rules.queries import is_name_taken
from portal.rules.registry import Part, registered
from portal.rules.trials import DAYS
from portal.rules.words import part_of
from portal.tickets.filtering import ticket_fields
from portal.tickets.vocabulary import vocabulary
from portal.web.forms import DeskForm, NotBlank, at_most, options, tidy, whole_number

WHEN, THEN = "when", "then"
MOST_LINES = 20
_LINE = re.compile(r"(when|then)-([0-9]{1,3})-is")
_MOVES = re.compile(r"(remove|up|down)-(when|then)-([0-9]{1,3})")


class LineForm(DeskForm):
    """The controls of one line; `values` are what they mean, once it was validated."""

    class Meta:
        csrf = False

    part: Part | None = None
    values: dict[str, Any] = {}

    def validate(self, extra_validators: dict | None = None) -> bool:
        super().validate(extra_validators)
        self.values = {}
        for each in self.part.inputs if self.part else ():
            field = self[each.name]
            try:
                self.values[each.name] = each.read(_text_of(field))
            except Mistyped as wrong:
                field.errors = [str(wrong)]
        return not self.errors


class Line:
    """One line of the rule: what it is, its place, and the controls of what has to be said for it."""

    def __init__(self, word: str, place: int, name: str, typed: Mapping[str, Sequence[str]]) -> None:
        self.word, self.place, self.name = word, place, name
        self.typed = typed
        self.part = part_of({"name": name}, is_trigger=word == WHEN)
        prefix = f"{word}-{place}-"
        sent = MultiDict([(prefix + key, value) for key, values in typed.items() for value in values])
        sent[prefix + "is"] = name
        self.form = _form_of(self.part)(formdata=sent, prefix=prefix)
        self.form.part = self.part
        for each in self.part.inputs if self.part else ():
            _offer(each, self.form[each.name])

    @property
    def fields(self) -> list[tuple[Input, Field]]:
        return [(each, self.form[each.name]) for each in (self.part.inputs if self.part else ())]

    @property
    def kept(self) -> dict[str, Any]:
        """Of a line that is valid."""
        return {"name": self.name, "values": self.form.values}

    def validate(self) -> bool:
        return self.part is not None and self.form.validate()

    def keep_what_is_gone(self, values: Mapping[str, Any]) -> None:
        """Show what was chosen and is not there any more, and say so: it is nothing else by chance."""
        for each, field in self.fields:
            if said := each.past(values.get(each.name)):
                field.errors = [said]


class RuleForm(DeskForm):
    """`version` says which state of the rule the person saw; a new one has none."""

    name = StringField(_l("Name"), [NotBlank(_l("Enter a name.")), at_most(NAME_LIMIT)], [tidy])
    description = TextAreaField(_l("Description"), [at_most(DESCRIPTION_LIMIT)])
    owner = StaffField(
        _l("Owner"), [NotBlank(_l("Give the name or the mail address.")), at_most(400)], [tidy]
    )
    filter = StringField(_l("Filter"), [at_most(MAX_LENGTH)])
    project_ids = Checkboxes(_l("Only in these projects"), coerce=whole_number)
    stops = BooleanField(_l("Let no rule after it run"))
    is_enabled = BooleanField(_l("Enabled"))
    version = IntegerField(validators=[Optional(), NumberRange(0, 2**31)], widget=HiddenInput())
    days = SelectField(_l("On the last"), [Optional()], coerce=whole_number, default=DAYS[1])
    tree: And = And()

    def __init__(
        self,
        kind: RuleKind,
        *,
        reader: User,
        rule: Rule | None = None,
        like: Wanted | None = None,
        **kwargs: Any,
    ) -> None:
        """What nobody has typed yet is as in `like`, or as the rule is."""
        self.kind, self.reader, self.rule = kind, reader, rule
        self.like = like or (wanted_of(rule) if rule else None)
        shown = _shown(self.like) if self.like else {"owner": called(reader)}
        super().__init__(data=shown | {"version": rule.version if rule else None}, **kwargs)
        self.days.choices = [(days, ngettext("%(num)s day", "%(num)s days", days)) for days in DAYS]
        self.project_ids.choices = options([(each.id, each.name) for each in all_projects()])
        sent = self.is_submitted() and "formdata" not in kwargs
        self.lines = {word: self._sent(word) if sent else self._kept(word) for word in (WHEN, THEN)}
        self.problems: dict[str, str] = {}

    @property
    def has_when(self) -> bool:
        return self.kind is not RuleKind.MACRO

    @property
    def every_line(self) -> list[Line]:
        return [*self.lines[WHEN], *self.lines[THEN]]

    def offered(self, word: str) -> list[tuple[str, Any]]:
        """What may be added."""
        return [(name, part.label) for name, part in self._known(word).items()]

    def validate(self, extra_validators: dict | None = None) -> bool:
        fine = super().validate(extra_validators)
        for line in self.every_line:
            fine = line.validate() and fine
        if self.has_when and not self.lines[WHEN]:
            self.problems[WHEN] = gettext("Say what wakes the rule: add at least one line.")
        if any(line.name not in self._known(WHEN) for line in self.lines[WHEN]):
            self.problems[WHEN] = gettext("One of these does not wake such a rule. Remove it.")
        if not self.lines[THEN]:
            self.problems[THEN] = gettext("Say what the rule does: add at least one line.")
        return fine and not self.problems

    def validate_name(self, field: StringField) -> None:
        if is_name_taken(field.data, besides=self.rule.id if self.rule else None):
            raise ValidationError(gettext("There is a rule of this name already. Choose another one."))

    def validate_owner(self, field: StaffField) -> None:
        if field.person and not field.person.is_active:
            raise ValidationError(gettext("%(name)s does not work here any more.", name=field.person.name))

    def validate_filter(self, field: StringField) -> None:
        """As its owner would type it above a list."""
        owner = self.owner.person or (self.rule.owner if self.rule else self.reader)
        try:
            self.tree = read(field.data or "", ticket_fields(owner, vocabulary()))
        except FilterError as error:
            raise ValidationError(error.message) from error

    @classmethod
    def of(cls, rule: Rule, *, reader: User) -> "RuleForm":
        """The form as the rule fills it, whatever was sent."""
        return cls(rule.kind, reader=reader, rule=rule, formdata=None)

    def say_what_is_wrong_now(self) -> bool:
        """Of a rule that was saved: what does not hold any more is said before anybody sends it.
        Whether there is any of it."""
        for word in (WHEN, THEN):
            for line, kept in zip(self.lines[word], self._rows(word), strict=False):
                line.keep_what_is_gone(kept["values"])
        try:
            self.validate_filter(self.filter)
        except ValidationError as error:
            self.filter.errors = [str(error)]
        return bool(self.errors) or any(line.form.errors for line in self.every_line)

    def rearrange(self) -> bool:
        """Do what a button of a line asks for; whether one did."""
        asked = request.form.get("do", "")
        if asked in {f"add-{WHEN}", f"add-{THEN}"}:
            self._add(asked.removeprefix("add-"))
        elif moved := _MOVES.fullmatch(asked):
            self._move(moved[1], moved[2], int(moved[3]))
        else:
            return False
        return True

    @property
    def is_overtaken(self) -> bool:
        """Whether the rule has changed since the person saw it."""
        return self.rule is not None and self.version.data != self.rule.version

    def saw(self, rule: Rule) -> None:
        """Whoever sends the form once more has seen the rule as it is now."""
        self.version.data, self.version.raw_data = rule.version, [str(rule.version)]

    @property
    def wanted(self) -> Wanted:
        """The rule that is meant, of a form that is valid."""
        return Wanted(
            kind=self.kind,
            name=self.name.data,
            owner=cast(User, self.owner.person),
            description=(self.description.data or "").strip(),
            is_enabled=self.is_enabled.data,
            stops=self.stops.data,
            project_ids=tuple(self.project_ids.data or ()),
            triggers=tuple(line.kept for line in self.lines[WHEN]) if self.has_when else (),
            filter=to_text(self.tree),
            actions=tuple(line.kept for line in self.lines[THEN]),
        )

    def _known(self, word: str) -> Mapping[str, Part]:
        if word == THEN:
            return registered.effects
        return registered.clocks if self.kind is RuleKind.SCHEDULED else registered.triggers

    def _rows(self, word: str) -> list[Mapping[str, Any]]:
        if self.like is None:
            return []
        return list(self.like.triggers if word == WHEN else self.like.actions)

    def _kept(self, word: str) -> list[Line]:
        return [
            Line(word, place, row["name"], _typed(word, row)) for place, row in enumerate(self._rows(word))
        ]

    def _sent(self, word: str) -> list[Line]:
        """In the order they were sent in, from 0 on."""
        places = [
            int(found[2]) for name in request.form if (found := _LINE.fullmatch(name)) and found[1] == word
        ]
        return [self._line_sent(word, place, old) for place, old in enumerate(sorted(places)[:MOST_LINES])]

    @staticmethod
    def _line_sent(word: str, place: int, old: int) -> Line:
        prefix = f"{word}-{old}-"
        typed = {
            name.removeprefix(prefix): request.form.getlist(name)
            for name in request.form
            if name.startswith(prefix)
        }
        return Line(word, place, request.form[f"{prefix}is"], typed)

    def _add(self, word: str) -> None:
        name = request.form.get(f"{word}-new", "")
        if name in self._known(word) and len(self.lines[word]) < MOST_LINES:
            self.lines[word].append(Line(word, len(self.lines[word]), name, {}))

    def _move(self, asked: str, word: str, place: int) -> None:
        lines = self.lines[word]
        if place >= len(lines):
            return
        line = lines.pop(place)
        if asked != "remove":
            lines.insert(max(0, place - 1) if asked == "up" else place + 1, line)
        self.lines[word] = [Line(word, number, each.name, each.typed) for number, each in enumerate(lines)]


def _form_of(part: Part | None) -> type[LineForm]:
    fields = {each.name: _field(each) for each in part.inputs} if part else {}
    return type("LineForm", (LineForm,), fields)


def _field(each: Input) -> Any:
    match each.kind:
        case "choice":
            return SelectField(each.label, validate_choice=False)
        case "several":
            return Checkboxes(each.label, validate_choice=False)
        case "text":
            return TextAreaField(each.label)
    return StringField(each.label)


def _offer(each: Input, field: Any) -> None:
    if isinstance(each, Choose):
        first = gettext("Nothing") if each.is_optional else gettext("Please choose")
        field.choices = options([("", first), *each.options()])
    elif isinstance(each, Several):
        field.choices = options(each.options())


def _text_of(field: Any) -> str:
    return ",".join(field.data or ()) if isinstance(field, Checkboxes) else (field.data or "")


def _typed(word: str, row: Mapping[str, Any]) -> dict[str, list[str]]:
    """A line that is kept, as somebody would type it."""
    part = part_of(row, is_trigger=word == WHEN)
    typed = {}
    for each in part.inputs if part else ():
        value = row["values"].get(each.name)
        typed[each.name] = list(value or ()) if isinstance(each, Several) else [each.typed(value)]
    return typed


def _shown(rule: Wanted) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "filter": rule.filter,
        "owner": called(rule.owner),
        "project_ids": list(rule.project_ids),
        "stops": rule.stops,
        "is_enabled": rule.is_enabled,
    }
