"""Reading a CSV file as people have them: any of the usual encodings and separators, and broken rows."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flask_babel import gettext as _
from flask_babel import ngettext

if TYPE_CHECKING:
    from _csv import Reader

SEPARATORS = (",", ";", "\t", "|")
LARGEST_FIELD = 64 * 1024 * 1024  # bytes; a quote that is never closed swallows no more than that
CHUNK = 1024 * 1024

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Unreadable(Exception):
    """The file, or a row of it, cannot be read; the message says why."""


@dataclass(frozen=True)
class Row:
    """A row with the number of the line it begins in, as an editor counts them."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class BrokenRow:
    line: int
    why: str


@dataclass(frozen=True)
class Sheet:
    """A file that can be read as often as one likes: `open` gives its bytes from the start."""

    name: str
    open: Callable[[], BinaryIO]
    encoding: str
    separator: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[Row | BrokenRow]:
        """The rows that hold anything, without NUL characters, which no database can keep."""
        with _as_text(self.open(), self.encoding) as file:
            reader = _reader(file, self.separator)
            next(reader)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield BrokenRow(line, _("It cannot be read: %(why)s.", why=error))
                    continue
                if any(cell.strip() for cell in cells):
                    yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row | BrokenRow:
        if len(cells) > len(self.header):
            why = ngettext(
                "It has %(num)s cell, and the header has %(header)s.",
                "It has %(num)s cells, and the header has %(header)s.",
                len(cells),
                header=len(self.header),
            )
            return BrokenRow(line, why)
        missing = [""] * (len(self.header) - len(cells))
        return Row(line, dict(zip(self.header, [*cells, *missing], strict=True)))

    def count(self) -> int:
        return sum(1 for _ in self.rows())


def open_sheet(path: Path) -> Sheet:
    """Find out how the file is written. Raises Unreadable for one without a header."""
    return _sheet(path.name, lambda: path.open("rb"))


def sheet_of(content: bytes) -> Sheet:
    """The same for a file that somebody sent. Raises Unreadable."""
    return _sheet("", lambda: BytesIO(content))


def text_of(content: bytes) -> str:
    """The file as people would see it."""
    with _as_text(BytesIO(content), _encoding(BytesIO(content))) as file:
        return file.read().replace("\0", "")


def _sheet(name: str, opened: Callable[[], BinaryIO]) -> Sheet:
    csv.field_size_limit(LARGEST_FIELD)
    with opened() as file:
        encoding = _encoding(file)
    with _as_text(opened(), encoding) as text:
        separator = max(SEPARATORS, key=text.readline(CHUNK).count)
    with _as_text(opened(), encoding) as text:
        try:
            header = next(_reader(text, separator))
        except (StopIteration, csv.Error):
            raise Unreadable(_("The file is empty.")) from None
    names = tuple(cell.strip() or f"column {place}" for place, cell in enumerate(header, 1))
    twice = sorted({cell for cell in names if names.count(cell) > 1})
    if twice:
        raise Unreadable(_("Two columns have the same name: %(names)s.", names=", ".join(twice)))
    return Sheet(name, opened, encoding, separator, names)


def _as_text(file: BinaryIO, encoding: str) -> TextIOWrapper:
    return TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def _reader(file: Iterable[str], separator: str) -> "Reader":
    return csv.reader((line.replace("\0", "") for line in file), delimiter=separator)


def _encoding(file: BinaryIO) -> str:
    """By its byte order mark, else UTF-8 where all of it is, else Windows' Western European."""
    start = file.read(4)
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return name
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
