"""Every page and every act of the admin area, by everybody who may not."""

import pytest

from portal.extensions import db
from portal.permissions import Permission, Role
from tests import factories as make

PAGES = {
    "/admin/": Permission.OPERATE,
    "/admin/health": Permission.OPERATE,
    "/admin/people": Permission.PEOPLE_MANAGE,
    "/admin/people/new": Permission.PEOPLE_MANAGE,
    "/admin/people/{user}": Permission.PEOPLE_MANAGE,
    "/admin/teams": Permission.PEOPLE_MANAGE,
    "/admin/teams/new": Permission.PEOPLE_MANAGE,
    "/admin/teams/{team}": Permission.PEOPLE_MANAGE,
    "/admin/projects": Permission.PROJECT_MANAGE,
    "/admin/projects/new": Permission.PROJECT_MANAGE,
    "/admin/projects/{project}": Permission.PROJECT_MANAGE,
    "/admin/projects/{project}/deletion": Permission.PROJECT_MANAGE,
    "/admin/categories": Permission.PROJECT_MANAGE,
    "/admin/categories/new": Permission.PROJECT_MANAGE,
    "/admin/categories/{category}": Permission.PROJECT_MANAGE,
    "/admin/settings": Permission.SETTINGS_MANAGE,
    "/admin/mail": Permission.OPERATE,
    "/admin/work": Permission.OPERATE,
    "/admin/audit": Permission.AUDIT_READ,
}
ACTS = (
    "/admin/people/new", "/admin/people/{user}", "/admin/people/{user}/deactivate",
    "/admin/people/{user}/activate", "/admin/people/{user}/invite", "/admin/teams/new", "/admin/teams/{team}",
    "/admin/settings", "/admin/mail/1/retry", "/admin/work/1/x/retry", "/admin/work/retry",
)  # fmt: skip


@pytest.fixture
def ids(app, world):
    made = {"user": make.agent().id, "team": make.team().id, "project": make.project().id,
            "category": make.category().id}  # fmt: skip
    db.session.commit()
    return made


@pytest.fixture
def browsers(app, client_for):
    people = {Role.EMPLOYEE: make.employee(), Role.AGENT: make.agent(), Role.MANAGER: make.manager(),
              Role.ADMIN: make.admin()}  # fmt: skip
    db.session.commit()
    return {role: client_for(person) for role, person in people.items()}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_for_whom_it_is_for(browsers, ids, page):
    managers_too = PAGES[page] is Permission.PROJECT_MANAGE
    expected = {
        Role.EMPLOYEE: 403,
        Role.AGENT: 403,
        Role.MANAGER: 200 if managers_too else 403,
        Role.ADMIN: 200,
    }

    assert {
        role: browser.get(page.format(**ids)).status_code for role, browser in browsers.items()
    } == expected


@pytest.mark.parametrize("page", PAGES)
def test_somebody_unknown_is_sent_to_the_login(app, ids, page):
    answer = app.test_client().get(page.format(**ids))

    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/login")


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_for_admins(browsers, ids, act):
    for role in (Role.EMPLOYEE, Role.AGENT, Role.MANAGER):
        assert browsers[role].post(act.format(**ids)).status_code == 403, role


def test_managers_find_their_pages_and_no_others(browsers):
    text = browsers[Role.MANAGER].get("/admin/projects").text

    assert 'href="/admin/categories"' in text
    assert 'href="/admin/people"' not in text
    assert 'href="/admin/settings"' not in text
