from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.paging import read_cursor, write_cursor


@given(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=40), st.integers(0, 2**63 - 1), st.booleans())
def test_a_cursor_says_what_was_written(value, tie, backwards):
    cursor = write_cursor((value, tie), backwards=backwards)
    if len(cursor) <= 200:
        assert read_cursor(cursor) == ((value, tie), backwards)


def test_a_moment_is_written_so_that_the_database_reads_it():
    moment = datetime(2026, 11, 21, 8, 42, tzinfo=UTC)
    assert read_cursor(write_cursor((moment, 7)))[0] == (moment.isoformat(), 7)


@given(st.text(max_size=300))
def test_garbage_leads_to_the_first_page(garbage):
    where, backwards = read_cursor(garbage)
    assert where is None or (isinstance(where[1], int) and isinstance(backwards, bool))


@pytest.mark.parametrize("cursor", [None, "", "é", "W10", "bnVsbA", "WzEsInR3byIsZmFsc2Vd", "x" * 500])
def test_no_cursor_is_the_first_page(cursor):
    assert read_cursor(cursor) == (None, False)
