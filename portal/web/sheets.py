"""CSV files for download, as spreadsheets open them: https://www.rfc-editor.org/rfc/rfc4180."""

import csv
from collections.abc import Callable, Iterable, Sequence
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from flask import Response, send_file

IN_MEMORY = 1024 * 1024  # bytes; what is longer waits on the disk until it is sent
# What a spreadsheet may take for a formula, written wide too: https://owasp.org/www-community/attacks/CSV_Injection
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def download(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The rows as a file of that name."""
    return sent_as_file(f"{name}.csv", "text/csv", lambda file: write_csv(file, header, rows))


def sent_as_file(name: str, kind: str, write: Callable[[BinaryIO], None]) -> Response:
    """What is written, to be saved; written whole before its first byte is sent: a list that breaks in
    the middle is no list."""
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115, it is closed when it is sent
    write(cast("BinaryIO", file))
    file.seek(0)
    answer = send_file(file, mimetype=kind, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def write_csv(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """In UTF-8 with the mark by which Excel knows it; a row is written before the next is read."""
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def harmless(cell: object) -> str:
    """The cell as text that no spreadsheet runs."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULAS) else text
