"""Long pages say what stands on them."""

import re

import pytest

from portal.extensions import db
from tests import factories as make


@pytest.fixture
def world(app):
    world = {
        "admin": make.admin(),
        "petra": make.agent(is_limited=True),
        "gone": make.employee(is_active=False),
        "project": make.project(),
    }
    db.session.commit()
    return world


def listed_and_there(page: str) -> tuple[list[str], list[str]]:
    """To which headings the list leads, and the headings of the parts in their order."""
    contents = re.search(r'<nav class="contents".*?</nav>', page, re.DOTALL)[0]
    parts = re.findall(r'<section class="part"(?: id="([^"]+)")? aria-labelledby="([^"]+)"', page)
    places = re.findall(r'href="#([^"]+)"', contents)
    return places, [part if part in places else title for part, title in parts]


@pytest.mark.parametrize("who", ["admin", "petra"])
def test_the_account_page_lists_its_parts(world, client_for, who):
    listed, there = listed_and_there(client_for(world[who]).get("/account").text)

    assert listed == there


@pytest.mark.parametrize("whose", ["admin", "petra", "gone"])
def test_the_page_of_a_person_lists_its_parts(world, client_for, whose):
    page = client_for(world["admin"]).get(f"/admin/people/{world[whose].id}").text
    listed, there = listed_and_there(page)

    assert listed == there


def test_the_page_of_a_project_lists_its_parts(world, client_for):
    page = client_for(world["admin"]).get(f"/admin/projects/{world['project'].id}").text
    listed, there = listed_and_there(page)

    assert listed == there
