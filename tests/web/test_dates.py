"""Moments and sizes, as each language writes them."""

from datetime import UTC, datetime

import pytest
from flask_babel import force_locale

from portal import clock
from portal.web.locale import size, when


@pytest.mark.parametrize(
    ("language", "day", "exact"),
    [("en", "7 Oct 2026", "Wed, 7 Oct 2026, "), ("de", "7. Okt. 2026", "Mi., 7. Okt. 2026, ")],
)
def test_a_day_long_ago_is_written_as_the_language_does(app, language, day, exact):
    moment = datetime(2026, 10, 7, 12, 30, tzinfo=UTC)
    with (
        clock.travelling_to(datetime(2026, 11, 21, tzinfo=UTC)),
        app.test_request_context(),
        force_locale(language),
    ):
        told = when(moment)
    assert f">{day}</time>" in told
    assert exact in told


@pytest.mark.parametrize(
    ("number", "english", "german"),
    [
        (1, "1 byte", "1 Byte"),
        (12, "12 bytes", "12 Byte"),
        (1000, "1 kB", "1 kB"),
        (1250, "1.2 kB", "1,2 kB"),
        (99_999, "100 kB", "100 kB"),
        (100_000, "0.1 MB", "0,1 MB"),
        (1_234_567, "1.2 MB", "1,2 MB"),
        (104_857_600, "104.9 MB", "104,9 MB"),
        (2_500_000_000, "2.5 GB", "2,5 GB"),
        (1_234_500_000_000_000, "1,234.5 TB", "1.234,5 TB"),
    ],
)
def test_a_size_is_written_as_the_language_does(app, number, english, german):
    told = []
    for language in ("en", "de"):
        with app.test_request_context(), force_locale(language):
            told.append(size(number).replace("\xa0", " "))
    assert told == [english, german]
