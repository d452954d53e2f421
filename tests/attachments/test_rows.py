"""The row of a file: what it says of each state, and what it gets when it asks again."""

import re

import pytest

from portal.attachments.models import Reason, State
from portal.extensions import db
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from tests import factories as make
from tests.attachments.store import clean_file, row, send

ROW = {"HX-Request": "true"}


def asks_by(page):
    """Where the row of the page asks again, or None."""
    found = re.search(r'<li class="file[^>]*data-asks[^>]*hx-get="([^"]*)"', page)
    return found and found[1].replace("&amp;", "&")


@pytest.fixture
def client(client_for, ann):
    return client_for(ann)


@pytest.fixture
def sent(client, queue):
    return send(client)


def become(file, state, **values):
    file = row(file.public_id)
    file.scanned_status = state
    for name, value in values.items():
        setattr(file, name, value)
    db.session.commit()


def test_a_row_that_shows_what_is_so_gets_nothing(client, sent):
    again = asks_by(client.get(f"/attachments/{sent.public_id}", headers=ROW).text)
    answer = client.get(again, headers=ROW)
    assert (answer.status_code, answer.text) == (204, "")
    assert "HX-Request" in answer.headers["Vary"]

    become(sent, State.SCANNING)
    assert client.get(again, headers=ROW).status_code == 204


def test_a_row_that_shows_what_is_so_no_more_gets_what_is_and_asks_no_more(client, sent, queue):
    again = asks_by(client.get(f"/attachments/{sent.public_id}", headers=ROW).text)
    queue.run()
    answer = client.get(again, headers=ROW)
    assert (answer.status_code, "Ready" in answer.text, asks_by(answer.text)) == (200, True, None)


def test_a_row_of_a_file_that_is_gone_is_told_so(client, sent):
    again = asks_by(client.get(f"/attachments/{sent.public_id}", headers=ROW).text)
    client.post(f"/attachments/{sent.public_id}/removal")
    assert client.get(again, headers=ROW).status_code == 404


def test_a_page_is_a_page_whatever_it_says_it_shows(client, sent):
    assert client.get(f"/attachments/{sent.public_id}?shown=UPLOADED").status_code == 200


def test_asking_again_costs_no_more_than_the_row_did(client, sent, statements):
    again = asks_by(client.get(f"/attachments/{sent.public_id}", headers=ROW).text)
    statements.clear()
    client.get(again.partition("?")[0], headers=ROW)
    drawn = len(statements)
    statements.clear()
    client.get(again, headers=ROW)
    assert len(statements) <= drawn


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.ENCRYPTED, "It could not be checked completely. An admin has released it."),
        (Reason.LIMITS, "It could not be checked completely. An admin has released it."),
        (Reason.MISMATCH, "Its content is not what its name says. An admin has released it."),
    ],
)
def test_what_an_admin_has_released_says_so_in_its_row(app, client, ann, reason, said):
    ticket = make.ticket(ann)
    released = clean_file(app.extensions["storage"], ann, ticket_id=ticket.id, reason=reason)
    for page in (f"/tickets/{ticket.key}", f"/attachments/{released.public_id}"):
        text = client.get(page).text
        assert said in text
        assert "Ready" not in text


def test_before_a_file_is_chosen_one_learns_how_large_and_of_which_kind_it_may_be(client, ann):
    ticket = make.ticket(ann)
    change_settings(actor=None, upload_types=("png", "log", "jpg", "exe"))
    db.session.commit()
    forget_site()
    for path in ("/tickets/new", f"/tickets/{ticket.key}"):
        page = client.get(path).text
        assert "Up to 100 MB each." in page
        assert 'accept=".jpg,.log,.png,image/*"' in page


@pytest.mark.parametrize(
    ("types", "accepted"), [(("txt", "pdf"), ".pdf,.txt"), (("heic", "mov"), ".heic,.mov,image/*,video/*")]
)
def test_a_telephone_offers_its_camera_where_its_pictures_are_taken(client, types, accepted):
    change_settings(actor=None, upload_types=types)
    db.session.commit()
    forget_site()
    assert f'accept="{accepted}"' in client.get("/tickets/new").text


@pytest.mark.parametrize(
    ("is_sent", "asked"),
    [
        (True, "Delete notes.txt for everyone who sees the ticket? Nobody can get it back."),
        (False, "Delete notes.txt of Ann"),
    ],
)
def test_an_admin_is_asked_before_a_file_goes_and_told_for_whom(app, client_for, ann, is_sent, asked):
    ticket, boss = make.ticket(ann), make.admin()
    file = clean_file(app.extensions["storage"], ann, ticket_id=ticket.id if is_sent else None)
    admin, page = client_for(boss), f"/admin/files/{file.public_id}"
    assert f'action="{page}/removal" hx-post="{page}/removal" hx-confirm="{asked}' in admin.get(page).text

    gone = admin.post(f"{page}/removal", headers=ROW)

    assert (gone.status_code, gone.headers["HX-Redirect"]) == (204, "/admin/files?state=CLEAN")
    assert admin.get(page).status_code == 404
