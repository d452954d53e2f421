"""CSV files as people have them."""

import pytest

from portal.importing import reading
from portal.importing.reading import BrokenRow, Row, Unreadable, open_sheet


@pytest.fixture
def sheet(tmp_path):
    def write(content, encoding="utf-8"):
        path = tmp_path / "tickets.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return open_sheet(path)

    return write


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_umlauts_survive_every_usual_encoding(sheet, encoding, found):
    read = sheet("Betreff;Text\nGrüße aus Köln;„schön“\n", encoding)

    assert read.encoding == found
    assert [row.cells for row in read.rows()] == [{"Betreff": "Grüße aus Köln", "Text": "„schön“"}]


def test_bytes_that_no_encoding_knows_are_replaced(sheet):
    (row,) = sheet(b"title\ncaf\x81 \xe9\n").rows()

    assert row.cells["title"] == "caf� é"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(sheet, separator):
    read = sheet(f"title{separator}text, if any\na{separator}b\n".replace(", if", " if"))

    assert read.separator == separator
    assert list(next(read.rows()).cells.values()) == ["a", "b"]


def test_lines_are_counted_as_an_editor_counts_them(sheet):
    read = sheet('title,text\none,"first\nsecond\nthird"\n\n  ,\ntwo,x\n')

    assert [(row.line, row.cells["title"]) for row in read.rows()] == [(2, "one"), (7, "two")]


def test_nul_characters_are_left_out(sheet):
    (row,) = sheet(b"title,text\na\0b,\0\0c\n").rows()

    assert row.cells == {"title": "ab", "text": "c"}


def test_a_short_row_is_filled_up_and_a_long_one_is_refused(sheet):
    short, broken = sheet("title,text\nonly\na,b,c\n").rows()

    assert short == Row(2, {"title": "only", "text": ""})
    assert broken == BrokenRow(3, "It has 3 cells, and the header has 2.")


def test_a_field_of_ten_megabytes_is_read(sheet):
    (row,) = sheet("title,text\na," + "x" * 10_000_000 + "\n").rows()

    assert len(row.cells["text"]) == 10_000_000


def test_what_is_too_large_is_refused_and_the_next_rows_are_read(sheet, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FIELD", 100)

    broken, fine = sheet("title,text\na," + "x" * 101 + "\nb,c\n").rows()

    assert (broken.line, broken.why.startswith("It cannot be read")) == (2, True)
    assert fine.cells == {"title": "b", "text": "c"}


def test_a_header_without_names_gets_some(sheet):
    assert sheet("title,,\na,b,c\n").header == ("title", "column 2", "column 3")


def test_a_name_that_stands_twice_is_refused(sheet):
    with pytest.raises(Unreadable, match="same name: title"):
        sheet("title,text,title\n")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(sheet, content):
    with pytest.raises(Unreadable, match="empty"):
        sheet(content)


def test_rows_that_hold_nothing_do_not_count(sheet):
    assert sheet("title\na\n\nb\n,,\n").count() == 2
