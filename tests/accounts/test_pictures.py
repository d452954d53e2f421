"""The picture beside a name: never shown as it was sent, and only after the scanner has looked."""

import struct
import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

import jobs.pictures
from portal.accounts import pictures
from portal.accounts.models import Picture, User
from portal.accounts.pictures import SIDE, redrawn
from portal.events.models import Event
from portal.extensions import db
from portal.gateways import antivirus
from tests import factories as make

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PLACE = 34853  # EXIF's GPSInfo


def photo(kind="JPEG", size=(900, 600), colour="teal", **more):
    """One that was taken somewhere, lying on its side."""
    picture = Image.new("RGB", size, colour)
    picture.paste("orange", (0, 0, size[0] // 3, size[1]))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Camera of Ann"
    exif.get_ifd(PLACE)[1] = "N"
    out = BytesIO()
    picture.save(out, kind, exif=exif, **more)
    return out.getvalue()


@pytest.fixture
def ann(app):
    person = make.employee(name="Ann Andersson")
    db.session.commit()
    return person


def send(client, content, name="me.jpg"):
    return client.post("/account/picture", data={"picture": (BytesIO(content), name)})


def shown(ann):
    db.session.expire_all()
    return db.session.get_one(User, ann.id).picture_digest


def test_a_picture_is_drawn_anew_and_shown(client_for, ann, queue):
    client = client_for(ann)

    assert send(client, photo()).status_code == 303
    assert shown(ann) is None
    assert "is being looked at" in client.get("/account").text
    queue.run()

    page, digest = client.get("/account"), shown(ann)
    assert f"/pictures/{digest}" in page.text
    answer = client.get(f"/pictures/{digest}")
    assert answer.mimetype == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"]
    drawn = Image.open(BytesIO(answer.data))
    assert (drawn.format, drawn.size) == ("WEBP", (SIDE, SIDE))
    assert not dict(drawn.getexif())
    assert b"Camera" not in answer.data
    red, _green, blue = drawn.convert("RGB").getpixel((SIDE // 2, 8))
    assert red > blue  # turned as it was taken: what was left is at the top
    assert db.session.scalar(select(Picture.sent)) is None


def test_until_it_was_looked_at_nothing_of_it_is_served(client_for, ann, queue):
    client = client_for(ann)
    send(client, photo())
    row = db.session.scalars(select(Picture)).one()
    assert (row.drawn, row.digest) == (None, None)
    assert client.get("/pictures/" + "0" * 32).status_code == 404


def test_a_virus_is_thrown_away_and_said(client_for, ann, queue):
    client = client_for(ann)
    send(client, EICAR, "me.png")
    queue.run()

    assert shown(ann) is None
    assert "holds a virus" in client.get("/account").text
    assert db.session.scalar(select(Picture.sent)) is None
    event = db.session.scalars(select(Event).where(Event.kind == "account.picture_refused")).one()
    assert event.data["reason"] == "infected"
    assert "Eicar" in event.data["virus"]


@pytest.mark.parametrize(
    "sent",
    [
        b"no picture at all",
        photo()[:2000],
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        photo("PNG")[:-40],
        photo("TIFF"),
    ],
    ids=["text", "half a JPEG", "SVG", "half a PNG", "TIFF"],
)
def test_what_is_no_picture_is_refused_in_words(client_for, ann, queue, sent):
    client = client_for(ann)
    send(client, sent)
    queue.run()

    assert shown(ann) is None
    assert "no picture that can be read" in client.get("/account").text


def test_what_unpacks_to_too_much_is_not_unpacked():
    bomb = BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 1_000_000
    assert redrawn(bomb.getvalue()) is None


MEASURED = """
import resource, sys
from portal.accounts.pictures import redrawn
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = used()
print(redrawn(sys.stdin.buffer.read()) is not None, used() - before)
"""


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "1"])
def test_a_large_picture_in_a_small_file_takes_no_more_memory_than_there_is(mode):
    """Drawing 49 million pixels of 190 KB took 900 MB once."""
    large = BytesIO()
    Image.new(mode, (4_800, 4_800)).save(large, "PNG")

    measured = subprocess.run(
        [sys.executable, "-c", MEASURED], input=large.getvalue(), capture_output=True, check=True
    )

    is_drawn, megabytes = measured.stdout.split()
    assert is_drawn == b"True"
    assert int(megabytes) < 300


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_whatever_stands_in_its_notes_a_picture_is_drawn_or_refused(kind):
    """Each byte of what the camera noted (EXIF) once changed: none of it stops the job."""
    whole = photo(kind, size=(90, 60))
    notes = whole.find(b"II*\0") if b"II*\0" in whole else whole.find(b"MM\0*")
    assert notes > 0
    for at in range(notes, min(notes + 160, len(whole))):
        for value in (0, 255, whole[at] ^ 1):
            redrawn(whole[:at] + bytes([value]) + whole[at + 1 :])


def test_one_that_breaks_the_decoder_is_refused_and_holds_up_no_other(client_for, ann, queue, monkeypatch):
    def break_off(*_args, **_more):
        raise struct.error("required argument is not an integer")

    client = client_for(ann)
    send(client, photo())
    with monkeypatch.context() as broken:
        broken.setattr(Image, "open", break_off)
        queue.run()

    assert "no picture that can be read" in client.get("/account").text
    assert db.session.scalar(select(Picture.sent)) is None


def test_nobody_fills_the_disk_with_pictures(client_for, ann):
    ben = make.employee()
    db.session.commit()
    client = client_for(ann)
    for _number in range(10):
        assert send(client, photo(size=(30, 20))).status_code == 303

    answer = send(client, photo(size=(30, 20)))

    assert (answer.status_code, "too often" in answer.text) == (429, True)
    assert int(answer.headers["Retry-After"]) > 0
    assert send(client_for(ben), photo(size=(30, 20))).status_code == 303


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_usual_kinds_are_read(kind):
    assert redrawn(photo(kind)) is not None


def test_a_large_photograph_of_a_telephone_is_taken(client_for, ann, queue):
    large = photo(size=(4000, 3000), quality=100) + b"\0" * 4_000_000
    assert len(large) > 4_000_000
    client = client_for(ann)

    assert send(client, large).status_code == 303
    queue.run()

    assert shown(ann)


@pytest.mark.parametrize(("content", "status", "said"), [(b"", 422, "Choose a picture first"),
                                                         (b"x" * 8_500_000, 422, "larger than 8 MB"),
                                                         (b"x" * 9_500_000, 413, "")])  # fmt: skip
def test_nothing_and_too_much_is_said(client_for, ann, content, status, said):
    answer = send(client_for(ann), content)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_a_picture_stays_until_another_is_ready(client_for, ann, queue):
    client = client_for(ann)
    send(client, photo())
    queue.run()
    first = shown(ann)

    send(client, photo("PNG", size=(300, 300)))
    assert client.get(f"/pictures/{first}").status_code == 200
    queue.run()

    assert shown(ann) not in {None, first}
    assert client.get(f"/pictures/{first}").status_code == 404


def test_it_is_removed_and_nobody_elses_is(client_for, ann, queue):
    ben = make.employee()
    db.session.commit()
    for person, colour in ((ann, "teal"), (ben, "navy")):
        send(client_for(person), photo(colour=colour))
    queue.run()
    client, digest = client_for(ann), shown(ann)

    client.post("/account/picture/removal")
    client.post("/account/picture/removal")  # twice is once

    assert shown(ann) is None
    assert client.get(f"/pictures/{digest}").status_code == 404
    assert shown(ben)


def test_without_a_scanner_it_waits_and_the_sweep_takes_it_up(app, client_for, ann, queue, monkeypatch):
    desk = app.config["DESK"]
    monkeypatch.setitem(app.config, "DESK", desk.model_copy(update={"clamav_port": 1}))
    client = client_for(ann)
    send(client, photo())
    queue.run()
    assert shown(ann) is None
    assert "is being looked at" in client.get("/account").text

    monkeypatch.setitem(app.config, "DESK", desk)
    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    queue.run()

    assert shown(ann)


def test_another_picture_can_be_sent_while_the_scanner_reads_and_is_the_one_that_counts(
    client_for, ann, queue, monkeypatch
):
    client, scan = client_for(ann), antivirus.scan

    def slowly(content):
        monkeypatch.setattr(antivirus, "scan", scan)
        assert not db.session().in_transaction()
        assert send(client, photo(colour="maroon")).status_code == 303
        return scan(content)

    monkeypatch.setattr(antivirus, "scan", slowly)
    send(client, photo())
    queue.run()

    drawn = db.session.get_one(Picture, ann.id).drawn
    red, green, blue = Image.open(BytesIO(drawn)).getpixel((SIDE - 10, SIDE - 10))
    assert red > 100 > green + blue


def test_while_there_is_no_scanner_the_sweep_asks_for_it_once(app, client_for, ann, queue, monkeypatch):
    monkeypatch.setitem(app.config, "DESK", app.config["DESK"].model_copy(update={"clamav_port": 1}))
    ben = make.employee()
    db.session.commit()
    for person in (ann, ben):
        send(client_for(person), photo())
    queue.run()
    asked = []
    monkeypatch.setattr(antivirus, "version", lambda version=antivirus.version: asked.append(1) or version())

    queue.enqueue("jobs.sweep.sweep", queue="urgent")
    queue.run()

    assert len(asked) == 1


def test_pictures_are_for_people_who_are_logged_in(app, client_for, ann, queue):
    send(client_for(ann), photo())
    queue.run()
    assert app.test_client().get(f"/pictures/{shown(ann)}").status_code == 303


def test_a_picture_that_ends_whatever_draws_it_is_refused_in_the_end(client_for, ann, monkeypatch):
    """Else the sweep would begin with it for ever, and nobody's else would be drawn."""
    drawn = []

    def die(sent):
        drawn.append(sent)
        raise MemoryError  # in truth nothing is raised: the process is gone

    monkeypatch.setattr(pictures, "redrawn", die)
    send(client_for(ann), photo())
    for _sweep in range(pictures.TRIES):
        with pytest.raises(MemoryError):
            jobs.pictures.draw_waiting()
        db.session.rollback()
    jobs.pictures.draw_waiting()

    assert len(drawn) == pictures.TRIES
    assert "no picture that can be read" in client_for(ann).get("/account").text
    assert pictures.waiting() == []
