"""Files of one ticket for another: copied within the store, and looked at again like whatever comes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.attachments import actions
from portal.attachments.models import Attachment, State
from portal.attachments.queries import attachment_or_404
from portal.errors import DomainError
from portal.extensions import db
from portal.gateways.storage import NoSuchObject, StorageAway, storage
from portal.tickets.models import Comment

DRAFT = "copy"  # what the drafts are called in which copies wait for their ticket


@dataclass(frozen=True)
class Copied:
    """In which draft of whoever had them made the copies wait, their public ids, and why others were not
    made, in words."""

    draft: str
    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def copyable(comment: Comment) -> list[Attachment]:
    """What came with it and was found clean; of the rest nobody knows yet, or knows no good."""
    with_it = select(Attachment).where(Attachment.comment_id == comment.id, ~Attachment.is_internal)
    clean = with_it.where(Attachment.scanned_status == State.CLEAN)
    return list(db.session.scalars(clean.order_by(Attachment.id)))


def copy(files: Sequence[Attachment], *, by: User) -> Copied:
    """Have each of them once more, as what `by` is about to send; left alone, the copies go after a week.

    Commits, for nothing is held while the store is busy: what the caller has locked is to be loaded again.
    """
    copied = Copied(f"{DRAFT}-{secrets.token_urlsafe(16)}")
    wanted = [(each.original_filename, each.mime, each.size, str(each.clean_key)) for each in files]
    for name, mime, size, key in wanted:
        try:
            copied.files.append(_copy(name, mime, size, key, by=by, draft=copied.draft))
        except DomainError as error:
            db.session.rollback()
            copied.refused.append(f"{name}: {error}")
    return copied


def _copy(name: str, mime: str, size: int, key: str, *, by: User, draft: str) -> str:
    """As if `by` had sent it: announced, put into the quarantine, and said to be there. Its public id."""
    announced = actions.announce(name, mime=mime, size=size, uploader=by, draft=draft)
    public_id, into = announced.public_id, announced.object_key
    db.session.commit()
    try:
        storage().copy_to_quarantine(key, into)
    except (NoSuchObject, StorageAway) as error:
        actions.expire([attachment_or_404(public_id, seen_by=by, to_change=True)])
        db.session.commit()
        raise DomainError(_("The store did not hand it out.")) from error
    actions.arrived(attachment_or_404(public_id, seen_by=by, to_change=True))
    db.session.commit()
    return public_id
