"""What a file is by its content, whatever it is called."""

import re  # noqa: I001, the first of the next brings the library and signatures that the second finds

import pylibmagic  # noqa: F401
import magic

from portal.attachments import kinds

ENOUGH = 256 * 1024  # bytes from the beginning
PLAIN = "text/plain"
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")  # begin a text in UTF-16 or UTF-32
_MARKED_UP = re.compile(rb"(\xef\xbb\xbf)?\s*<[a-zA-Z!?]")
_NOT_TYPED = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\xff]")


def kind_of(head: bytes) -> str:
    """The type that libmagic sees in the first bytes, such as `image/png`.

    Three times it is helped: it takes some binaries for texts, a text of one letter for none,
    and a text that a page or a drawing stands in, such as a log, for that page.
    """
    seen = magic.from_buffer(head, mime=True)
    if kinds.is_of_texts(seen) and b"\0" in head and not head.startswith(_WIDE):
        return kinds.OCTETS
    if seen == kinds.OCTETS and head and not _NOT_TYPED.search(head):
        return PLAIN
    if seen in kinds.MARKED_UP and not _MARKED_UP.match(head):
        return PLAIN
    return seen
