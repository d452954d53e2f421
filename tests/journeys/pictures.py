"""Makes the pictures of the README anew: `bin/test tests/journeys/pictures.py`."""

import pytest

from tests.serving import ROOT

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    ("name", "who", "path"),
    [
        ("home", "employee", "/"),
        ("queue", "admin", "/queue"),
        ("ticket", "admin", "first"),
        ("dashboard", "manager", "/"),
    ],
)
def test_picture(open_browser, name, who, path):
    page = open_browser(who, viewport=SIZE)
    if path == "first":
        page.goto("/queue?q=status:in_progress")
        path = page.locator("a[href^='/tickets/']").first.get_attribute("href")
    page.goto(path)
    page.wait_for_selector("h1")
    page.screenshot(path=FOLDER / f"{name}.png")
    assert (FOLDER / f"{name}.png").stat().st_size > 10_000
