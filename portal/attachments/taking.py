"""Files that the desk puts where browsers put theirs: with a plain form, or copied from another ticket."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.attachments import actions
from portal.attachments.queries import attachment_or_404
from portal.errors import DomainError
from portal.extensions import db
from portal.gateways.storage import NoSuchObject, StorageAway


@dataclass(frozen=True)
class Coming:
    """A file, and what puts it into the quarantine under a key and as a kind: that may raise StorageAway,
    or NoSuchObject where it is a copy of what is there no more."""

    name: str
    mime: str
    size: int  # bytes
    put: Callable[[str, str], None]


@dataclass(frozen=True)
class Received:
    """The public ids of what was taken in, and why the rest was not, in words."""

    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.files or self.refused)


def take_in(files: Iterable[Coming], draft: str, *, by: User, is_internal: bool = False) -> Received:
    """Keep them with what this user is about to send: they are looked at like whatever comes.

    Commits where there are some, for nothing is held while the store is busy: what the caller
    has locked is to be loaded again.
    """
    received = Received()
    for file in files:
        try:
            received.files.append(_take_in(file, draft, by=by, is_internal=is_internal))
        except DomainError as error:
            db.session.rollback()
            received.refused.append(f"{file.name}: {error}")
    return received


def _take_in(file: Coming, draft: str, *, by: User, is_internal: bool) -> str:
    """As a browser does by itself: announced, put into the quarantine, and said to be there.

    Its public id.
    """
    announced = actions.announce(
        file.name, mime=file.mime, size=file.size, uploader=by, draft=draft, is_internal=is_internal
    )
    public_id, key, kind = announced.public_id, announced.object_key, announced.mime
    db.session.commit()
    try:
        file.put(key, kind)
    except (NoSuchObject, StorageAway) as error:
        actions.expire([attachment_or_404(public_id, seen_by=by, to_change=True)])
        db.session.commit()
        if isinstance(error, NoSuchObject):
            raise DomainError(_("The store did not hand it out.")) from error
        raise DomainError(_("The store for files does not answer. Try again in a minute.")) from error
    actions.arrived(attachment_or_404(public_id, seen_by=by, to_change=True))
    db.session.commit()
    return public_id
