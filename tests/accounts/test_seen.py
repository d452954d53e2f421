"""A session that nobody uses ends after twelve hours, however many pages stand open."""

from datetime import timedelta

import pytest

from portal import clock
from portal.extensions import db
from tests import factories as make

STEP = timedelta(hours=3)


def after_a_day_of(asks, client):
    """Whether the session still stands, when this was asked for every three hours of the first fifteen."""
    start = clock.now()
    for hours in range(1, 6):
        with clock.travelling_to(start + hours * STEP):
            asks(client)
    with clock.travelling_to(start + 5 * STEP + timedelta(minutes=1)):
        return client.get("/account").status_code == 200


@pytest.fixture
def client(client_for):
    person = make.employee()
    db.session.commit()
    return client_for(person)


def test_somebody_who_comes_back_now_and_then_stays_logged_in(client):
    assert after_a_day_of(lambda client: client.get("/notifications"), client)


@pytest.mark.parametrize("path", ["/notifications/bell", "/"])
def test_what_an_open_page_asks_by_itself_keeps_nothing_awake(client, path):
    headers = {"HX-Request": "true", "X-Unattended": "1"}
    assert not after_a_day_of(lambda client: client.get(path, headers=headers), client)


def test_a_stream_keeps_nothing_awake(client):
    def streams(client):
        client.get("/live").close()

    assert not after_a_day_of(streams, client)
