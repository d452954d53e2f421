"""S2: files that run something where a browser opens them are handed out to be saved, and run nothing."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from portal.attachments.models import Reason, State
from portal.extensions import db
from tests import factories as make
from tests import serving
from tests.attachments.store import browser, browser_of, clean_file, fetch, row, send

RUN = "new Image().src='http://run-it.invalid/'"  # heard by its request, which leads nowhere
HTML = f'<!doctype html><title>x</title><body onload="{RUN}"><script>{RUN}</script>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'
XHTML = f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></html>'
XML = f'<?xml version="1.0"?><note><script xmlns="http://www.w3.org/1999/xhtml">{RUN}</script></note>'
XSLT = f"""<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#style"?>
<!DOCTYPE note [<!ATTLIST xsl:stylesheet id ID #REQUIRED>]><note>
<xsl:stylesheet id="style" version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><html><body><script>{RUN}</script></body></html></xsl:template>
</xsl:stylesheet></note>"""
PDF = f"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);{RUN})>>>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/AA<</O<</S/URI/URI(http://run-it.invalid/)>>>>>> endobj
trailer <</Root 1 0 R>>
%%EOF"""
MAIL = f"From: ann@example.org\nSubject: x\nContent-Type: text/html\n\n<script>{RUN}</script>"
FILES = {  # name, type as its sender says, content
    "svg": ("picture.svg", "image/svg+xml", SVG),
    "html": ("page.html", "text/html", HTML),
    "xhtml": ("page.xhtml", "application/xhtml+xml", XHTML),
    "xml": ("note.xml", "text/xml", XML),
    "xslt": ("note.xml", "application/xml", XSLT),
    "pdf": ("letter.pdf", "application/pdf", PDF),
    "html named png": ("picture.png", "image/png", HTML),
    "svg named png": ("picture.png", "image/png", SVG),
    "html in a text": ("notes.txt", "text/plain", f"Hello\n{HTML}"),
    "html in a mail": ("mail.eml", "message/rfc822", MAIL),
}
TAKEN = ("xml", "xslt", "pdf", "html in a mail")  # for what they are: some work with these
RUNS = {  # what does run in Chromium where it is handed out to be shown, and as what
    "svg": "image/svg+xml",
    "html": "text/html",
    "xhtml": "application/xhtml+xml",
    "xml": "text/xml",
    "xslt": "application/xml",
    "html named png": "text/html",
    "html in a text": "text/html",
}


@pytest.fixture
def client(world, client_for):
    person = make.employee()
    db.session.commit()
    return client_for(person)


def is_to_be_saved(answer, name):
    """The store says neither `nosniff` nor a policy: the type is one that no browser shows."""
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (
        answer.headers["Content-Disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    )
    return True


@pytest.mark.parametrize("kind", TAKEN)
def test_s02_what_is_taken_is_handed_out_to_be_saved_whatever_it_is(client, queue, kind):
    name, mime, content = FILES[kind]
    sent = send(client, name, content.encode(), mime)
    queue.run()

    assert row(sent.public_id).state is State.CLEAN, row(sent.public_id).sniffed
    answer = client.get(f"/attachments/{sent.public_id}/download")
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (303, "nosniff")
    assert is_to_be_saved(browser.request("GET", answer.location), name)


def test_s02_a_page_that_stands_in_a_log_is_handed_out_and_shown_as_a_text(client, queue):
    sent = send(client, "proxy.log", f"GET / 502\n{HTML}".encode())
    queue.run()

    assert row(sent.public_id).state is State.CLEAN, row(sent.public_id).sniffed
    assert is_to_be_saved(fetch(client, sent.public_id), "proxy.log")
    page = client.get(f"/attachments/{sent.public_id}").text
    assert ("&lt;body onload=" in page, "<body onload=" in page) == (True, False)


@pytest.mark.parametrize("kind", ["svg", "html", "xhtml"])
def test_s02_pages_and_drawings_that_run_are_not_taken(client, kind):
    name, mime, content = FILES[kind]
    for said in (mime, "application/octet-stream", ""):
        data = {"original_filename": name, "mime": said, "size": len(content), "draft": "ticket:new"}
        assert client.post("/attachments/presign", data=data).status_code == 422


@pytest.mark.parametrize("kind", ["html named png", "svg named png"])
def test_s02_they_are_not_served_under_another_name_either(client, queue, kind):
    name, mime, content = FILES[kind]
    sent = send(client, name, content.encode(), mime)
    queue.run()

    kept = row(sent.public_id)
    assert (kept.state, kept.reason, kept.preview_key) == (State.UNSCANNABLE, Reason.MISMATCH, None)
    assert fetch(client, sent.public_id).status_code == 409


@pytest.mark.parametrize("kind", ["html named png", "svg named png"])
def test_s02_what_an_admin_releases_is_handed_out_to_be_saved_too(client, client_for, queue, kind):
    name, mime, content = FILES[kind]
    sent = send(client, name, content.encode(), mime)
    queue.run()
    boss = make.admin()
    db.session.commit()
    client_for(boss).post(f"/admin/files/{sent.public_id}/release", data={"why": "I have read it."})
    queue.run()

    assert row(sent.public_id).state is State.CLEAN
    assert is_to_be_saved(fetch(client, sent.public_id), name)
    assert client.get(f"/attachments/{sent.public_id}/preview").status_code == 404


def test_s02_the_beginning_of_a_text_is_shown_as_a_text(client, queue):
    name, mime, content = FILES["xml"]
    sent = send(client, name, content.encode(), mime)
    queue.run()

    page = client.get(f"/attachments/{sent.public_id}").text

    assert "&lt;script xmlns=" in page
    assert "<script xmlns" not in page


class TestInChromium:
    """Opened by their addresses, by somebody who is logged in, as the desk and its store really answer."""

    pytestmark = pytest.mark.browser

    @pytest.fixture
    def served(self, shared_app, settings, tmp_path):
        places = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        with serving.answering(tmp_path, **places) as desk:
            yield desk

    @pytest.fixture
    def ann(self, shared_app):
        person = make.employee()
        db.session.commit()
        return person

    @pytest.fixture
    def store(self, shared_app):
        return shared_app.extensions["storage"]

    @pytest.fixture
    def page(self, chromium, shared_app, ann):
        cookie = browser_of(shared_app, ann).get_cookie("desk").value
        context = chromium.new_context()
        context.add_cookies([{"name": "desk", "value": cookie, "domain": "127.0.0.1", "path": "/"}])
        yield context.new_page()
        context.close()

    @pytest.fixture
    def heard(self, page):
        """What has run, or wanted to: the requests that only a file would make, and its dialogs."""
        heard = []
        page.on("dialog", lambda dialog: heard.append(dialog.message) or dialog.dismiss())
        page.context.on("request", lambda asked: "run-it" in asked.url and heard.append(asked.url))
        return heard

    def test_s02_opening_files_saves_them_and_runs_nothing(self, served, store, ann, page, heard):
        """As if each of them were served: an admin may have released it."""
        for name, mime, content in FILES.values():
            kept = clean_file(store, ann, content.encode(), original_filename=name, mime=mime)

            with page.expect_download() as saved, suppress(Error):  # "Download is starting"
                page.goto(f"{served.url}/attachments/{kept.public_id}/download")

            assert saved.value.suggested_filename == name
            assert saved.value.path().read_bytes() == content.encode()
            assert page.url == "about:blank"
        assert heard == []

    @pytest.mark.parametrize("kind", RUNS)
    def test_s02_the_same_files_would_run_if_they_were_shown(self, store, ann, page, heard, kind):
        """So that the test above can fail."""
        name, mime, content = FILES[kind]
        kept = clean_file(store, ann, content.encode(), original_filename=name, mime=mime)

        page.goto(store._link(kept.clean_key, "inline", RUNS[kind]))

        assert heard
