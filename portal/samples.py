"""Files by which a virus scanner shows that it looks, and that it says where it cannot. All are harmless."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

# In parts, so that no scanner takes this file for a virus.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
LOCKED = 1  # in the flags of a file in a zip (APPNOTE 4.4.4)
FLAGS = ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8))  # the headers of a file, and where its flags stand there


def test_viruses(limit: int) -> Iterator[tuple[str, BinaryIO]]:
    """The test virus: plain, packed, packed twice, and behind as much as an upload may have."""
    yield "the test virus", io.BytesIO(EICAR)
    yield "the test virus in a zip", zipped(("eicar.com", EICAR))
    yield "the test virus in a zip in a zip", zipped(("inner.zip", zipped(("eicar.com", EICAR)).read()))
    padding = limit - len(EICAR) - 1024  # of which the zip's own lists need some
    yield (
        f"the test virus behind {limit // 2**20} MB",
        zipped(("filler.bin", padding), ("eicar.com", EICAR)),
    )


def zipped(*files: tuple[str, bytes | int]) -> BinaryIO:
    """Names, each with its content or so many zeros; not compressed, and on the disk: it may be large."""
    packed = tempfile.TemporaryFile()  # noqa: SIM115, the reader closes it by letting go
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                for piece in [content] if isinstance(content, bytes) else _zeros(content):
                    member.write(piece)
    packed.seek(0)
    return packed


def locked_zip() -> bytes:
    """A ZIP whose one file says that it has a password."""
    packed = bytearray(zipped(("locked.txt", b"Nobody can read this.")).read())
    for header, at in FLAGS:
        packed[packed.index(header) + at] |= LOCKED
    return bytes(packed)


def _zeros(number: int) -> Iterator[bytes]:
    while number > 0:
        yield bytes(min(number, 2**20))
        number -= 2**20
