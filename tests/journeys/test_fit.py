"""Words nobody expected: a word as long as a line, a name that does not end, and a logo beside it."""

import struct
import zlib

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
WIDTHS = {"phone": {"width": 375, "height": 812}, "desktop": {"width": 1280, "height": 800}}
WIDER = """() => [...document.querySelectorAll("main *")]
  .filter((element) => element.checkVisibility() && !element.closest(".sr-only, svg, table, .tabs, .toolbar"))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def kept():
    """The key of the one request that all of these look at."""
    return {}


@pytest.fixture
def key(open_browser, kept):
    if not kept:
        page = open_browser("employee")
        kept["key"] = ask(page, WORD[:150])
        page.fill(
            "#reply-body",
            f"{WORD}\n\n```\n{WORD}\n```\n\n| {WORD[:40]} | b |\n|---|---|\n| 1 | {WORD[:40]} |",
        )
        page.click("button:has-text('Send')")
        expect(page.locator(".timeline pre")).to_be_visible()
    return kept["key"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("employee", "/tickets/{key}"),
        ("employee", "/tickets"),
        ("admin", "/tickets/{key}"),
        ("admin", "/tickets/{key}/fields"),
        ("admin", "/tickets/{key}/people"),
        ("admin", "/tickets/{key}/project"),
        ("admin", "/queue"),
    ],
)
def test_a_word_of_a_line_breaks_no_page(open_browser, key, who, path, width):
    page = open_browser(who, viewport=WIDTHS[width])

    page.goto(path.replace("{key}", key))

    expect(page.locator("main")).to_contain_text(key)
    assert page.evaluate(WIDER) == []


def sideways(page):
    """How much each table of the page has to be scrolled to be read."""
    return page.evaluate(
        "[...document.querySelectorAll('.table-frame')].map((frame) => frame.scrollWidth - frame.clientWidth)"
    )


@pytest.mark.parametrize("path", ["/admin/lifecycles", "/admin/lifecycles/1", "/admin/lifecycles/1/versions"])
def test_on_a_phone_workflows_are_read_and_edited_without_scrolling_sideways(open_browser, path):
    page = open_browser("admin", viewport=WIDTHS["phone"])

    page.goto(path)

    assert page.locator(".table tbody tr").first.is_visible()
    assert set(sideways(page)) == {0}


def test_on_a_phone_a_rule_of_a_long_name_is_a_block_with_its_buttons(open_browser):
    admin = open_browser("admin")
    admin.goto("/admin/rules/new?kind=macro")
    admin.fill("#name", WORD[:78])
    admin.select_option("#then-new", "unassign")
    admin.click("#add-then")
    expect(admin.locator("[name=then-0-is]")).to_be_attached()
    admin.click("button:has-text('Keep the rule')")
    expect(admin.locator("h1")).to_have_text(WORD[:78])
    page = open_browser("admin", viewport=WIDTHS["phone"])

    page.goto("/admin/rules")

    row = page.locator("#rules tbody tr", has_text=WORD[:30])
    assert sideways(page) == [0]
    copy = row.locator("button:has-text('Make a copy')").bounding_box()
    assert copy["x"] + copy["width"] <= WIDTHS["phone"]["width"]


# A window of 1280 by 800 that is magnified to 200 %.
MOST_PAGES = 40
MAGNIFIED = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/queue", ".list-foot a"),
        ("/queue/triage", ".list-foot a"),
        ("/queue/spam", "main a >> nth=-1"),
        ("/queue?layout=board", ".card >> nth=2"),
        ("/tickets/{key}", "#tab-note"),
        ("/queue/views", "main a >> nth=-1"),
        ("/queue/bulk", "main a, main p >> nth=-1"),
        ("/search?q=printer", "main a >> nth=-1"),
    ],
)
def test_magnified_nothing_scrolls_sideways_and_the_last_of_a_page_is_reached(open_browser, key, path, last):
    page = open_browser("admin", **MAGNIFIED)

    page.goto(path.replace("{key}", key))

    assert page.evaluate("document.documentElement.scrollWidth") <= MAGNIFIED["viewport"]["width"]
    bar = page.locator(".bottombar").bounding_box()
    for _page in range(MOST_PAGES):  # to come there may append the next ones
        page.locator(last).first.click(trial=True)  # it can be scrolled to, and nothing lies over it
        if page.locator(last).first.bounding_box()["y"] < bar["y"]:
            return
    pytest.fail("the last of the page was never reached")


def test_magnified_a_note_is_written_and_rows_are_ticked(open_browser, key):
    page = open_browser("admin", **MAGNIFIED)
    page.goto(f"/tickets/{key}")
    page.click("#tab-note")
    page.fill("#note-body", "Seen from near")
    page.click("button:has-text('Add internal note')", trial=True)

    page.goto("/queue")
    for place in range(2):
        page.locator("[data-row] [type=checkbox]").nth(place).check()

    expect(page.locator("[data-chosen]")).to_have_text("2 selected")


def test_a_long_name_and_a_logo_leave_the_bell_in_the_sidebar(open_browser, tmp_path):
    admin = open_browser("admin", viewport=WIDTHS["desktop"])
    logo = tmp_path / "logo.png"
    logo.write_bytes(_png(300, 28))
    admin.goto("/admin/settings")
    admin.fill("#name", "Versorgungswerk der Nordseewerften und Hafenbetriebe")
    admin.set_input_files("input[type=file]", logo)
    admin.click("button:has-text('Save changes')")

    sidebar, bell = admin.locator(".sidebar").bounding_box(), admin.locator("#bell").bounding_box()

    assert admin.locator(".sidebar .brand-logo").is_visible()
    assert bell["x"] + bell["width"] <= sidebar["x"] + sidebar["width"]
    admin.fill("#name", "Nordwerk")
    admin.check("[name=without_logo]")
    admin.click("button:has-text('Save changes')")
    expect(admin.locator(".sidebar .brand-logo")).to_have_count(0)


def _png(width: int, height: int) -> bytes:
    rows = b"".join(b"\0" + bytes([56, 83, 182]) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
