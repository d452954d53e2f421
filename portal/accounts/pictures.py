"""The picture beside somebody's name: sent, scanned, and drawn anew by a job. Nothing here commits."""

import logging
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from warnings import catch_warnings, simplefilter

from flask_babel import gettext as _
from PIL import Image, ImageOps
from PIL.ExifTags import Base as Exif
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile
from sqlalchemy import ColumnElement, Row, select, update

from portal import clock
from portal.accounts.models import Picture, PictureState, User, about
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.gateways.live import publish_after_commit
from portal.gateways.queue import enqueue_after_commit

log = logging.getLogger(__name__)

LIMIT = 8 * 1024 * 1024  # bytes of what is sent
SIDE = 256  # pixels of what is shown, which is square
MOST_PIXELS = 24_000_000  # of what is sent, once it is unpacked
MOST_OF_JPEG = 50_000_000  # of which no more is unpacked than is needed
TRIES = 3  # to draw it: what ends the process that draws it is refused then
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
PLAIN = {"RGB", "RGBA", "L"}  # kinds of pixels that are made smaller as they are
ORIENTATION = Exif.Orientation
TURNS = {  # what makes a picture upright that was taken so (EXIF 2.32, 4.6.4 A)
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


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
    """The middle of the picture as a WebP of `SIDE` pixels, and nothing else that was in the file.

    Where and with what it was taken (EXIF) is left out. None for what is no picture
    of a known format, for one that is broken, and for one that unpacks to too much.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")  # of broken notes, which nobody reads
            simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(sent), formats=FORMATS) as opened:
                if opened.width * opened.height > (MOST_OF_JPEG if opened.format == "JPEG" else MOST_PIXELS):
                    return None
                return _drawn(opened)
    except Exception as error:  # noqa: BLE001, whatever a decoder says of bytes that were made to break it
        log.info("A picture cannot be read: %s", type(error).__name__)
        return None


def _drawn(opened: ImageFile) -> bytes:
    """Made small first, and turned upright then: a large one is in memory no more often than it must be."""
    opened.draft("RGB", (SIDE * 2, SIDE * 2))  # a large JPEG is unpacked to no more than that
    turn = TURNS.get(opened.getexif().get(ORIENTATION, 1))
    whole = opened if opened.mode in PLAIN else opened.convert("RGBA")
    square = ImageOps.fit(whole, (SIDE, SIDE)).convert("RGBA")
    upright = square if turn is None else square.transpose(turn)
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    flat.save(out, "WEBP", quality=82)
    return out.getvalue()


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
