"""Small pictures of files, drawn anew: nothing else of the file is in them."""

from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO
from warnings import catch_warnings, simplefilter

from PIL import Image, ImageOps

from portal.attachments import kinds

SMALL, LARGE = 160, 1280  # pixels of the longer side
MOST_PIXELS = 24_000_000
MOST_OF_JPEG = 50_000_000  # of which no more is unpacked than is needed
EXCERPT = 4_000  # characters of a text


@dataclass(frozen=True)
class Drawn:
    """Under which keys the pictures of a file stand, and the beginning of a text."""

    thumbnail_key: str | None = None
    preview_key: str | None = None
    excerpt: str | None = None


def pictures_of(name: str, file: BinaryIO) -> list[bytes]:
    """A small and a large one as WebP; none of what is no picture, is broken, or unpacks to too much."""
    if kinds.extension_of(name) not in kinds.PICTURES:
        return []
    try:
        with catch_warnings():
            simplefilter("ignore")
            simplefilter("error", Image.DecompressionBombWarning)
            file.seek(0)
            with Image.open(file, formats=("JPEG", "PNG", "WEBP", "GIF")) as opened:
                most = MOST_OF_JPEG if opened.format == "JPEG" else MOST_PIXELS
                if opened.width * opened.height > most:
                    return []
                opened.draft("RGB", (LARGE, LARGE))
                upright = ImageOps.exif_transpose(opened)
                return [_drawn(upright, side) for side in (SMALL, LARGE)]
    except Exception:  # noqa: BLE001, whatever a decoder says of bytes that were made to break it
        return []


def _drawn(picture: Image.Image, side: int) -> bytes:
    small = picture.convert("RGBA")
    small.thumbnail((side, side))
    flat = Image.new("RGB", small.size, "white")
    flat.paste(small, mask=small.getchannel("A"))
    out = BytesIO()
    flat.save(out, "WEBP", quality=80)
    return out.getvalue()


def excerpt_of(name: str, file: BinaryIO) -> str | None:
    """The beginning of a text, as UTF-8 or else Latin-1; None for what is no text."""
    kind = kinds.KINDS.get(kinds.extension_of(name))
    if kind is None or not kind.is_text:
        return None
    file.seek(0)
    head = file.read(EXCERPT * 4)
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        is_cut = error.start > len(head) - 4
        text = head[: error.start].decode("utf-8-sig") if is_cut else head.decode("latin-1")
    return text.replace("\0", "")[:EXCERPT]
