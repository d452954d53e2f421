"""A PDF is shown by its first page, drawn by a confined program; whatever comes of it, the file is served."""

import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time

import pytest
from PIL import Image

from portal.attachments import pages
from portal.attachments.models import State
from portal.gateways.storage import Area
from tests import factories as make
from tests.attachments import pdfs
from tests.attachments.store import browser, fetch, row, send, there

SIDE = 1280
RED, BLUE = (255, 0, 0), (0, 0, 255)
ROW = {"HX-Request": "true"}


@pytest.fixture
def client(client_for, ann):
    return client_for(ann)


@pytest.fixture
def scanned(client, queue):
    """The row of such a PDF once a worker was at it, its only job."""

    def scan(content, name="plan.pdf"):
        sent = send(client, name, content, "application/pdf")
        queue.run()
        return row(sent.public_id)

    return scan


def drawn(content, side=SIDE):
    return pages.first_page(io.BytesIO(content), side)


def picture(client, file, which):
    answer = browser.request("GET", client.get(f"/attachments/{file.public_id}/{which}").location)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    return Image.open(io.BytesIO(answer.data)).convert("RGB")


def is_about(seen, wanted):
    return all(abs(one - other) < 12 for one, other in zip(seen, wanted, strict=True))


def test_the_first_of_two_pages_becomes_a_small_and_a_large_picture(client, scanned):
    file = scanned(pdfs.two_pages())

    assert (file.state, file.has_excerpt) == (State.CLEAN, False)
    for which, longest in (("thumbnail", 160), ("preview", SIDE)):
        shown = picture(client, file, which)
        assert (shown.width, shown.height) == (longest, round(longest * 2 / 3))
        assert is_about(shown.getpixel((shown.width // 4, 5)), RED)
        assert is_about(shown.getpixel((shown.width * 3 // 4, shown.height - 5)), BLUE)
    assert fetch(client, file.public_id).data == pdfs.two_pages()


def test_its_row_and_its_page_show_it(client, scanned):
    file = scanned(pdfs.two_pages())

    shown = client.get(f"/attachments/{file.public_id}", headers=ROW).text
    assert f'src="/attachments/{file.public_id}/thumbnail"' in shown
    page = client.get(f"/attachments/{file.public_id}").text
    assert f'src="/attachments/{file.public_id}/preview"' in page
    assert "Download the file to read all of it" in page


def test_nobody_else_sees_the_page_and_it_goes_with_its_file(app, client, client_for, scanned, queue):
    file = scanned(pdfs.two_pages())
    keys, store = (file.clean_key, file.thumbnail_key, file.preview_key), app.extensions["storage"]
    assert all(there(store, Area.CLEAN, key) for key in keys)
    for which in ("thumbnail", "preview"):
        stranger = client_for(make.employee())
        assert stranger.get(f"/attachments/{file.public_id}/{which}").status_code == 404

    client.post(f"/attachments/{file.public_id}/removal")
    queue.run()

    assert not any(there(store, Area.CLEAN, key) for key in keys)


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n" + bytes(range(256)) * 40,
        pdfs.two_pages()[: len(pdfs.two_pages()) // 2],
        pdfs.of_pages(),
        pdfs.of_pages(b"", pdfs.GREEN),
        pdfs.of_pages(pdfs.GREEN, box=b"0 0 14401 200"),
        pdfs.of_pages(pdfs.GREEN, box=b"0 0 1000000000 1000000000"),
        pdfs.greedy(),
        pdfs.endless(),
    ],
    ids=["bytes", "cut", "no pages", "white", "large", "giant", "greedy", "endless"],
)
def test_what_cannot_be_drawn_has_no_picture_and_is_clean_all_the_same(
    client, scanned, queue, caplog, content
):
    caplog.set_level("INFO", logger=pages.__name__)
    began = time.monotonic()
    file = scanned(content)

    assert (file.state, file.attempts) == (State.CLEAN, 1), file.found
    assert (file.thumbnail_key, file.preview_key) == (None, None)
    assert len(caplog.messages) == 1
    assert time.monotonic() - began < pages.PATIENCE + 5
    assert not queue.jobs
    assert fetch(client, file.public_id).data == content


def test_a_pdf_with_a_password_that_an_admin_releases_has_no_picture(client_for, scanned, queue):
    file = scanned(pdfs.locked())
    assert file.state is State.UNSCANNABLE
    client_for(make.admin()).post(f"/admin/files/{file.public_id}/release", data={"why": "Ours."})
    queue.run()

    file = row(file.public_id)
    assert (file.state, file.preview_key) == (State.CLEAN, None)
    assert drawn(pdfs.locked()) is None


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (b"0 0 14400 14400", (1280, 1280)),
        (b"0 0 14400 1", (1280, 1)),
        (b"0 0 3 3", (1280, 1280)),
        (b"0 0 595.276 841.89", (905, 1280)),
        (b"300 200 0 0", (1280, 853)),
    ],
)
def test_however_large_a_page_is_its_picture_is_as_large_as_any(box, size):
    whole = drawn(pdfs.of_pages(b"0 1 0 rg 0 0 20000 20000 re f", box=box))
    assert (whole.size, whole.getpixel((0, 0))) == (size, (0, 255, 0))


def test_a_page_that_is_a_line_is_kept_too(scanned):
    assert scanned(pdfs.of_pages(pdfs.GREEN, box=b"0 0 14400 1")).preview_key


def test_a_page_lies_as_it_is_read():
    turned = drawn(pdfs.of_pages(pdfs.RED_AND_BLUE, page=b"/Rotate 90"))
    assert turned.size == (853, 1280)
    assert (turned.getpixel((400, 10)), turned.getpixel((400, 1270))) == (RED, BLUE)


def test_text_is_drawn_without_any_font_of_the_machine():
    font = b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    words = drawn(pdfs.of_pages(b"BT /F 60 Tf 20 20 Td (Printer) Tj ET", page=font))
    assert 0.02 < words.convert("L").histogram()[0] / (words.width * words.height) < 0.3


def test_a_pdf_with_a_script_is_drawn_by_what_can_run_none():
    script = b"/OpenAction<</S/JavaScript/JS(this.getField\\('x'\\).value = 1; while \\(true\\) ;)>>"
    assert drawn(pdfs.of_pages(pdfs.RED_AND_BLUE, catalog=script)).getpixel((5, 5)) == RED

    asked = "import pypdfium2; print(pypdfium2.PDFIUM_INFO.flags)"
    flags = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert not {"V8", "XFA"} & set(flags.replace("'", " ").split())


def test_what_is_too_large_is_not_even_begun(program, monkeypatch):
    ran = program("open(sys.argv[0] + '.ran', 'w')")
    monkeypatch.setattr(pages, "MOST_BYTES", 100)
    assert drawn(b"x" * 101) is None
    assert not ran.with_name(ran.name + ".ran").exists()
    drawn(b"x" * 100)
    assert ran.with_name(ran.name + ".ran").exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Another program instead of the one that draws: as if a PDF had taken that over."""

    def write(code):
        written = tmp_path / "taken_over.py"
        written.write_text(f"import json, os, sys, time\n{code}\n")
        monkeypatch.setattr(pages, "PROGRAM", written)
        return written

    return write


def test_the_program_knows_no_secret_and_holds_no_connection(program, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "a secret of the desk")
    program("print(json.dumps([dict(os.environ), sorted(os.listdir('/proc/self/fd')), os.getcwd()]))")
    with socket.create_server(("127.0.0.1", 0)):
        environment, files, folder = json.loads(pages._drawn(io.BytesIO(b"x"), SIDE))
    assert set(environment) <= {"LC_CTYPE"}  # which Python gives itself
    assert files == ["0", "1", "2", "3"]  # the last is the folder that is listed
    assert folder == "/"


def test_the_program_writes_to_a_copy(program):
    program("os.pwrite(0, b'EVIL', 0)")
    sent = io.BytesIO(b"%PDF-1.7")
    pages._drawn(sent, SIDE)
    assert sent.getvalue() == b"%PDF-1.7"


@pytest.mark.parametrize(
    "answer",
    [
        "b''",
        "b'\\0'",
        "b'\\0\\0\\0\\0'",
        "b'\\0\\1\\0\\1xxx'",
        "b'\\0\\1\\0\\1xxxxx'",
        "b'\\xff' * 4",
        "b'\\6\\0\\0\\1' + bytes(0x600 * 4)",
        "b'\\5\\0\\5\\0' + bytes(2**24)",
    ],
)
def test_nothing_but_so_many_pixels_is_taken_of_it(program, answer):
    program(f"os.write(1, {answer})")
    assert drawn(b"x") is None


def test_the_pixels_are_taken_as_they_come(program):
    program("os.write(1, b'\\0\\2\\0\\1' + bytes([255, 0, 0, 9, 0, 0, 255, 9]))")
    assert [drawn(b"x").getpixel((at, 0)) for at in (0, 1)] == [RED, BLUE]


def test_a_program_that_does_not_end_is_ended(program, monkeypatch):
    written = program("open(sys.argv[0] + '.id', 'w').write(str(os.getpid())); time.sleep(60)")
    monkeypatch.setattr(pages, "PATIENCE", 3)
    began = time.monotonic()
    assert drawn(b"x") is None
    assert time.monotonic() - began < 10
    number = int(written.with_name(written.name + ".id").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def confined(code, **changed):
    """How it ends with that code, once it has given away what it could do harm with."""
    told = "".join(f"first_page.{name} = {value}; " for name, value in changed.items())
    begin = f"import os, resource, socket, sys; sys.path.insert(0, {str(pages.PROGRAM.parent)!r}); "
    run = f"{begin}import first_page; {told}first_page.confine(most=1000); {code}"
    command = [sys.executable, "-I", "-B", "-c", run]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={}, timeout=30)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("bytearray(first_page.MEMORY)", "MemoryError"),
        ("open('/proc/%d/environ' % os.getppid())", "Too many open files"),
        ("open('/etc/passwd')", "Too many open files"),
        ("socket.socket()", "Too many open files"),
        ("os.close(0); os.pipe()", "Too many open files"),
    ],
)
def test_the_program_has_little_memory_and_can_open_nothing(code, refused):
    done = confined(code)
    assert (done.returncode, refused in done.stderr) == (1, True), done.stderr


def test_the_program_starts_no_other_and_leaves_no_dump():
    """Of root, who may start what they like all the same, the limit is asked."""
    limits = "resource.getrlimit(resource.RLIMIT_NPROC), resource.getrlimit(resource.RLIMIT_CORE)"
    assert confined(f"print({limits})").stdout.strip() == "(0, 0) (0, 0)"


def test_the_program_cannot_write_more_than_its_picture(tmp_path):
    run = f"import sys; sys.path.insert(0, {str(pages.PROGRAM.parent)!r}); import first_page, os; "
    run += (
        "first_page.confine(most=1000); os.write(1, bytes(900)); os.write(1, bytes(900)); os.write(1, b'x')"
    )
    with (tmp_path / "answer").open("wb") as answer:
        command = [sys.executable, "-I", "-B", "-c", run]
        done = subprocess.run(command, stdout=answer, stderr=subprocess.DEVNULL, check=False, timeout=30)
    assert (done.returncode, (tmp_path / "answer").stat().st_size) == (1, 1000)


def test_the_program_is_ended_when_it_has_used_up_its_time():
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = confined("exec('while True: pass')", SECONDS=1)
    assert done.returncode in {-signal.SIGKILL, -signal.SIGXCPU}
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began < 3
