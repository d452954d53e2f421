"""The filter as a form: a few fields to choose from, in step with the text that says it all."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, SelectField, StringField
from wtforms.widgets import html_params

from portal.desk.queues import Desk
from portal.filters import And, Comparison, Condition, Node, Word, conditions, to_text, without
from portal.filters.fields import Choice
from portal.filters.grammar import quoted_value
from portal.tickets.filtering import ME, NONE
from portal.web.forms import DeskForm

CHOSEN = ("status", "priority", "assignee", "project")
AS_TYPED = "as-typed"  # what one choice cannot say, such as two statuses, stays as it is


class Offering(SelectField):
    """A select of hundreds of options, which take WTForms long: `offered` are pairs of value and label."""

    offered: Sequence[tuple[str, str]] = ()

    def widget(self, field: "Offering", **attributes: Any) -> Markup:
        chosen = field.data or ""
        options = [_option(value, str(label), value == chosen) for value, label in field.offered]
        start = html_params(id=field.id, name=field.name, **attributes)
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
    status = Offering(_l("Status"), validate_choice=False)
    priority = Offering(_l("Priority"), validate_choice=False)
    assignee = Offering(_l("Assignee"), validate_choice=False)
    project = Offering(_l("Project"), validate_choice=False)
    words = StringField(_l("Contains the words"))

    @classmethod
    def showing(cls, desk: Desk, tree: And) -> "ControlsForm":
        """The form as this filter fills it."""
        chosen = {name: _chosen(tree, name) for name in CHOSEN}
        words = to_text(And(tuple(part for part in tree.parts if isinstance(part, Word))))
        form = cls(formdata=None, data={"q": to_text(tree), "words": words, **chosen})
        for name in CHOSEN:
            form[name].offered = _offered(desk, tree, name)
        return form

    @classmethod
    def sent(cls, arguments: MultiDict) -> "ControlsForm | None":
        """The form in the address, if there is one."""
        return cls(formdata=arguments) if {*CHOSEN, "words"} & set(arguments) else None

    def text(self, desk: Desk) -> str:
        """The filter that is meant. Raises FilterError where what was sent is none."""
        tree = desk.read(self.q.data or "")
        asked = {name: self[name].data for name in CHOSEN if self[name].raw_data}
        if self.words.raw_data:
            tree = without(tree, lambda part: isinstance(part, Word))
        tree = without(tree, lambda part: any(_is_replaced(part, name, asked[name]) for name in asked))
        typed = [
            f"{name}:{quoted_value(value)}" for name, value in asked.items() if value not in {"", AS_TYPED}
        ]
        return " ".join(filter(None, [to_text(tree), *typed, (self.words.data or "").strip()]))


def _is_replaced(part: Node, name: str, chosen: str) -> bool:
    return chosen != AS_TYPED and next(conditions(And((part,)), name), None) is not None


def _chosen(tree: And, name: str) -> str:
    match list(conditions(tree, name)):
        case []:
            return ""
        case [Condition(_, Comparison.EQUALS, (value,))]:
            return value.text
    return AS_TYPED


def _offered(desk: Desk, tree: And, name: str) -> list[tuple[str, str]]:
    field = cast(Choice, desk.fields[name])  # each of `CHOSEN` is one
    hidden = {text for text in _past(desk, name) if text != _chosen(tree, name)}
    offered = [(one.text, _capital(one.label)) for one in _options(field) if one.text not in hidden]
    typed = " ".join(to_text(part) for part in conditions(tree, name))
    several = [(AS_TYPED, typed)] if _chosen(tree, name) == AS_TYPED else []
    return [("", gettext("Any")), *several, *offered]


def _options(field: Choice) -> list:
    return list(reversed(field.options)) if field.name == "priority" else list(field.options)


def _past(desk: Desk, name: str) -> set[str]:
    """People who have left and projects that are closed: still typed, not offered."""
    named = {"assignee": desk.known.people, "project": desk.known.projects}.get(name, [])
    return {one.name for one in named if not one.is_current} - {ME, NONE}


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
