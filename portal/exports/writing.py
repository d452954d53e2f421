"""Files that spreadsheets open, written as their rows come."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format as Style
from xlsxwriter.worksheet import Worksheet

from portal.exports.models import Format
from portal.exports.rows import Cell
from portal.web.sheets import write_csv

MOMENT = "yyyy-mm-dd hh:mm"
WIDTHS = (12, 60, 14, 10, 12, 18, 18, 18, 22, 22, 22, 22, 8, 12, 18, 18, 18, 18)
# A cell that begins with an equals sign is text and no formula, an address no link, "0012" no number.
PLAIN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write(file: BinaryIO, form: Format, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Fill the file from where it stands; a row is written, and forgotten, before the next is read."""
    _WRITERS[form](file, header, rows)


def _csv(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    write_csv(file, header, ([_told(cell) for cell in row] for row in rows))


def _told(cell: Cell) -> Cell:
    return f"{cell:%Y-%m-%d %H:%M}" if isinstance(cell, datetime) else cell


def _xlsx(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """ECMA-376. Rows that are written wait on the disk, whatever their number."""
    book = Workbook(file, PLAIN)
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    moment = book.add_format({"num_format": MOMENT})
    sheet.freeze_panes(1, 1)
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.write_row(0, 0, header, bold)
    last = 0
    for last, row in enumerate(rows, 1):
        _write_row(sheet, last, row, moment)
    sheet.autofilter(0, 0, last, len(header) - 1)
    book.close()


def _write_row(sheet: Worksheet, place: int, row: Sequence[Cell], moment: Style) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, datetime):
            sheet.write_datetime(place, column, cell, moment)
        elif isinstance(cell, int):
            sheet.write_number(place, column, cell)
        elif cell:
            sheet.write_string(place, column, cell)


_WRITERS: dict[Format, Callable[[BinaryIO, Sequence[str], Iterable[Sequence[Cell]]], None]] = {
    Format.CSV: _csv,
    Format.XLSX: _xlsx,
}
