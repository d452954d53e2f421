"""Reading a CSV file as people have them: any of the usual encodings and separators, and broken rows."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]

    def rows(self) -> Iterator[Row | BrokenRow]:
        """The rows that hold anything, without NUL characters, which no database can keep."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = _reader(file, self.separator)
            next(reader)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield BrokenRow(line, f"It cannot be read: {error}.")
                    continue
                if any(cell.strip() for cell in cells):
                    yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row | BrokenRow:
        if len(cells) > len(self.header):
            return BrokenRow(line, f"It has {len(cells)} cells, and the header has {len(self.header)}.")
        missing = [""] * (len(self.header) - len(cells))
        return Row(line, dict(zip(self.header, [*cells, *missing], strict=True)))

    def count(self) -> int:
        return sum(1 for _ in self.rows())


def open_sheet(path: Path) -> Sheet:
    """Find out how the file is written. Raises Unreadable for one without a header."""
    csv.field_size_limit(LARGEST_FIELD)
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline(CHUNK)
        separator = max(SEPARATORS, key=first.count)
        file.seek(0)
        try:
            header = next(_reader(file, separator))
        except (StopIteration, csv.Error):
            raise Unreadable("The file is empty.") from None
    names = tuple(name.strip() or f"column {place}" for place, name in enumerate(header, 1))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unreadable(f"Two columns have the same name: {', '.join(twice)}.")
    return Sheet(path, encoding, separator, names)


def _reader(file: Iterable[str], separator: str) -> "Reader":
    return csv.reader((line.replace("\0", "") for line in file), delimiter=separator)


def _encoding(path: Path) -> str:
    """By its byte order mark, else UTF-8 where all of it is, else Windows' Western European."""
    with path.open("rb") as file:
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
