"""What a file is by its content, whatever it is called."""

# The first brings the library and its table of signatures, which the second then finds.
import pylibmagic  # noqa: F401, I001
import magic

ENOUGH = 256 * 1024  # bytes from the beginning


def kind_of(head: bytes) -> str:
    """The type that libmagic sees in the first bytes, such as `image/png`."""
    return magic.from_buffer(head, mime=True)
