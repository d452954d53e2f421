"""Files on their way through a real browser, store, scanner and worker."""

import re
from contextlib import suppress
from hashlib import sha256

import pytest
from playwright.sync_api import Error, expect

from tests.attachments.store import EICAR
from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser
ROWS = "[data-file-rows] .file"
MB = 2**20
STORE = re.compile(r"/quarantine[^/]*/q/")
ROW = re.compile(r"/attachments/(?!presign$)[^/]+$")
GIVE = """([selector, how, name, size]) => {
    const target = document.querySelector(selector), data = new DataTransfer()
    const type = name.endsWith("png") ? "image/png" : "text/plain"
    data.items.add(new File([new Uint8Array(size).fill(65)], name, {type}))
    const more = how === "paste" ? {clipboardData: data} : {dataTransfer: data}
    const kind = how === "paste" ? ClipboardEvent : DragEvent
    target.dispatchEvent(new kind(how, {bubbles: true, cancelable: true, ...more}))
}"""


@pytest.fixture
def ann(open_browser):
    """Ann, with a request of hers in front of her."""
    ann = open_browser("employee")
    ask(ann, "The log is full of errors")
    return ann


def choose(page, *files):
    page.set_input_files("form[data-files] input[type=file] >> nth=0", list(files))


def text(name, content=b"Line one\nLine two\n"):
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def send(page, words=""):
    page.fill("#reply-body", words)
    page.click(".composer-foot button.is-primary")


def row(page, name):
    return page.locator(ROWS, has_text=name)


def test_a_file_is_sent_with_a_request_checked_and_saved_again_byte_for_byte(open_browser):
    ann, content = open_browser("employee"), b"0123456789abcdef" * 150_000
    ann.goto("/tickets/new?type=incident")
    ann.fill("#title", "The VPN drops")
    ann.select_option("#project_id", label="IT support")
    choose(ann, text("vpn (ä).log", content))
    expect(row(ann, "vpn (ä).log")).to_contain_text("Ready")
    assert axe(ann) == []
    ann.click("button:has-text('Send request')")
    ann.wait_for_url(re.compile(r"/tickets/IT-\d+"))

    with ann.expect_download() as saved:
        ann.click(".timeline .file a.file-name")

    assert saved.value.suggested_filename == "vpn (ä).log"
    assert sha256(saved.value.path().read_bytes()).digest() == sha256(content).digest()


def test_a_virus_is_blocked_and_says_so(ann):
    choose(ann, text("invoice.txt", EICAR))
    expect(row(ann, "invoice.txt")).to_contain_text("A virus was found")
    expect(row(ann, "invoice.txt").locator("a")).to_have_count(0)
    assert axe(ann) == []


def test_a_reply_may_be_files_alone_and_the_agent_sees_them_by_themselves(ann, open_browser):
    agent = open_browser("agent")
    agent.goto(ann.url)
    choose(ann, text("one.txt"), text("two.txt"))
    expect(row(ann, "two.txt")).to_contain_text("Ready")
    send(ann)
    expect(ann.locator(".timeline .file")).to_have_count(2)
    expect(ann.locator(ROWS)).to_have_count(0)
    expect(agent.locator(".timeline .file")).to_have_count(2)


@pytest.mark.parametrize(("how", "said"), [("drop", "dropped.txt"), ("paste", "Picture of the screen")])
def test_files_are_dropped_on_the_form_and_pictures_pasted(ann, how, said):
    name = "image.png" if how == "paste" else "dropped.txt"
    ann.evaluate(GIVE, ["#reply-body", how, name, 500])
    expect(row(ann, said)).to_be_visible()
    expect(row(ann, said)).to_contain_text("not what its name says" if how == "paste" else "Ready")


def test_what_the_desk_does_not_take_is_said_at_its_row_and_goes(ann):
    choose(ann, text("run.exe"))
    expect(row(ann, "run.exe")).to_contain_text("Files of this kind are not taken")
    row(ann, "run.exe").get_by_role("button", name="Take away: run.exe").click()
    expect(ann.locator(ROWS)).to_have_count(0)
    expect(ann.locator("#reply-files")).to_be_focused()


def test_a_file_that_did_not_get_through_holds_the_reply_back_until_it_is_tried_again(ann):
    ann.route(STORE, lambda route: route.abort())
    choose(ann, text("lost.txt"))
    expect(row(ann, "lost.txt")).to_contain_text("cannot be reached from here, or does not take files")
    send(ann, "See the file.")
    expect(ann.locator("[data-files-state]").first).to_contain_text("Not sent")
    expect(ann.locator(".timeline")).not_to_contain_text("See the file.")

    ann.unroute(STORE)
    row(ann, "lost.txt").get_by_role("button", name="Try again: lost.txt").click()
    expect(row(ann, "lost.txt")).to_contain_text("Ready")
    send(ann, "See the file.")
    expect(ann.locator(".timeline .entry", has_text="See the file.").locator(".file")).to_have_count(1)


def test_a_reply_waits_for_the_file_that_is_under_way(ann):
    waiting = []
    ann.route(STORE, lambda route: waiting.append(route))
    with ann.expect_request(STORE):
        choose(ann, text("slow.txt"))
    expect(row(ann, "slow.txt")).to_contain_text("Uploading")
    send(ann, "Here it comes.")
    expect(ann.locator("[data-files-state]").first).to_contain_text("as soon as the files have arrived")
    assert "Here it comes." not in ann.locator(".timeline").inner_text()

    waiting[0].continue_()
    expect(ann.locator(".timeline .entry", has_text="Here it comes.").locator(".file")).to_have_count(1)


def test_three_are_sent_at_once_and_one_that_waits_can_be_taken_away(ann):
    waiting, open_now = [], []
    ann.route(STORE, lambda route: route.continue_() if open_now else waiting.append(route))
    choose(ann, *(text(f"{number}.txt") for number in range(5)))
    expect(row(ann, "2.txt")).to_contain_text("Uploading")
    expect(row(ann, "3.txt")).to_contain_text("Waiting its turn")
    row(ann, "3.txt").get_by_role("button", name="Take away").click()
    row(ann, "0.txt").get_by_role("button", name="Take away").click()
    expect(row(ann, "4.txt")).to_contain_text("Uploading")
    expect(ann.locator(ROWS)).to_have_count(3)
    open_now.append(True)
    for route in waiting:
        with suppress(Error):  # of the one that was taken away
            route.continue_()
    expect(ann.locator(ROWS, has_text="Ready")).to_have_count(3)


def test_files_that_arrive_at_the_same_time_each_get_their_row(ann):
    waiting, open_now = [], []
    ann.route(ROW, lambda route: route.continue_() if open_now else waiting.append(route))
    choose(ann, *(text(f"{number}.txt") for number in range(3)))
    expect(ann.locator(ROWS, has_text="Checking for viruses")).to_have_count(3)
    open_now.append(True)
    for route in waiting:
        route.continue_()
    expect(ann.locator(ROWS, has_text="Ready")).to_have_count(3)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("size", "cut", "arrived"),
    [
        pytest.param(70, {2, 3}, "22 %", id="70 MB"),
        pytest.param(300, set(range(10, 20)), "48 %", id="300 MB", marks=pytest.mark.long),
    ],
)
def test_a_large_file_goes_on_where_the_connection_was_cut(ann, tmp_path, size, cut, arrived):
    large, sent = tmp_path / "large.log", []
    large.write_bytes(b"0123456789abcde\n" * (size * MB // 16))

    def pass_or_cut(route):
        number = int(re.search(r"partNumber=(\d+)", route.request.url)[1])
        sent.append(number)
        if number in cut:
            return route.abort()
        return route.continue_()

    ann.route(STORE, pass_or_cut)
    choose(ann, str(large))
    expect(row(ann, "large.log")).to_contain_text("Stopped at", timeout=120_000)
    expect(row(ann, "large.log")).to_contain_text(arrived)
    cut.clear()
    row(ann, "large.log").get_by_role("button", name="Try again").click()
    expect(row(ann, "large.log")).to_contain_text("Ready", timeout=300_000)

    assert sent.count(1) == 1
    send(ann)
    with ann.expect_download() as saved:
        ann.click(".timeline .file a.file-name")
    assert sha256(saved.value.path().read_bytes()).digest() == sha256(large.read_bytes()).digest()


def test_a_large_file_that_was_paused_goes_on_with_what_has_arrived(ann, tmp_path):
    large = tmp_path / "large.log"
    large.write_bytes(b"0123456789abcde\n" * (70 * MB // 16))
    sent, held = [], {3}

    def pass_or_hold(route):
        number = int(re.search(r"partNumber=(\d+)", route.request.url)[1])
        sent.append(number)
        if number not in held:
            route.continue_()

    ann.route(STORE, pass_or_hold)
    with ann.expect_request(re.compile("partNumber=3")):
        choose(ann, str(large))
    row(ann, "large.log").get_by_role("button", name="Pause").click()
    expect(row(ann, "large.log")).to_contain_text("Paused at 45 %")
    expect(row(ann, "large.log").get_by_role("progressbar")).to_have_attribute("value", "45")

    held.clear()
    row(ann, "large.log").get_by_role("button", name="Go on: large.log").click()
    expect(row(ann, "large.log")).to_contain_text("Ready", timeout=120_000)
    assert (sent.count(1), sent.count(2), sent.count(3)) == (1, 1, 2)


def test_a_file_that_is_sent_whole_says_that_after_a_pause_it_starts_again(ann):
    ann.route(STORE, lambda _route: None)
    with ann.expect_request(STORE):
        choose(ann, text("slow.txt"))
    row(ann, "slow.txt").get_by_role("button", name="Pause: slow.txt").click()
    expect(row(ann, "slow.txt")).to_contain_text("Stopped. It starts again from the beginning.")
    expect(row(ann, "slow.txt").locator("progress")).to_be_hidden()
    expect(row(ann, "slow.txt").get_by_role("button", name="Go on")).to_have_count(0)
    again = row(ann, "slow.txt").get_by_role("button", name="Try again: slow.txt")
    expect(again).to_be_focused()
    assert axe(ann) == []

    ann.unroute(STORE)
    again.click()
    expect(row(ann, "slow.txt")).to_contain_text("Ready")


def test_a_draft_of_one_tab_shows_in_another(ann):
    choose(ann, text("notes.txt"))
    expect(row(ann, "notes.txt")).to_contain_text("Ready")
    other = ann.context.new_page()
    other.goto(ann.url)
    expect(row(other, "notes.txt")).to_contain_text("Ready")
    row(other, "notes.txt").get_by_role("button", name="Remove notes.txt").click()
    expect(other.locator(ROWS)).to_have_count(0)


def test_files_go_through_the_desk_without_a_script(open_browser, ann):
    plain = open_browser("employee", java_script_enabled=False)
    plain.goto(ann.url)
    plain.set_input_files("#reply-files", [text("plain.txt"), text("run.exe")])
    plain.fill("#reply-body", "Without a script.")
    plain.click(".composer-foot button.is-primary")
    expect(plain.locator(".composer .errors")).to_contain_text("run.exe: Files of this kind are not taken")
    expect(plain.locator("#reply-body")).to_have_value("Without a script.")
    expect(row(plain, "plain.txt")).to_be_visible()
    plain.click(".composer-foot button.is-primary")
    entry = plain.locator(".timeline .entry", has_text="Without a script.")
    expect(entry.locator(".file", has_text="plain.txt")).to_have_count(1)
