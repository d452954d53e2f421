"""What is searched is lost, and no index helps to find it: lists, tickets and work go on without it."""

import re

import psycopg
import pytest

from tests import isolation, serving

pytestmark = pytest.mark.faults
PAGES = {
    "employee": ("/", "/tickets", "/notifications", "/tickets/new"),
    "agent": (
        "/", "/queue", "/queue/all", "/queue/all?q=status:open", "/queue/all?layout=board", "/queue/triage",
        "/tickets", "/notifications", "/tickets/new",
    ),
}  # fmt: skip
SEARCHES = ("/search?q=printer", "/search?q=pritner", "/search/suggestions?q=printer")


@pytest.fixture(scope="module")
def desk(worker_id, tmp_path_factory):
    """The demo world of which nothing is to be found by its words."""
    name = f"unsearched_{isolation.suffix(worker_id)}"
    with isolation.own_redis(name) as redis_url:
        served = serving.serve(
            tmp_path_factory.mktemp("unsearched"),
            DATABASE_URL=serving.new_database(name), REDIS_URL=redis_url, DEMO_MODE="true",
        )  # fmt: skip
        serving.fill(served)
        lose_what_is_searched(served.environment["DATABASE_URL"])
        with serving.ended(served):
            served.start_web()
            yield served


def lose_what_is_searched(database_url):
    with psycopg.connect(serving.owner(of=database_url)) as connection:
        connection.execute("TRUNCATE search_texts, search_words")
        indexes = connection.execute(
            """SELECT indexname FROM pg_indexes
            WHERE indexdef LIKE '%USING gin%' AND tablename IN ('search_texts', 'search_words', 'tickets')"""
        ).fetchall()
        assert indexes
        for (index,) in indexes:
            connection.execute(f'DROP INDEX "{index}"')


def log_in(desk, who):
    return desk.browser(f"{who}@example.org", "demo-demo-demo")


@pytest.mark.parametrize("who", PAGES)
def test_f32_lists_and_tickets_are_there(desk, who):
    browser = log_in(desk, who)
    pages = {page: browser.get(page) for page in PAGES[who]}

    assert {page: answer.status_code for page, answer in pages.items()} == dict.fromkeys(PAGES[who], 200)
    key = re.search(r'href="/tickets/([A-Z]+-\d+)', pages["/"].text).group(1)
    assert browser.get(f"/tickets/{key}").status_code == 200


@pytest.mark.parametrize("who", PAGES)
def test_f32_a_search_finds_nothing_and_is_no_error(desk, who):
    browser = log_in(desk, who)
    for search in SEARCHES:
        assert browser.get(search).status_code == 200, search
    assert "/tickets/IT-" not in browser.get("/search?q=printer").text


def test_f32_while_what_is_searched_is_held_only_the_search_says_that_it_has_to_wait(desk):
    """As where an index is built anew, or a search takes longer than a statement may."""
    petra = log_in(desk, "agent")
    with psycopg.connect(serving.owner(of=desk.environment["DATABASE_URL"])) as connection:
        connection.execute("LOCK TABLE search_texts IN ACCESS EXCLUSIVE MODE")
        answers = {page: petra.get(page).status_code for page in PAGES["agent"]}
        search = petra.get("/search?q=printer")

    assert answers == dict.fromkeys(PAGES["agent"], 200)
    assert (search.status_code, bool(search.headers["Retry-After"])) == (503, True)
    assert petra.get("/search?q=printer").status_code == 200


def test_f32_what_is_asked_from_then_on_is_taken_listed_and_found(desk):
    ann = log_in(desk, "employee")
    form = ann.get("/tickets/new?type=incident").text
    project = re.search(r'<option[^>]*value="(\d+)"[^>]*>IT support', form).group(1)
    asked = ann.post(
        "/tickets/new",
        {
            "type": "incident", "title": "Zeppelin in the yard", "priority": "low", "project_id": project,
            "idempotency_key": "f32", "category_id": "", "description": "",
        },
        token=re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form).group(1),
    )  # fmt: skip
    assert asked.status_code == 303

    assert "Zeppelin in the yard" in ann.get("/tickets").text
    assert "Zeppelin" in ann.get("/search?q=zeppelin").text
