"""A program of its own: `first_page.py SIDE`, a PDF as standard input, its first page as standard output.

Whoever sent the PDF may have made it to take over what reads it. So before it is looked at, this process
gives away what it could do harm with: from then on it opens no file and no connection, starts nothing,
and has little memory and time. Forms and scripts of the document stay what they are, for nothing is
made here that runs them.

Imported by nobody, for it loads what draws: `pages.py` starts it.
"""

import resource
import struct
import sys

import pypdfium2

MEMORY = 160 * 2**20  # bytes, those of the program included
SECONDS = 5  # of the processor
FARTHEST = 14_400  # points of a side; no PDF has more (ISO 32000-1, annex C.2)


def main(side: int) -> None:
    """Write width and height, two bytes each, and then each pixel: red, green, blue and one for nothing."""
    confine(most=4 + side * side * 4)
    sys.stdout.buffer.write(drawn(side))


def confine(*, most: int) -> None:
    """For the rest of this process; no more than so many bytes can be written."""
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: most,
        resource.RLIMIT_NOFILE: 0,  # those that are open stay so
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, limit))


def drawn(side: int) -> bytes:
    """However large the page is, its longer side becomes so many pixels."""
    with pypdfium2.PdfDocument(sys.stdin.buffer) as document:
        page = document[0]
        longer = max(page.get_size())
        if not 0 < longer <= FARTHEST:
            sys.exit("No page is so large.")
        scale = (side - 0.5) / longer  # what it comes to is rounded up
        bitmap = page.render(scale=scale, may_draw_forms=False, prefer_bgrx=True, rev_byteorder=True)
        return struct.pack(">HH", bitmap.width, bitmap.height) + bytes(bitmap.buffer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
