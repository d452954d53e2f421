"""Pictures drawn anew from bytes that anybody may have sent: nothing else that was in them is kept.

Where and with what a picture was taken (EXIF) is left out. No more is unpacked than is wanted,
and a large picture is in memory no more often than it must be.
"""

import logging
from collections.abc import Callable
from io import SEEK_END, BytesIO
from typing import BinaryIO, TypeVar
from warnings import catch_warnings, simplefilter

from PIL import Image, ImageOps
from PIL.ExifTags import Base as Exif
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

log = logging.getLogger(__name__)

MOST_PIXELS = 24_000_000  # of what is sent, once it is unpacked
MOST_OF_JPEG = 50_000_000  # of which no more is unpacked than is needed
MOST_BYTES = 40_000_000  # of what is sent: more than any photo has, and less than notes to keep us busy
MOST_SCANS = 100  # times that a JPEG is drawn over, finer each time; programs make about ten
CHUNK = 1024 * 1024  # bytes read at a time
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
PLAIN = {"RGB", "RGBA", "L"}  # kinds of pixels that are made smaller as they are
TURNS = {  # what makes a picture upright that was taken so (EXIF 2.32, 4.6.4 A)
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
Drawn = TypeVar("Drawn")


def square(file: BinaryIO, side: int) -> bytes | None:
    """The middle of the picture as a WebP of so many pixels.

    None for what is no picture of a known format, for one that is broken, and for one
    that unpacks to too much.
    """

    def draw(opened: ImageFile) -> bytes:
        turn = _turn_of(opened)
        return _webp(ImageOps.fit(_plain(opened), (side, side)), turn)

    return _drawn(file, side * 2, draw)


def within(file: BinaryIO, *sides: int) -> list[bytes]:
    """All of the picture as a WebP for each of these lengths of its longer side, in pixels; none is enlarged.

    None of them where `square` would have none.
    """

    def draw(opened: ImageFile) -> list[bytes]:
        turn = _turn_of(opened)
        return shrunk(_plain(opened), *sides, turn=turn)

    return _drawn(file, max(sides), draw) or []


def shrunk(whole: Image.Image, *sides: int, turn: Transpose | None = None) -> list[bytes]:
    """The same of a picture that is unpacked already, and becomes smaller itself by that."""
    drawn = {}
    for side in sorted(sides, reverse=True):
        whole.thumbnail((side, side))
        drawn[side] = _webp(whole, turn)
    return [drawn[side] for side in sides]


def _drawn(file: BinaryIO, side: int, draw: Callable[[ImageFile], Drawn]) -> Drawn | None:
    try:
        with catch_warnings():
            simplefilter("ignore")  # of broken notes, which nobody reads
            simplefilter("error", Image.DecompressionBombWarning)
            if file.seek(0, SEEK_END) > MOST_BYTES:
                return None
            file.seek(0)
            with Image.open(file, formats=FORMATS) as opened:
                if _is_too_much(opened, file):
                    return None
                opened.draft("RGB", (side, side))  # a large JPEG is unpacked to no more than that
                return draw(opened)
    except Exception as error:  # noqa: BLE001, whatever a decoder says of bytes that were made to break it
        log.info("A picture cannot be read: %s", type(error).__name__)
        return None


def _is_too_much(opened: ImageFile, file: BinaryIO) -> bool:
    """Whether it unpacks to more than we draw, or takes longer: each scan goes over the whole picture."""
    if not isinstance(opened, JpegImageFile):  # of which some call themselves MPO
        return opened.width * opened.height > MOST_PIXELS
    return opened.width * opened.height > MOST_OF_JPEG or _scans_of(file) > MOST_SCANS


def _scans_of(file: BinaryIO) -> int:
    """How often a scan begins (ITU T.81, B.2.3); within one, the two bytes never stand beside each other."""
    file.seek(0)
    found, before = 0, b""
    while chunk := file.read(CHUNK):
        found += (before + chunk).count(b"\xff\xda")
        before = chunk[-1:]
    return found


def _turn_of(opened: ImageFile) -> Transpose | None:
    return TURNS.get(opened.getexif().get(Exif.Orientation, 1))


def _plain(opened: ImageFile) -> Image.Image:
    return opened if opened.mode in PLAIN else opened.convert("RGBA")


def _webp(small: Image.Image, turn: Transpose | None) -> bytes:
    """Upright, and on white where it can be seen through."""
    clear = small.convert("RGBA")
    upright = clear if turn is None else clear.transpose(turn)
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    flat.save(out, "WEBP", quality=82)
    return out.getvalue()
