"""What all forms have in common."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField
from wtforms.fields.core import UnboundField
from wtforms.validators import InputRequired, Length, StopValidation

NO_CONTROLS = {number: None for number in range(32) if chr(number) not in "\n\t\r"} | {127: None}


class DeskForm(FlaskForm):
    """Keeps what was typed, and refuses in words what no database can store."""

    def validate(self, extra_validators: dict | None = None) -> bool:
        fine = super().validate(extra_validators)
        for field in self:
            if isinstance(field.data, str) and "\0" in field.data:
                field.data = field.data.replace("\0", "")
                field.errors = [*field.errors, gettext("Remove the characters that cannot be shown.")]
                fine = False
        return fine


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
    """One line without blanks at its ends, doubled blanks or control characters."""
    return " ".join(text.translate(NO_CONTROLS).split()) if text else text


def idempotency_field() -> UnboundField:
    """Made anew with each form that is shown, and sent with it: a form sent twice counts once."""
    return HiddenField(validators=[Length(max=64)])
