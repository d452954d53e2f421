"""Files of one ticket for another: copied within the store, and looked at again like whatever comes."""

import secrets
from collections.abc import Sequence
from functools import partial

from sqlalchemy import select

from portal.accounts.models import User
from portal.attachments.models import Attachment, State
from portal.attachments.taking import Coming, Received, take_in
from portal.extensions import db
from portal.gateways.storage import storage
from portal.tickets.models import Comment


def copyable(comment: Comment) -> list[Attachment]:
    """What came with it and was found clean; of the rest nobody knows yet, or knows no good."""
    with_it = select(Attachment).where(Attachment.comment_id == comment.id, ~Attachment.is_internal)
    clean = with_it.where(Attachment.scanned_status == State.CLEAN)
    return list(db.session.scalars(clean.order_by(Attachment.id)))


def new_draft() -> str:
    """Of copies that wait for their ticket; left alone, they go after a week."""
    return f"copy-{secrets.token_urlsafe(16)}"


def copy(files: Sequence[Attachment], draft: str, *, by: User) -> Received:
    """Have each of them once more, in that draft of `by`. Commits, as `take_in` does."""
    coming = [
        Coming(each.original_filename, each.mime, each.size, partial(_put, str(each.clean_key)))
        for each in files
    ]
    return take_in(coming, draft, by=by)


def _put(clean_key: str, key: str, _kind: str) -> None:
    storage().copy_to_quarantine(clean_key, key)
