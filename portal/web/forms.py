"""What all forms have in common."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm
from wtforms.i18n import messages_path
from wtforms.validators import InputRequired, Length, StopValidation

# Controls, but for those that end a line; signs of direction; letters without a width, or that are blank.
_UNSEEN = (
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e00ff]"
)
# They belong to some scripts and to emoji; after Latin, Greek and Cyrillic letters they only hide.
_JOINERS = r"[\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"
_AFTER_WHICH_THEY_JOIN = r"[\u0590-\u1dff\u2190-\U0010ffff]"
_HIDDEN = re.compile(rf"{_UNSEEN}|(?<!{_AFTER_WHICH_THEY_JOIN}){_JOINERS}+|[\u200c\u200d](?!\S)")


class DeskForm(FlaskForm):
    """Keeps what was typed, and refuses in words what no database can store."""

    class Meta:
        def get_translations(self, form: BaseForm) -> Any:
            """WTForms' own words, read once; Flask-WTF reads its file in each request."""
            return _words_of_wtforms(str(get_locale()))

    def validate(self, extra_validators: dict | None = None) -> bool:
        fine = super().validate(extra_validators)
        for field in self:
            if isinstance(field.data, str) and "\0" in field.data:
                field.data = field.data.replace("\0", "")
                field.errors = [*field.errors, gettext("Remove the characters that cannot be shown.")]
                fine = False
        return fine


@lru_cache(maxsize=16)
def _words_of_wtforms(language: str) -> NullTranslations:
    return Translations.load(messages_path(), [language], domain="wtforms")


def required(message: str | None = None) -> InputRequired:
    return InputRequired(message or _l("Fill this in."))


class NotBlank:
    """More than blanks. `message` says what to enter."""

    field_flags = {"required": True}

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, form: FlaskForm, field: Any) -> None:
        if not (field.data or "").strip():
            raise StopValidation(self.message)  # what else is asked of a text needs one


def at_most(limit: int) -> Length:
    return Length(max=limit, message=_l("Use at most %(max)d characters."))


def tidy(text: str | None) -> str | None:
    """One line of what is seen, without blanks at its ends or doubled ones.

    Signs that are not seen come along with what people copy, so they are left out
    without a word; left in, they would turn a line round, or make two names look alike.
    """
    return " ".join(_HIDDEN.sub("", text).split()) if text else text


def options(pairs: Iterable[tuple[Any, Any]], *, under: str | None = None) -> list[SelectChoice]:
    """What a select offers, as pairs of value and label; `under` is the name of their group."""
    return [SelectChoice(value, label, optgroup=under) for value, label in pairs]


def whole_number(value: object) -> int | None:
    """A row's id from a select; nothing chosen is None. Raises ValueError beyond a bigint."""
    if value in {None, "", "None"}:
        return None
    number = int(str(value))
    if not 0 < number < 2**63:
        raise ValueError(value)
    return number


def idempotency_field() -> UnboundField:
    """Made anew with each form that is shown, and sent with it: a form sent twice counts once."""
    return HiddenField(validators=[Length(max=64)])
