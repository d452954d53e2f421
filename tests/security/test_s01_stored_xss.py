"""Whatever people type, no page makes markup of it that does anything."""

import re
from html.parser import HTMLParser
from io import BytesIO

import pytest

from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.settings.actions import change_settings
from tests import factories as make
from tests.admin.test_settings import NOW

MARK = "run_it"  # long enough to be in no random token
PAYLOADS = [
    '<img src=x onerror="run_it()">',
    "\"'><svg/onload=run_it()>",
    '" autofocus onfocus="run_it()" x="',
    "' onmouseover='run_it()",
    "</title></textarea></script><script>run_it()</script>",
    '<a href="javascript:run_it()">x</a>',
    "[x](javascript:run_it())",
    "[x](java\tscript:run_it())",
    "[x](&#106;avascript:run_it())",
    "<javascript:run_it()>",
    '[x](https://example.org/"onclick="run_it())',
    "![x](https://evil.example/run_it.png)",
    '<div hx-get="/run_it" hx-trigger="load">x</div>',
    '<div data-hx-get="/run_it" data-hx-trigger="load">x</div>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=run_it()&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=run_it()>'>",
    "<form action=/logout method=post><button>run_it",
    "<base href=//evil.example/run_it/>",
    "<style>@import '//evil.example/run_it'</style>",
    "{{ 7*7 }}{% raw %}${7*7}%(name)srun_it",
]
ACTIVE = re.compile(r"^(on|hx-|data-hx-|style$|srcdoc$|formaction$)")
LINKS = {"href", "src", "action", "xlink:href"}


class Alive(HTMLParser):
    """Collects what a browser would run or fetch on account of a payload."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            target = re.sub(r"[\s\0]", "", value or "").lower()
            own = name.startswith("hx-") and target.startswith(
                ("/tickets?", "/queue")
            )  # a search, asked again
            runs = ACTIVE.match(name) and MARK in target and not own
            leads = name in LINKS and (
                target.startswith(("javascript:", "vbscript:", "data:text"))
                or (tag != "a" and "evil.example" in target)
            )
            if runs or leads or (MARK in name and tag != "input"):
                self.found.append((tag, name, value))
        if tag in {"svg", "math", "style", "base", "script", "img", "noscript"}:
            self.found += (
                [(tag, attrs)] if any(MARK in str(attr) or "evil" in str(attr) for attr in attrs) else []
            )

    def handle_data(self, data):
        if self.lasttag in {"script", "style"} and MARK in data:
            self.found.append((self.lasttag, data))

    def handle_endtag(self, tag):
        self.lasttag = ""


def alive_in(page):
    parser = Alive()
    parser.feed(page)
    return parser.found


def test_what_is_alive_is_found():
    """So that the tests below can fail."""
    for hostile in (PAYLOADS[0], PAYLOADS[5], PAYLOADS[12], "<script>run_it()</script>", PAYLOADS[18]):
        assert alive_in(hostile), hostile


@pytest.fixture
def people(app):
    """One of each role, and names of things that are all hostile."""
    return {
        role: getattr(make, role)(name=f"{role} {PAYLOADS[place]}")
        for place, role in enumerate(("employee", "agent", "manager", "admin"))
    }


@pytest.fixture
def hostile(people, client_for):
    """A desk in which every text is one of the payloads; the address of its ticket."""
    desk = make.project("XSS", name=PAYLOADS[0][:80])
    topic = make.category(PAYLOADS[2][:80], project_id=desk.id)
    team = make.team(name=PAYLOADS[1][:80])
    ticket = make.ticket(
        people["employee"],
        project=desk,
        category=topic,
        title=PAYLOADS[3],
        description="\n\n".join(PAYLOADS),
        team=team,
        assignee=people["agent"],
    )
    change_settings(actor=people["admin"], name=PAYLOADS[4][:80])
    make.reply(ticket, body="\n\n".join(reversed(PAYLOADS)))
    make.note(ticket, author=people["agent"], body="\n".join(PAYLOADS))
    record(Kind.LOGIN_FAILED, actor=None, email=PAYLOADS[5] + "@", reason=PAYLOADS[6])
    db.session.commit()
    agent = client_for(people["agent"])
    url = f"/tickets/{ticket.key}"
    fields = {"version": ticket.version, "title": PAYLOADS[1], "description": PAYLOADS[12]}
    agent.post(f"{url}/fields", data=fields | {"type": "incident", "priority": "high", "category_id": ""})
    agent.post(f"{url}/watchers")
    for scope in (f"{ticket.key}:reply", f"{ticket.key}:note", "ticket:new"):
        agent.post(
            "/tickets/drafts",
            data={"scope": scope, "content": '{"body": "</textarea><script>run_it()</script>"}'},
        )
    return url


@pytest.mark.parametrize("role", ["employee", "agent", "manager", "admin"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "fragment"])
def test_no_page_brings_a_payload_to_life(hostile, people, client_for, queue, role, headers):
    queue.run()
    client = client_for(people[role])
    pages = [hostile, f"{hostile}/timeline", "/", "/tickets", "/tickets?show=all", "/tickets/new",
             "/notifications", "/notifications/bell", "/account"]  # fmt: skip
    if role != "employee":
        pages += [f"{hostile}/fields", "/queue/all", f"/queue/all?preview={hostile.rpartition('/')[2]}"]
    if role in {"manager", "admin"}:
        pages += ["/admin/projects", "/admin/categories", "/admin/categories/new"]
    if role == "admin":
        pages += ["/admin/", "/admin/people", f"/admin/people/{people['agent'].id}", "/admin/teams",
                  "/admin/audit", "/admin/settings", "/admin/mail", "/admin/work"]  # fmt: skip

    for path in pages:
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, path
        assert alive_in(answer.text) == [], path
        assert "49" not in re.findall(r"\d+(?=\$\{)", answer.text), path


@pytest.mark.parametrize("typed", PAYLOADS)
def test_what_is_typed_into_the_address_stays_a_text(people, client_for, typed):
    client = client_for(people["admin"])
    asked = {"q": typed, "person": typed, "role": typed, "title": typed, "next": typed, "state": typed}
    for path in ("/tickets", "/queue/all", "/admin/people", "/admin/audit", "/tickets/new", "/admin/mail"):
        answer = client.get(path, query_string=asked, follow_redirects=True)
        assert answer.status_code in {200, 422}
        assert alive_in(answer.text) == [], path


def test_a_preview_shows_nothing_alive(people, client_for):
    answer = client_for(people["employee"]).post("/tickets/preview", data={"text": "\n\n".join(PAYLOADS)})

    assert alive_in(answer.text) == []
    assert "<img" not in answer.text


@pytest.mark.parametrize(
    "picture", [b"<svg xmlns='http://www.w3.org/2000/svg' onload='run_it()'/>", b"GIF89a", b"\x89PNG<svg"]
)
def test_s02_a_logo_is_a_png_or_none(people, client_for, picture):
    form = NOW | {"logo": (BytesIO(picture), "logo.png")}

    answer = client_for(people["admin"]).post("/admin/settings", data=form)

    assert answer.status_code == 422
    assert 'class="brand-logo"' not in client_for(people["admin"]).get("/").text
