"""Files on their way through a real browser, store, scanner and worker."""

import re
from contextlib import suppress
from hashlib import sha256

import psycopg
import pytest
from flask_babel import force_locale
from playwright.sync_api import Error, expect

from portal.web.locale import size
from tests import serving
from tests.attachments import pdfs
from tests.attachments.store import EICAR
from tests.journeys.conftest import ask, axe, hearing

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


def test_a_pdf_shows_its_first_page_in_its_row_and_on_a_page_of_its_own(ann):
    choose(ann, {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": pdfs.two_pages()})
    expect(row(ann, "plan.pdf")).to_contain_text("Ready")
    expect(row(ann, "plan.pdf").locator("img")).to_have_js_property("naturalWidth", 160)

    ann.goto(row(ann, "plan.pdf").get_by_role("link", name="Preview").get_attribute("href"))

    expect(ann.get_by_role("img", name="Preview of plan.pdf")).to_have_js_property("naturalWidth", 1280)
    expect(ann.locator("main")).to_contain_text("The first page.")
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


def test_a_draft_of_one_tab_shows_in_another_and_leaves_both(ann):
    choose(ann, text("notes.txt"))
    expect(row(ann, "notes.txt")).to_contain_text("Ready")
    other = ann.context.new_page()
    other.goto(ann.url)
    expect(row(other, "notes.txt")).to_contain_text("Ready")
    with hearing(ann):
        ann.reload()
    row(other, "notes.txt").get_by_role("button", name="Remove notes.txt").click()
    expect(other.locator(ROWS)).to_have_count(0)
    expect(ann.locator(ROWS)).to_have_count(0)


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


def test_an_empty_or_too_large_file_is_refused_in_its_row_and_the_others_go(ann):
    announced = []
    ann.on("request", lambda request: request.url.endswith("/presign") and announced.append(request))
    ann.evaluate("document.getElementById('file-row').content.firstElementChild.dataset.most = 100")
    choose(ann, text("one.txt"), text("empty.txt", b""), text("large.txt", b"x" * 101), text("two.txt"))
    expect(row(ann, "empty.txt")).to_contain_text("The file is empty.")
    expect(row(ann, "large.txt")).to_contain_text("The file is larger than 400 MB.")
    expect(ann.locator(ROWS, has_text="Ready")).to_have_count(2)
    assert len(announced) == 2
    assert axe(ann) == []

    send(ann, "Two of four.")
    expect(ann.locator(".timeline .entry", has_text="Two of four.").locator(".file")).to_have_count(2)


def test_a_reply_does_not_go_without_the_file_that_is_refused_while_it_waits(ann):
    waiting = []
    ann.route("**/presign", lambda route: waiting.append(route))
    with ann.expect_request("**/presign"):
        choose(ann, text("run.exe"))
    send(ann, "Please run this.")
    expect(ann.locator("[data-files-state]").first).to_contain_text("as soon as the files have arrived")

    waiting[0].continue_()
    expect(ann.locator("[data-files-state]").first).to_contain_text("Not sent: a file is not taken")
    expect(row(ann, "run.exe")).to_contain_text("Files of this kind are not taken")
    expect(ann.locator("#reply-body")).to_have_value("Please run this.")
    assert "Please run this." not in ann.locator(".timeline").inner_text()

    ann.click(".composer-foot button.is-primary")
    expect(ann.locator(".timeline .entry", has_text="Please run this.")).to_be_visible()


@pytest.fixture
def checked(ann, desk):
    """A file of Ann's next reply that is being checked for ever: sets its state, or removes it."""
    key = re.search(r"IT-\d+", ann.url)[0]
    with psycopg.connect(desk.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(CHECKED, {"key": key})

        def become(state=None):
            if state is None:
                return connection.execute("DELETE FROM attachments WHERE public_id = 'checked'")
            return connection.execute(
                "UPDATE attachments SET scanned_status = %s WHERE public_id = 'checked'", [state]
            )

        ann.reload()
        expect(row(ann, "checked.txt")).to_contain_text("Checking for viruses")
        yield become


CHECKED = """
    INSERT INTO attachments (public_id, draft, is_internal, uploader_id, original_filename, mime, size,
        scanned_status, object_key, has_excerpt, attempts, created_at, expires_at, uploaded_at, lease_until)
    SELECT 'checked', id || ':reply', false, requester_id, 'checked.txt', 'text/plain', 12, 'SCANNING',
        'q/checked', false, 1, now(), now(), now(), now() + interval '1 hour'
    FROM tickets WHERE key = %(key)s
"""


def asks_again(page):
    return page.expect_response(lambda answer: "/attachments/checked?" in answer.url)


def test_a_row_that_asks_again_disturbs_nobody_while_nothing_changes(ann, checked):
    remove = row(ann, "checked.txt").get_by_role("button", name="Remove checked.txt")
    remove.focus()
    ann.evaluate("document.querySelector('#file-checked').isTheSame = true")
    for _time in range(2):
        with asks_again(ann) as answer:
            pass
        assert (answer.value.status, answer.value.request.headers["x-unattended"]) == (204, "1")
    assert ann.evaluate("document.querySelector('#file-checked').isTheSame")
    expect(remove).to_be_focused()
    expect(ann.locator("[data-files-said]").first).to_be_empty()

    checked("INFECTED")
    expect(row(ann, "checked.txt")).to_contain_text("A virus was found")
    expect(remove).to_be_focused()
    expect(ann.locator("[data-files-said]").first).to_contain_text("checked.txt: A virus was found")
    expect(ann.locator("[data-file-rows] [aria-live], [data-file-rows][aria-live]")).to_have_count(0)


def test_a_file_that_was_removed_elsewhere_leaves_without_a_word(ann, checked):
    row(ann, "checked.txt").get_by_role("button", name="Remove checked.txt").focus()
    checked(None)
    expect(ann.locator(ROWS)).to_have_count(0)
    expect(ann.locator("#reply-files")).to_be_focused()
    expect(ann.locator("#problems")).to_be_empty()


def test_a_file_that_cannot_be_removed_says_so(ann, checked):
    ann.route("**/removal", lambda route: route.abort())
    row(ann, "checked.txt").get_by_role("button", name="Remove checked.txt").click()
    expect(row(ann, "checked.txt")).to_contain_text("It could not be removed. Try again.")
    expect(ann.locator("[data-files-said]").first).to_contain_text("It could not be removed.")

    ann.unroute("**/removal")
    row(ann, "checked.txt").get_by_role("button", name="Remove checked.txt").click()
    expect(ann.locator(ROWS)).to_have_count(0)


@pytest.mark.parametrize("size", [1, 20])
@pytest.mark.parametrize("by_itself", [False, True])
def test_a_file_of_which_only_the_answer_was_lost_is_not_sent_again(ann, tmp_path, size, by_itself):
    file, put, removed = tmp_path / "kept.log", [], []
    file.write_bytes(b"0123456789abcde\n" * (size * MB // 16))
    ann.on("request", lambda request: request.method == "PUT" and put.append(request.url))
    ann.on("request", lambda request: request.url.endswith("/removal") and removed.append(request.url))

    def lose(route):
        route.fetch()
        route.abort()

    ann.route("**/complete", lose)
    choose(ann, str(file))
    expect(row(ann, "kept.log")).to_contain_text("The desk did not answer")
    ann.unroute("**/complete")
    if by_itself:
        ann.evaluate("dispatchEvent(new Event('online'))")
    else:
        row(ann, "kept.log").get_by_role("button", name="Try again").click()
    expect(row(ann, "kept.log")).to_contain_text("Ready")
    assert (len(put), len(set(put)), removed) == ((2, 2, []) if size == 20 else (1, 1, []))


def test_parts_of_a_slow_line_get_new_addresses_before_theirs_are_too_old(ann, tmp_path):
    slow, asked = tmp_path / "slow.log", []
    slow.write_bytes(b"0123456789abcde\n" * (40 * MB // 16))
    ann.evaluate("{ let late = 0; performance.now = () => (late += 61_000) }")  # each time a minute later
    ann.on("request", lambda request: request.url.endswith("/parts") and asked.append(request.url))
    choose(ann, str(slow))
    expect(row(ann, "slow.log")).to_contain_text("Ready")
    assert len(asked) == 4  # for each of three, and whether all are there


@pytest.fixture
def log(tmp_path):
    """A file of 40 MB whose parts all differ."""
    log = tmp_path / "log.txt"
    log.write_bytes(b"".join(b"line %010d\n" % number for number in range(40 * MB // 16)))
    return log


@pytest.fixture
def in_part(ann, log):
    """Two of the log's three parts have arrived when the page is loaded again; which are sent then."""
    ann.route(STORE, lambda route: None if "partNumber=3" in route.request.url else route.continue_())
    with ann.expect_request(re.compile("partNumber=3")):
        choose(ann, str(log))
    ann.once("dialog", lambda dialog: dialog.accept())  # whether to leave
    ann.reload()
    ann.unroute(STORE)
    expect(row(ann, "log.txt")).to_contain_text("Arrived in part: 33.6 MB of 41.9 MB.")
    sent = []
    ann.on("request", lambda request: "partNumber=" in request.url and sent.append(number_of(request.url)))
    return sent


def number_of(url):
    return int(re.search(r"partNumber=(\d+)", url)[1])


def go_on_with(page, name, file):
    with page.expect_file_chooser() as chooser:
        row(page, name).get_by_role("button", name=f"Go on: {name}").press("Enter")
    chooser.value.set_files(str(file))


def saved(page, *, files):
    """What those get who download the timeline's files, of which there are so many."""
    links, digests = page.locator(".timeline .file a.file-name"), []
    expect(links).to_have_count(files)
    for link in links.all():
        with page.expect_download() as download:
            link.click()
        digests.append(sha256(download.value.path().read_bytes()).digest())
    return sorted(digests)


@pytest.mark.parametrize("how", ["its button", "the usual button", "drop"])
def test_after_the_page_was_loaded_again_the_same_file_goes_on(ann, in_part, log, how):
    assert axe(ann) == []
    if how == "its button":
        go_on_with(ann, "log.txt", log)
    elif how == "the usual button":
        choose(ann, str(log))
    else:
        drop(ann, log)
    expect(row(ann, "log.txt")).to_contain_text("Ready")
    expect(ann.locator(ROWS)).to_have_count(1)
    assert in_part == [3]

    send(ann)
    assert saved(ann, files=1) == [sha256(log.read_bytes()).digest()]


def drop(page, file):
    """Of a real file, as only a file chooser gives one to a script."""
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), {type: 'file', id: 'lent'}))"
    )
    page.set_input_files("#lent", str(file))
    page.evaluate("""() => {
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(document.querySelector('#lent').files[0])
        const drop = new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer})
        document.querySelector('#reply-body').dispatchEvent(drop)
    }""")


@pytest.mark.parametrize("at", [0, 20 * MB, 36 * MB], ids=["first part", "second part", "what is missing"])
def test_another_file_of_the_same_name_and_size_is_never_mixed_with_it(ann, in_part, log, tmp_path, at):
    content = log.read_bytes()
    other = tmp_path / "other" / "log.txt"
    other.parent.mkdir()
    other.write_bytes(content[:at] + b"X" + content[at + 1 :])

    go_on_with(ann, "log.txt", other)

    expect(ann.locator("[data-files-state]").first).to_contain_text("log.txt is another file than the one")
    expect(ann.locator(ROWS, has_text="Arrived in part: 33.6 MB of 41.9 MB.")).to_have_count(1)
    expect(ann.locator(ROWS, has_text="Ready")).to_have_count(1)
    assert in_part == [1, 2, 3]

    go_on_with(ann, "log.txt", log)
    expect(ann.locator(ROWS, has_text="Ready")).to_have_count(2)
    send(ann)
    assert saved(ann, files=2) == sorted(sha256(each.read_bytes()).digest() for each in (log, other))


def test_a_file_of_another_size_is_one_of_its_own(ann, in_part):
    with ann.expect_file_chooser() as chooser:
        row(ann, "log.txt").get_by_role("button", name="Go on: log.txt").click()
    chooser.value.set_files([text("log.txt", b"a few words")])
    expect(ann.locator("[data-files-state]").first).to_contain_text("log.txt is another file than the one")
    expect(ann.locator(ROWS, has_text="Ready · 11 bytes")).to_have_count(1)
    expect(ann.locator(ROWS, has_text="Arrived in part: 33.6 MB of 41.9 MB.")).to_have_count(1)
    assert in_part == []


def test_two_tabs_that_go_on_with_one_file_send_one(ann, in_part, log):
    other = ann.context.new_page()
    other.goto(ann.url)
    go_on_with(ann, "log.txt", log)
    go_on_with(other, "log.txt", log)
    for page in (ann, other):
        expect(row(page, "log.txt")).to_contain_text("Ready")
        expect(page.locator(ROWS)).to_have_count(1)
    send(ann)
    assert saved(ann, files=1) == [sha256(log.read_bytes()).digest()]


def test_what_is_not_kept_any_more_begins_again_only_when_that_was_said(ann, in_part, log, desk):
    with psycopg.connect(desk.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("UPDATE attachments SET scanned_status = 'EXPIRED' WHERE draft IS NOT NULL")
    ann.route(ROW, lambda route: route.abort() if route.request.method == "GET" else route.continue_())
    go_on_with(ann, "log.txt", log)
    expect(row(ann, "log.txt")).to_contain_text("What had arrived of it is not kept any more.")
    ann.unroute(ROW)
    row(ann, "log.txt").get_by_role("button", name="Try again: log.txt").click()
    expect(row(ann, "log.txt")).to_contain_text("Ready")
    assert in_part == [1, 2, 3]


def test_without_a_script_what_arrived_in_part_is_said_and_removed(open_browser, ann, in_part):
    plain = open_browser("employee", java_script_enabled=False)
    plain.goto(ann.url)
    expect(row(plain, "log.txt")).to_contain_text("Arrived in part: 33.6 MB of 41.9 MB.")
    expect(row(plain, "log.txt").get_by_text("Choose the same file again")).to_be_hidden()
    expect(row(plain, "log.txt").get_by_role("button")).to_have_count(1)
    row(plain, "log.txt").get_by_role("button", name="Remove log.txt").click()
    expect(plain.locator(ROWS)).to_have_count(0)
    expect(ann.locator(ROWS)).to_have_count(0)


@pytest.mark.parametrize("locale", ["en", "de"])
def test_scripts_write_sizes_as_the_desk_does(app, ann, locale):
    sizes = [1, 12, 999, 1000, 1250, 99_949, 100_000, 150_000, 1_250_000, 41_943_040, 2_000_000_000]
    source = (serving.ROOT / "static/js/kit/sizes.js").read_text().replace("export ", "")
    script = f"([sizes, locale]) => {{{source}; return sizes.map((size) => measured(size, locale))}}"
    shown = ann.evaluate(script, [sizes, locale])
    with app.test_request_context(), force_locale(locale):
        assert shown == [size(each) for each in sizes]
