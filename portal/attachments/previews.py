"""Small pictures of files, drawn anew: nothing else of the file is in them."""

from codecs import getincrementaldecoder
from dataclasses import dataclass
from typing import BinaryIO

from portal.attachments import kinds
from portal.attachments.pages import first_page
from portal.drawing import shrunk, within

SMALL, LARGE = 160, 1280  # pixels of the longer side
EXCERPT = 4_000  # characters of a text
HEAD = EXCERPT * 4  # bytes that hold them, whatever letters they are


@dataclass(frozen=True)
class Drawn:
    """Under which keys the pictures of a file stand, and the beginning of a text."""

    thumbnail_key: str | None = None
    preview_key: str | None = None
    excerpt: str | None = None


def pictures_of(name: str, file: BinaryIO) -> list[bytes]:
    """A small and a large one as WebP, of a PDF its first page; none of what cannot be drawn."""
    extension = kinds.extension_of(name)
    if extension == "pdf":
        page = first_page(file, LARGE)
        return shrunk(page, SMALL, LARGE) if page else []
    return within(file, SMALL, LARGE) if extension in kinds.PICTURES else []


def excerpt_of(name: str, file: BinaryIO) -> str | None:
    """The beginning of a text, as UTF-8 or else Latin-1; None for what is no text."""
    kind = kinds.KINDS.get(kinds.extension_of(name))
    if kind is None or not kind.is_text:
        return None
    file.seek(0)
    head = file.read(HEAD)
    try:  # a letter of which the end was not read is left out
        text = getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    return text.replace("\0", "")[:EXCERPT]
