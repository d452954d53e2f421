"""Every page, in both themes, at two widths: no violation of axe, nothing wider than the window, no noise."""

import pytest

from tests.journeys.conftest import SHOTS, axe, log_in

pytestmark = pytest.mark.browser

WIDTHS = {"phone": {"width": 375, "height": 812}, "desktop": {"width": 1280, "height": 800}}
PAGES = {
    None: ["/login", "/register", "/forgot", "/no-such-page"],
    "employee": [
        "/", "/tickets", "/tickets?show=done", "/tickets/new", "{own}", "/notifications", "/account",
        "/account/two-step", "/queue",
    ],
    "lucia": ["/organizations/2", "/organizations/2/requests", "/organizations/2/members/11"],
    "agent": [
        "/", "/queue", "/queue?q=nothing-like-this-anywhere", "/notifications", "/tickets/new", "/account",
    ],
    "manager": ["/admin/projects", "/admin/categories"],
    "admin": [
        "/", "/queue", "{own}", "{own}/fields", "{own}/people", "{own}/project", "/admin", "/admin/people",
        "/admin/people/import", "/admin/people/11", "/admin/organizations", "/admin/organizations/new",
        "/admin/organizations/2", "/admin/departments/1", "/admin/organizations/2/members/11",
        "/admin/projects", "/admin/categories", "/admin/teams", "/admin/providers",
        "/admin/providers/new", "/admin/settings", "/admin/audit",
        "/admin/mail", "/admin/work", "/admin/components",
    ],
}  # fmt: skip
CASES = [(who, path) for who, paths in PAGES.items() for path in paths]


@pytest.fixture(scope="module")
def own(desk, chromium):
    """The address of a ticket of the employee's that has a conversation."""
    context = chromium.new_context(base_url=desk.url)
    page = context.new_page()
    log_in(page, "employee")
    page.goto("/tickets?show=done")
    href = page.locator("a[href^='/tickets/IT-']").first.get_attribute("href")
    context.close()
    return href


@pytest.mark.parametrize(("who", "path"), CASES, ids=lambda value: str(value).strip("/") or "home")
def test_a_page_is_accessible_and_fits(open_browser, own, who, path):
    address = path.replace("{own}", own)
    page = open_browser(who, viewport=WIDTHS["desktop"], bypass_csp=True)
    noise = []
    page.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: noise.append(str(error)))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, viewport in WIDTHS.items():
            page.set_viewport_size(viewport)
            page.goto(address)
            _photograph(page, who, path, theme, width)
            assert axe(page) == [], (theme, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], width
    expected = {"/no-such-page": ["404"]}.get(path, ["403"] if (who, path) == ("employee", "/queue") else [])
    assert [line for line in noise if not any(code in line for code in expected)] == []


def _photograph(page, who, path, theme, width):
    SHOTS.mkdir(exist_ok=True)
    parts = path.strip("/{}").replace("?", "-").replace("/", "-").split("-")
    name = "-".join(part for part in parts if part) or "home"
    page.screenshot(path=SHOTS / f"{who or 'anyone'}-{name[:60]}-{theme}-{width}.png")
