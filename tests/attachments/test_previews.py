"""The beginning of a text that is shown beside its file."""

import io

import pytest

from portal.attachments.previews import EXCERPT, HEAD, excerpt_of

WORDS = "Viele Grüße"


def excerpt(content, name="notes.txt"):
    return excerpt_of(name, io.BytesIO(content))


@pytest.mark.parametrize("end", ["", "e", ".\n", " aus Köln"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_short_text_is_shown_whole_in_either_encoding(encoding, end):
    assert excerpt(f"{WORDS}{end}".encode(encoding)) == WORDS + end


def test_a_short_utf_8_text_that_ends_within_a_letter_is_no_utf_8():
    assert excerpt("Grü".encode()[:-1]) == "GrÃ"


@pytest.mark.parametrize("shift", range(4))
def test_a_long_text_that_is_cut_within_a_letter_keeps_its_letters(shift):
    text = "a" * shift + "🎫" * HEAD
    assert excerpt(text.encode()) == text[:EXCERPT]


def test_a_long_latin_1_text_is_cut_after_as_many_letters():
    text = "Grüße " * HEAD
    assert excerpt(text.encode("latin-1")) == text[:EXCERPT]


def test_zeros_which_no_database_keeps_are_left_out():
    assert excerpt(b"a\0b") == "ab"


@pytest.mark.parametrize("name", ["salaries.pdf", "photo.png", "nothing"])
def test_what_is_no_text_by_its_name_has_no_excerpt(name):
    assert excerpt(b"Hello", name) is None
