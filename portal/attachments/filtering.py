"""What the filters of tickets learn of files."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.attachments.policy import of_ticket_for
from portal.filters.fields import Columns
from portal.tickets.filtering import Trait


def _has_file(reader: User, tickets: Columns) -> ColumnElement[bool]:
    """One that is served, as far as the reader may see it."""
    theirs = select(Attachment.ticket_id).where(
        Attachment.ticket_id.is_not(None), Attachment.scanned_status == State.CLEAN, of_ticket_for(reader)
    )
    return tickets.id.in_(theirs.correlate(None))


HAS_FILE = Trait("file", _l("a file"), _has_file)
