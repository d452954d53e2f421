"""The picture beside somebody's name: sent, scanned, and drawn anew by a job. Nothing here commits."""

from datetime import datetime
from hashlib import sha256
from io import BytesIO

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Row, select, update

from portal import clock
from portal.accounts.models import Picture, PictureState, User, about
from portal.drawing import square
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.live import publish_after_commit
from portal.gateways.queue import enqueue_after_commit

LIMIT = 8 * 1024 * 1024  # bytes of what is sent
SIDE = 256  # pixels of what is shown, which is square
TRIES = 3  # to draw it: what ends the process that draws it is refused then


def send(user: User, sent: bytes) -> None:
    """Take what they sent, to be looked at by a job. Raises DomainError where it is none, or too large."""
    if not sent:
        raise DomainError(_("Choose a picture first."))
    if len(sent) > LIMIT:
        raise DomainError(_("The picture is larger than %(limit)d MB.", limit=LIMIT // 1024 // 1024))
    db.session.execute(select(User.id).where(User.id == user.id).with_for_update())  # of two first ones, one
    picture = _of(user) or Picture(user_id=user.id)
    picture.state, picture.sent, picture.sent_at = PictureState.WAITING, sent, clock.now()
    picture.tries = 0
    db.session.add(picture)
    enqueue_after_commit("jobs.pictures.draw", user.id)


def remove(user: User, *, actor: User) -> None:
    """Take it away, and what was not looked at yet with it."""
    picture = _of(user)
    if picture is None:
        return
    db.session.delete(picture)
    if user.picture_digest:
        user.picture_digest = None
        record(Kind.PICTURE_REMOVED, actor=actor, **about(user))


def waiting() -> list[int]:
    """Whose pictures are still to be drawn, the first sent first."""
    sent = select(Picture.user_id).where(Picture.state == PictureState.WAITING)
    return list(db.session.scalars(sent.order_by(Picture.sent_at)))


def sent_by(user_id: int) -> Row | None:
    """What they `sent` that is still to be looked at, and when (`sent_at`)."""
    found = select(Picture.sent, Picture.sent_at)
    return db.session.execute(
        found.where(Picture.user_id == user_id, Picture.state == PictureState.WAITING)
    ).one_or_none()


def count_try(user_id: int, *, sent_at: datetime) -> bool:
    """Whether what they sent then may be drawn: not when that has ended `TRIES` processes before."""
    tried = update(Picture).values(tries=Picture.tries + 1).returning(Picture.tries)
    tries = db.session.scalar(tried.where(*_is(user_id, sent_at)))
    return tries is not None and tries <= TRIES


def keep(user_id: int, *, sent_at: datetime, virus: str | None, drawn: bytes | None) -> None:
    """Show the picture, or say why there is none; twice is once, and what came meanwhile goes on waiting."""
    picture = db.session.scalar(
        select(Picture).where(*_is(user_id, sent_at)).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if picture is None:
        return
    user = db.session.get_one(User, user_id)
    if drawn:
        picture.state, picture.sent = PictureState.READY, None
        picture.drawn, picture.digest = drawn, sha256(drawn).hexdigest()[:32]
        user.picture_digest = picture.digest
        record(Kind.PICTURE_CHANGED, actor=user, **about(user))
    else:
        _refuse(picture, user, virus)
    publish_after_commit(f"user:{user.id}")


def _is(user_id: int, sent_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Still to be drawn, and what they sent at that moment."""
    return (
        Picture.user_id == user_id,
        Picture.state == PictureState.WAITING,
        Picture.sent_at == sent_at,
    )


def redrawn(sent: bytes) -> bytes | None:
    """The middle of it as a WebP of `SIDE` pixels; None for what is no picture that can be drawn."""
    return square(BytesIO(sent), SIDE)


def picture_with(digest: str) -> bytes | None:
    """The picture under that digest; None where there is none any more."""
    return db.session.scalar(select(Picture.drawn).where(Picture.digest == digest))


def state_of(user: User) -> PictureState | None:
    return db.session.scalar(select(Picture.state).where(Picture.user_id == user.id))


def _of(user: User) -> Picture | None:
    return db.session.get(Picture, user.id, with_for_update=True)


def _refuse(picture: Picture, user: User, virus: str | None) -> None:
    picture.state, picture.sent = PictureState.INFECTED if virus else PictureState.UNREADABLE, None
    record(Kind.PICTURE_REFUSED, actor=user, **about(user), reason=picture.state.value, virus=virus or "")
