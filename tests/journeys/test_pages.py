"""Every page, in both themes, at two widths: no violation of axe, nothing wider than the window, no noise."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error

from tests import isolation, serving
from tests.journeys import lookings
from tests.journeys.conftest import SHOTS, axe, new_page

pytestmark = pytest.mark.browser

WIDTHS = {"phone": {"width": 375, "height": 812}, "desktop": {"width": 1280, "height": 800}}
LOOKS = [  # each theme and each width; the other two of the four take as long again
    pytest.param((("light", "phone"), ("dark", "desktop")), id="two looks"),
    pytest.param((("light", "desktop"), ("dark", "phone")), id="the other two", marks=pytest.mark.long),
]
PAGES = {
    None: [
        "/login", "/register", "/forgot", "/no-such-page", "{verify}", "{reset}", "{invitation}",
        "{address}", "/login/with/house/answer",
    ],
    "employee": [
        "/", "/tickets", "/tickets?show=done", "/tickets/new", "{own}", "{file}", "/notifications",
        "/account", "/account/two-step", "/account/passkeys", "/account/tokens", "/account/export",
        "/queue",
    ],
    "lucia": ["/organizations/2", "/organizations/2/requests", "/organizations/2/members/11"],
    "agent": [
        "/", "/queue", "/queue?layout=board", "/queue/triage", "{beside}", "/queue/spam", "{spam}", "{new}",
        "{new}/triage/decline", "{new}/triage/duplicate", "{new}/triage/route", "{new}/triage/snooze",
        "/queue?q=nothing-like-this-anywhere", "/queue/all/filter", "/queue/help",
        "/queue/views", "/queue/views/new?filter=is:open", "/queue/mine/columns", "{view}", "{view}/edit",
        "{view}/deletion", "/queue/bulk", "{bulk}", "{bulk}?show=refused", "/queue/bulk/new?all=yes",
        "/queue/bulk/new?all=yes&act=assign", "/queue/bulk/new?all=yes&act=tags&tags=a,a\"b",
        "/search", "/search?q=printer", "/queue/exports", "/queue/exports/new",
        "/queue/exports/new?queue=all&q=no-such-word", "{export}",
        "/queue?q=statsu:open", "/notifications", "/tickets/new", "/account", "/organizations",
        "/canned-replies", "/canned-replies?q=no-such-name",
        "/canned-replies/new", "{canned}", "{promised}", "{promised}/clocks", "/queue?sort=sla",
        "/queue/breaching", "/queue/forecast",
    ],
    "manager": ["/admin/projects", "/admin/categories", "/admin/tags", "{tag}"],
    "admin": [
        "/", "/queue", "{own}", "{own}/fields", "{own}/people", "{own}/project", "{own}/assignment",
        "{own}/column", "{own}/tags", "{own}/due", "{own}/time", "{own}/timeline", "{own}/merge",
        "{merge}", "{linked}", "{own}/deletion", "{deleted}", "/admin/senders", "{sender}/removal",
        "/admin/senders?q=no-such-address",
        "{split}", "/admin/", "/admin/health", "/admin/people", "/admin/people/new", "{project}",
        "{own}/canned-replies", "{canned}", "{canned}/versions",
        "/admin/projects/new", "{project}/deletion", "{category}", "/admin/categories/new", "{team}",
        "/admin/teams/new", "{provider}", "{mail}", "/admin/rules", "/admin/rules?q=no-such-rule",
        "/admin/rules/new", "/admin/rules/new?kind=macro",
        "/admin/rules/new?kind=scheduled", "{ruled}/macros", "{rule}", "{rule}/versions", "{ruled}/rules",
        "/admin/rules/changes",
        "{ruled}/rules?event={woken}", "{ruled}/rules?rule={rule_id}",
        "/admin/rule-trials/looked-at", "/admin/rule-trials/looked-at?after=50", "/admin/rule-trials/at-work",
        "/admin/rules/new?trial=looked-at",
        "/admin/people/import", "/admin/people/11", "/admin/organizations", "/admin/organizations/new",
        "/admin/organizations/2", "/admin/departments/1", "/admin/organizations/2/members/11",
        "/admin/projects", "/admin/categories", "/admin/teams", "/admin/providers",
        "/admin/configuration", "/admin/lifecycles", "/admin/lifecycles/new",
        "{lifecycle}", "{lifecycle}/name",
        "{lifecycle}/publication", "{lifecycle}/draft/removal", "{lifecycle}/versions", "{step}",
        "{project}/workflow?to=2",
        "/admin/providers/new", "/admin/settings", "/admin/audit",
        "/admin/sla", "/admin/sla?q=no-such-policy", "/admin/sla/new", "{policy}", "{policy}/versions",
        "/admin/calendars", "/admin/calendars/new", "{calendar}", "{calendar}/versions",
        "/admin/calendars?q=no-such-calendar", "{calendar}/trial", "{calendar}/trial?day=&at=9&length=x",
        "{policy}/trial?day=2026-12-23&at=15:00&priority=medium",
        "/admin/mail", "/admin/files", "/admin/files?state=WAITING", "/admin/files/storage", "{held}",
        "/admin/work", "/admin/components", "{anonymizing}", "{person_job}",
        "{person_job}/mentions", "{mention}",
    ],
}  # fmt: skip
CASES = [(who, path) for who, paths in PAGES.items() for path in paths]


NO_PAGES = {  # routes that answer a GET, and are no page
    "api.me": "for machines",
    "api.ticket": "for machines",
    "api.tickets": "for machines",
    "attachments.download": "leads to the store",
    "attachments.picture": "leads to the store",
    "health.lives": "for machines",
    "health.ready": "for machines",
    "live.stream": "a stream",
    "accounts.export_file": "leads to the store",
    "exports.file": "leads to the store",
    "admin.person_job_file": "leads to the store",
    "notifications.panel": "a part of every page",
    "desk.count_views": "a part of every page",
    "desk.count_list": "numbers for the list that asks for them",
    "admin.scanner": "a part of the page of files",
    "pictures.picture": "a picture",
    "settings.logo": "a picture",
    "sso.begin": "leads to another host",
    "static": "files",
    "admin.suggest_agents": "a part of a field",
    "tickets.suggest_mentions": "a part of a field",
    "tickets.suggest_people": "a part of a field",
    "tickets.suggest_tags": "a part of a field",
    "desk.suggest": "a part of a field",
    "search.suggest": "a part of a field",
    "tickets.suggest_tickets": "a part of a field",
    "tickets.canned_reply": "a part of the menu",
    "desk.next_to_triage": "leads to a ticket",
    "tickets.show_preview": "a part of a list",
    "admin.export_configuration": "a file",
    "admin.lifecycle_moves": "a part of the page of a workflow",
    "desk.show_board": "leads to the queue as a board",
}
ELSEWHERE = {
    "accounts.emergency_access": "test_an_admin_gets_in_by_emergency_access_and_nobody_else",
    "accounts.passkey": "test_a_passkey_is_added_lets_in_and_is_removed",
    "accounts.first_run": "test_the_first_page_of_an_empty_desk_is_accessible_and_fits",
    "accounts.second_step": "test_a_second_browser_is_asked_for_a_code",
}
REFUSED = {  # pages that say no, and the status by which they do
    (None, "/no-such-page"): "404",
    (None, "/login/with/house/answer"): "400",
    ("employee", "/queue"): "403",
    ("agent", "/queue?q=statsu:open"): "422",
    ("admin", "{calendar}/trial?day=&at=9&length=x"): "422",
    ("admin", "{deleted}"): "410",
    ("agent", '/queue/bulk/new?all=yes&act=tags&tags=a,a"b'): "422",
}


@pytest.fixture(scope="module")
def addresses(desk, chromium):
    return lookings.made(desk, chromium)


def test_every_page_is_looked_at(app, addresses):
    routes = app.url_map.bind("localhost")
    paths = {path.format(**addresses).split("?")[0] for _who, path in CASES} - {"/no-such-page"}
    looked_at = {routes.match(path, method="GET")[0] for path in paths}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}

    assert pages - looked_at == NO_PAGES.keys() | ELSEWHERE.keys()


@pytest.fixture(scope="module")
def page_of(desk, chromium):
    """The page of somebody, in a browser that is theirs for all they look at: it has the assets by then."""
    pages = {}

    def open_page(who):
        if who not in pages:
            pages[who] = new_page(desk, chromium, who, bypass_csp=True)
        return pages[who]

    yield open_page
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize(("who", "path"), CASES, ids=lambda value: str(value).strip("/") or "home")
def test_a_page_is_accessible_and_fits(page_of, addresses, who, path, looks):
    assert _wrong(page_of(who), who, path, path.format(**addresses), looks) == []


@pytest.fixture
def empty_desk(worker_id, tmp_path):
    """One that nobody has set up yet."""
    name = f"empty_{isolation.suffix(worker_id)}"
    with isolation.own_redis(name) as redis_url:
        served = serving.serve(
            tmp_path, DATABASE_URL=serving.new_database(name), REDIS_URL=redis_url, DEMO_MODE="true"
        )
        serving.run(served.environment, "flask", "--app", "wsgi", "ops", "migrate")
        with serving.ended(served):
            served.start_web()
            yield served


def test_the_first_page_of_an_empty_desk_is_accessible_and_fits(empty_desk, open_browser):
    every = [(theme, width) for theme in ("light", "dark") for width in WIDTHS]
    page = open_browser(bypass_csp=True)
    assert _wrong(page, None, "/welcome", f"{empty_desk.url}/welcome", every) == []


def _wrong(page, who, path, address, looks):
    """What axe, the console and the width of the window have against it, in each of these looks."""
    wrong = []
    with _listening_to(page) as noise:
        for theme, width in looks:
            wrong += _wrong_in_look(page, who, path, address, theme, width)
    refused = REFUSED.get((who, path))
    return wrong + [line for line in noise if not refused or refused not in line]


@contextmanager
def _listening_to(page):
    """What the page complains of meanwhile."""
    noise = []
    listeners = {
        "console": lambda message: noise.append(message.text) if message.type == "error" else None,
        "pageerror": lambda error: noise.append(str(error)),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield noise
    for event, listener in listeners.items():
        page.remove_listener(event, listener)


def _wrong_in_look(page, who, path, address, theme, width):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(WIDTHS[width])
    page.goto(address)
    _photograph(page, who, path, theme, width)
    wrong = [(theme, width, problem) for problem in axe(page)]
    if (needed := page.evaluate("document.documentElement.scrollWidth")) > WIDTHS[width]["width"]:
        wrong.append((theme, width, f"is {needed} wide"))
    return wrong


def _photograph(page, who, path, theme, width):
    SHOTS.mkdir(exist_ok=True)
    parts = re.sub("[{}]", "", path).strip("/").replace("?", "-").replace("/", "-").split("-")
    name = "-".join(part for part in parts if part) or "home"
    shot = SHOTS / f"{who or 'anyone'}-{name[:60]}-{theme}-{width}.png"
    try:
        page.screenshot(path=shot)
    except Error:  # now and then a busy Chromium gives none
        page.screenshot(path=shot)
