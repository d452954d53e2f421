"""The first page of a PDF, drawn by a program that knows nothing and can do nothing else.

What reads a PDF is written in C++, and anybody may have sent the bytes: so it never runs in the worker,
which has the desk's secrets. What comes back are pixels, as many as were asked for, and no format at all.
"""

import logging
import struct
import subprocess
import sys
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from PIL import Image

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("first_page.py")
PATIENCE = 10  # seconds; it has less of the processor
MOST_BYTES = 50 * 2**20  # of a PDF: what is read of it lies in memory
HEAD = struct.Struct(">HH")  # width and height, before the pixels
WHITE = ((255, 255),) * 3


def first_page(file: BinaryIO, side: int) -> Image.Image | None:
    """On white, its longer side so many pixels long.

    None for what cannot be drawn: broken, with a password, without pages, too large, or without an end;
    and for a page that is white all over: a large picture that has no room in memory is left out of it.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > MOST_BYTES:
        return None
    try:
        return _as_picture(_drawn(file, side), side)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.info("The first page of a PDF is not drawn: %s", _why(error))
        return None


def _drawn(file: BinaryIO, side: int) -> bytes:
    """What the program answers, and a byte more at most than it may."""
    with TemporaryFile() as sent, TemporaryFile(buffering=0) as answer:
        copyfileobj(file, sent)  # its own, for it might write to it
        sent.flush()
        sent.seek(0)
        _run(side, sent, answer)
        answer.seek(0)
        return answer.read(HEAD.size + side * side * 4 + 1)


def _run(side: int, sent: IO[bytes], answer: IO[bytes]) -> None:
    """Raises SubprocessError where it fails or takes too long; then it is ended."""
    subprocess.run(
        [sys.executable, "-I", "-B", str(PROGRAM), str(side)],
        stdin=sent,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        timeout=PATIENCE,
        check=True,
    )


def _as_picture(answer: bytes, side: int) -> Image.Image:
    """Raises ValueError where these are not the pixels of such a picture."""
    if len(answer) < HEAD.size:
        raise ValueError("no pixels")
    width, height = HEAD.unpack_from(answer)
    if not (0 < width <= side and 0 < height <= side and len(answer) == HEAD.size + width * height * 4):
        raise ValueError("other pixels than there should be")
    picture = Image.frombytes("RGB", (width, height), answer[HEAD.size :], "raw", "RGBX")
    if picture.getextrema() == WHITE:
        raise ValueError("nothing on it")
    return picture


def _why(error: Exception) -> str:
    """Short, and without the name of a program that nobody can start by hand."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no end after {PATIENCE} seconds"
    return f"{type(error).__name__}: {error}"
