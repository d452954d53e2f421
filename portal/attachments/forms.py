import re

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField, ValidationError
from wtforms.validators import InputRequired, NumberRange, Optional

from portal.attachments.actions import LONGEST_TYPED
from portal.web.forms import DeskForm, NotBlank, at_most, tidy

SHA256 = re.compile(r"[0-9a-f]{64}\Z")
NO_SHA256 = _l("This is no SHA-256 in hexadecimal.")
LONGEST_HASHES = 65 * 200


class PresignForm(DeskForm):
    """A file that is about to be sent, as its sender describes it."""

    original_filename = StringField(
        validators=[NotBlank(_l("The file has no name.")), at_most(LONGEST_TYPED)]
    )
    mime = StringField(validators=[Optional(), at_most(200)])
    size = IntegerField(
        validators=[
            InputRequired(_l("The file is empty.")),
            NumberRange(0, 2**50, _l("The file is too large.")),
        ]
    )
    draft = StringField(validators=[Optional(), at_most(80)])


class PartsForm(DeskForm):
    """`sha256` of each part in its place, as far as the sender has it, with commas between."""

    sha256 = StringField(validators=[Optional(), at_most(LONGEST_HASHES)])

    def validate_sha256(self, field: StringField) -> None:
        if not all(SHA256.match(each) for each in field.data.split(",") if each):
            raise ValidationError(NO_SHA256)

    @property
    def hashes(self) -> list[str | None] | None:
        return [each or None for each in self.sha256.data.split(",")] if self.sha256.data else None


class CompleteForm(DeskForm):
    """`sha256` of each part as the sender has it, in hexadecimal, with commas between; may be left out."""

    sha256 = StringField(validators=[Optional(), at_most(LONGEST_HASHES)])

    def validate_sha256(self, field: StringField) -> None:
        if not all(SHA256.match(each) for each in field.data.split(",")):
            raise ValidationError(NO_SHA256)

    @property
    def hashes(self) -> list[str] | None:
        return self.sha256.data.split(",") if self.sha256.data else None


class ReleaseForm(DeskForm):
    """Why a file is handed out that the scanner could not look at."""

    why = StringField(_l("Why it is safe"), [NotBlank(_l("Say why it is safe.")), at_most(500)], [tidy])
