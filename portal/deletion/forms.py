from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField, ValidationError

from portal.tickets.models import Ticket
from portal.web.forms import DeskForm, NotBlank, at_most, tidy

LONGEST = 500  # characters


class DeletionForm(DeskForm):
    """Whoever types the key has read which ticket it is."""

    reason = TextAreaField(_l("Why?"), [NotBlank(_l("Say why: that stays.")), at_most(LONGEST)], [tidy])
    key = StringField(_l("The key of the ticket"), [NotBlank(_l("Enter the key.")), at_most(60)], [tidy])

    def __init__(self, *, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ticket = ticket

    def validate_key(self, field: StringField) -> None:
        if (field.data or "").upper() != self.ticket.key:
            raise ValidationError(gettext("This is not the key of the ticket shown here."))
