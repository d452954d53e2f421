from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField, ValidationError

from portal.accounts.models import User
from portal.attachments.actions import tidy_name
from portal.errors import DomainError
from portal.privacy.models import Place
from portal.privacy.traces import split
from portal.web.forms import DeskForm, NotBlank, at_most, tidy

TITLE, TEXT = 200, 200_000  # characters


class AnonymizeForm(DeskForm):
    """Whoever types the name has read whose it is."""

    name = StringField(_l("Their full name"), [NotBlank(_l("Enter the name.")), at_most(120)], [tidy])

    def __init__(self, *, person: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.person = person

    def validate_name(self, field: StringField) -> None:
        if (field.data or "").casefold() != " ".join(self.person.name.split()).casefold():
            raise ValidationError(gettext("This is not the name of the person shown here."))


class MentionForm(DeskForm):
    """What is to stand there instead; for a title one line, for a file a name that ends as it did."""

    text = TextAreaField(_l("What is to stand there"), [NotBlank(_l("Enter a text.")), at_most(TEXT)])

    def __init__(self, *, place: Place, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place = place
        self.ending = split(kwargs["data"]["text"])[1]

    def validate_text(self, field: TextAreaField) -> None:
        if self.place is Place.TITLE:
            field.data = tidy(field.data)
            if len(field.data or "") > TITLE:
                raise ValidationError(gettext("Use at most %(max)d characters.", max=TITLE))
        if self.place is Place.FILE:
            field.data = _file_name(field.data or "", self.ending)


def _file_name(typed: str, ending: str) -> str:
    try:
        name = tidy_name(tidy(typed) or "")
    except DomainError as error:
        raise ValidationError(str(error)) from error
    if split(name)[1] != ending:
        raise ValidationError(gettext("The name has to end with %(ending)s, as it does now.", ending=ending))
    return name
