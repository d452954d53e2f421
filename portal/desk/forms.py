"""The filter as a form: fields to choose from, in step with the text that says it all."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, SelectField, StringField

from portal.desk.controls import AS_TYPED, CONTROLS, DAYS, SELECTS, SPANNED, TICKS
from portal.desk.queues import Desk
from portal.filters import And, Word, conditions, to_text, without
from portal.filters.fields import Choice
from portal.tickets.filtering import ME, NONE
from portal.web.attributes import attributes as written
from portal.web.forms import DeskForm

WITHIN = "if-"  # before the names of its fields, in a form that asks for more than a filter


class Offering(SelectField):
    """A select of hundreds of options, which take WTForms long: `offered` are pairs of value and label."""

    offered: Sequence[tuple[str, str]] = ()

    def widget(self, field: "Offering", **attributes: Any) -> Markup:
        chosen = field.data or ""
        options = [_option(value, str(label), value == chosen) for value, label in field.offered]
        start = written(id=field.id, name=field.name, **attributes)
        return Markup(f"<select {start}>{''.join(options)}</select>")  # noqa: S704, each part is escaped


@lru_cache(maxsize=4096)
def _option(value: str, label: str, is_chosen: bool) -> str:
    selected = "selected " if is_chosen else ""
    return f'<option {selected}value="{escape(value)}">{escape(label)}</option>'


class ControlsForm(DeskForm):
    """Sent by GET, with the filter's text beside it; what is chosen here takes the place of that."""

    class Meta:
        csrf = False

    q = HiddenField()
    ticks = HiddenField(default="1")
    words = StringField(_l("Contains the words"))
    status = Offering(_l("Status"), validate_choice=False)
    priority = Offering(_l("Priority"), validate_choice=False)
    assignee = Offering(_l("Assignee"), validate_choice=False)
    team = Offering(_l("Team"), validate_choice=False)
    project = Offering(_l("Project"), validate_choice=False)
    category = Offering(_l("Category"), validate_choice=False)
    type = Offering(_l("Type"), validate_choice=False)
    waiting = Offering(_l("Waits for"), validate_choice=False)
    tag = StringField(_l("Tags"))
    requester = StringField(_l("Requester"))
    participant = StringField(_l("Participant"))
    watcher = StringField(_l("Watched by"))
    mentions = StringField(_l("Mentions"))
    organization = StringField(_l("Organization"))
    department = StringField(_l("Department"))
    due_from, due_to = StringField(_l("Due from")), StringField(_l("Due until"))
    created_from, created_to = StringField(_l("Created from")), StringField(_l("Created until"))
    updated_from, updated_to = StringField(_l("Changed from")), StringField(_l("Changed until"))
    closed_from, closed_to = StringField(_l("Closed from")), StringField(_l("Closed until"))
    overdue = BooleanField(_l("Overdue"))
    confidential = BooleanField(_l("Confidential"))
    file = BooleanField(_l("Has a file"))

    @classmethod
    def showing(cls, desk: Desk, tree: And, *, prefix: str = "") -> "ControlsForm":
        """The form as this filter fills it."""
        shown = {name: control.shown(tree) for name, control in CONTROLS.items()}
        words = to_text(And(tuple(part for part in tree.parts if isinstance(part, Word))))
        form = cls(formdata=None, data={"q": to_text(tree), "words": words, **shown}, prefix=prefix)
        for name in SELECTS:
            form[name].offered = _offered(desk, tree, name)
        return form

    @classmethod
    def sent(cls, arguments: MultiDict) -> "ControlsForm | None":
        """The form in the address, if there is one."""
        return cls(formdata=arguments) if {*CONTROLS, "words", "ticks"} & set(arguments) else None

    def text(self, desk: Desk) -> str:
        """The filter that is meant. Raises FilterError where what was sent is none."""
        tree = desk.read(self.q.data or "")
        asked = {name: self[name].data for name in CONTROLS if self._is_sent(name)}
        if self.words.raw_data:
            tree = without(tree, lambda part: isinstance(part, Word))
        for name, said in asked.items():
            tree = CONTROLS[name].rest(tree, said)
        typed = [CONTROLS[name].typed(said) for name, said in asked.items()]
        return " ".join(filter(None, [to_text(tree), *typed, (self.words.data or "").strip()]))

    @property
    def spans(self) -> list[tuple[Any, Any]]:
        """The two ends of each span of days."""
        return [(self[f"{name}_from"], self[f"{name}_to"]) for name in SPANNED]

    @property
    def dated(self) -> bool:
        return self.uses(*DAYS)

    def uses(self, *names: str) -> bool:
        """Whether any of these says something, so that it is not hidden."""
        return any(self[name].data for name in names)

    def _is_sent(self, name: str) -> bool:
        """Of boxes a browser sends only the ticked ones: `ticks` stands for all of them."""
        return bool(self.ticks.raw_data if name in TICKS else self[name].raw_data)


def _offered(desk: Desk, tree: And, name: str) -> list[tuple[str, str]]:
    field = cast(Choice, desk.fields[name])  # each of `SELECTS` is one
    chosen = SELECTS[name].shown(tree)
    hidden = {text for text in _past(desk, name) if text != chosen}
    offered = [(one.text, _capital(str(one.label))) for one in _options(field) if one.text not in hidden]
    typed = " ".join(to_text(part) for part in conditions(tree, name))
    several = [(AS_TYPED, typed)] if chosen == AS_TYPED else []
    return [("", gettext("Any")), *several, *offered]


def _options(field: Choice) -> list:
    return list(reversed(field.options)) if field.name == "priority" else list(field.options)


def _past(desk: Desk, name: str) -> set[str]:
    """People who have left, projects and categories that are archived: still typed, not offered."""
    named = {
        "assignee": desk.known.people,
        "project": desk.known.projects,
        "category": desk.known.categories,
    }.get(name, [])
    current = {one.name for one in named if one.is_current}
    return {one.name for one in named} - current - {ME, NONE}


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
