"""Moments, as each language writes them."""

from datetime import UTC, datetime

import pytest
from flask_babel import force_locale

from portal import clock
from portal.web.locale import when


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
