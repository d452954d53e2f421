import base64
import io
import re
import struct
import zlib

import pytest
from sqlalchemy import select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.settings.actions import change_settings, logo_from
from portal.settings.cache import site
from portal.settings.queries import UPLOAD_TYPES, site_settings
from tests import factories as make

NOW = {
    "name": "Service desk", "languages": ["en", "de"], "default_language": "en",
    "default_timezone": "Europe/Berlin", "registration_open": "y", "registration_domains": "",
    "tickets_per_hour": "60", "comments_per_hour": "600", "description_limit": "50000", "audit_days": "0",
    "upload_types": " ".join(UPLOAD_TYPES), "upload_ticket_mb": "1000", "upload_day_mb": "2000",
    "rescan_days": "30", "reopen_days": "14",
}  # fmt: skip


def png(width=28, height=28, extra=b""):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + b"\x38\x53\xb6" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + extra


@pytest.fixture
def client(app, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


def save(client, **values):
    return client.post("/admin/settings", data=NOW | values, content_type="multipart/form-data")


def upload(content, name="logo.png"):
    return (io.BytesIO(content), name)


def test_the_settings_are_saved_and_hold_at_once(client):
    answer = save(
        client,
        name="Nordwerk",
        default_timezone="Europe/Lisbon",
        tickets_per_hour="5",
        registration_domains="@Example.org, nordwerk.example\nexample.org",
    )

    assert answer.status_code == 303
    site = site_settings()
    assert (site.name, site.default_timezone, site.tickets_per_hour) == ("Nordwerk", "Europe/Lisbon", 5)
    assert site.registration_domains == ("example.org", "nordwerk.example")
    assert site.registration_open
    assert "Nordwerk" in client.get("/admin/settings").text


def test_a_box_that_is_not_ticked_is_off(client):
    typed = {name: value for name, value in NOW.items() if name != "registration_open"}

    client.post("/admin/settings", data=typed, content_type="multipart/form-data")

    assert not site_settings().registration_open


def test_only_what_changed_is_recorded(client):
    save(client)
    assert db.session.scalar(select(Event).where(Event.kind == Kind.SETTINGS_EDITED)) is None

    save(client, name="Nordwerk")

    event = db.session.scalar(select(Event).where(Event.kind == Kind.SETTINGS_EDITED))
    assert set(event.data["changes"]) == {"name"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Enter a name."),
        ("name", "x" * 81, "Use at most 80 characters."),
        ("languages", [], "Leave at least one language."),
        ("languages", ["xx"], "xx"),
        ("languages", ["de"], "Choose one of the languages that are offered."),
        ("default_language", "xx", "Not a valid choice"),
        ("default_timezone", "Mars/Olympus", "Not a valid choice"),
        ("registration_domains", "not a domain!", "is not a domain such as"),
        ("registration_domains", "localhost", "is not a domain such as"),
        ("tickets_per_hour", "0", "Enter a number from 1 to 10,000."),
        ("tickets_per_hour", "many", "Not a valid integer value"),
        ("tickets_per_hour", "", "Enter a number."),
        ("description_limit", "9" * 30, "Enter a number from 1,000"),
        ("audit_days", "29", "Enter 0 for ever, or at least 30 days."),
        ("audit_days", "-1", "Enter a number up to 36,500."),
        ("audit_days", "", "Enter a number."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(client, field, value, said):
    answer = save(client, **{"name": "Nordwerk", field: value})

    assert answer.status_code == 422
    assert said in answer.text
    assert site_settings().name == "Service desk"


def test_a_logo_is_kept_shown_and_taken_away(client):
    picture = png()

    assert save(client, logo=upload(picture)).status_code == 303
    kept = site_settings().logo
    assert kept == "data:image/png;base64," + base64.b64encode(picture).decode()
    page = client.get("/admin/settings").text
    assert page.count(f'src="{site_settings().logo_url}"') == 2  # in the frame, and beside its field
    assert "base64" not in page

    save(client)
    assert site_settings().logo == kept  # saving something else keeps it
    save(client, without_logo="y")
    assert site_settings().logo == ""
    event = db.session.scalars(
        select(Event).where(Event.kind == Kind.SETTINGS_EDITED).order_by(Event.id)
    ).first()
    assert "base64" not in str(event.data)


@pytest.fixture
def logo(client, client_for):
    """The picture, and its address as the log-in page says it."""
    picture = png()
    save(client, logo=upload(picture))
    return picture, re.search(r'class="brand-logo" src="([^"]+)"', client_for(None).get("/login").text)[1]


def test_the_logo_has_an_address_of_its_own_that_is_kept_for_ever(logo, client_for, statements):
    picture, url = logo

    answer = client_for(None).get(url)

    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", picture)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers
    assert not any("sessions" in statement for statement in statements)
    again = client_for(None).get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_another_logo_has_another_address_and_the_old_one_is_gone(client, logo):
    _, url = logo

    save(client, logo=upload(png(width=29)))

    assert site_settings().logo_url != url
    assert client.get(site_settings().logo_url).status_code == 200
    assert client.get(url).status_code == 404
    save(client, without_logo="y")
    assert client.get("/logo/").status_code == client.get("/logo/None").status_code == 404


def test_a_process_that_does_not_know_a_new_logo_yet_looks_it_up(app, client, client_for):
    site()
    change_settings(actor=None, logo=logo_from(png()))
    db.session.commit()

    assert client_for(None).get(site_settings().logo_url).status_code == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "The picture is not a PNG."),
        (b"\xff\xd8\xff\xe0 a JPEG", "The picture is not a PNG."),
        (b"\x89PNG\r\n\x1a\n<script>", "The picture is not a PNG."),
        (b"\x89PNG", "The picture is not a PNG."),
        (png(extra=b"x" * 100_000), "The picture is larger than 100 kB."),
        (png(width=2000, height=1), "The picture is larger than 1024 pixels."),
    ],
)
def test_what_is_no_small_png_is_refused_whatever_it_is_called(client, content, said):
    answer = save(client, logo=upload(content))

    assert answer.status_code == 422
    assert said in answer.text
    assert site_settings().logo == ""


def test_settings_that_no_form_has_stay(client):
    save(client, demo_mode="y", secret_key="x", logo_url="javascript:alert(1)")

    assert site_settings().logo == ""


def test_what_files_are_taken_is_saved_and_holds_at_once(client):
    answer = save(
        client, upload_types=".PNG, pdf png", upload_ticket_mb="50", upload_day_mb="80", rescan_days="0",
        keeps_infected="y", release_needs_two="y",
    )  # fmt: skip

    assert answer.status_code == 303
    now = site_settings()
    assert now.upload_types == ("png", "pdf")
    assert (now.upload_ticket_mb, now.upload_day_mb, now.rescan_days) == (50, 80, 0)
    assert (now.keeps_infected, now.release_needs_two) == (True, True)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("upload_types", "png exe", "“exe” is no kind of file"),
        ("upload_types", " ", "Leave at least one."),
        ("upload_ticket_mb", "0", "Enter a number up to 100,000."),
        ("upload_day_mb", "much", "valid integer"),
        ("rescan_days", "-1", "Enter a number up to 3,650."),
        ("reopen_days", "3651", "Enter a number up to 3,650."),
    ],
)
def test_nonsense_about_files_is_named_at_its_field_and_kept(client, field, typed, said):
    before = site_settings()
    answer = save(client, **{field: typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert site_settings() == before
