"""The queue's page: its lists, its filter as text and as form, and what it says where there is nothing."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.desk import counts
from portal.desk.help import EXAMPLES
from portal.desk.models import View
from portal.desk.queues import QUEUES, Desk
from portal.extensions import db
from portal.tickets import tagging
from portal.tickets.models import Priority
from tests import factories as make


@pytest.fixture
def desk(world, client_for):
    team = make.team(name="Network")
    petra = make.agent(name="Petra Lindqvist", email="petra@example.org", team=team)
    tickets = {
        "new": make.ticket(title="VPN drops", priority=Priority.HIGH),
        "ours": make.ticket(team=team, assignee=petra, title="Printer on fire", status="in_progress"),
        "closed": make.ticket(team=team, title="Badge reader", status="closed"),
        "theirs": make.ticket(team=make.team(), title="Not for Petra"),
    }
    db.session.commit()
    return client_for(petra), tickets


def listed(page):
    return re.findall(r'id="row-([^"]+)"', page.text)


def link(page, words):
    """The address behind these words."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>(?:(?!</a>).)*{re.escape(words)}', page.text, re.DOTALL)
    return unescape(found[1])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("open", {"new", "ours"}),
        ("unassigned", {"new"}),
        ("mine", {"ours"}),
        ("team", {"ours"}),
        ("all", {"new", "ours", "closed"}),
        ("closed", {"closed"}),
    ],
)
def test_each_queue_holds_its_tickets(desk, name, shown):
    client, tickets = desk
    page = client.get(f"/queue/{name}", follow_redirects=True)
    assert set(listed(page)) == {tickets[one].key for one in shown}
    assert "Not for Petra" not in page.text


def test_the_first_queue_has_one_address(desk):
    client, _ = desk
    assert client.get("/queue").status_code == 200
    assert client.get("/queue/open?q=vpn").headers["Location"].endswith("/queue?q=vpn")
    assert client.get("/queue/xyzzy").status_code == 404


def test_a_filter_stands_in_the_address_in_its_one_form(desk):
    client, tickets = desk
    moved = client.get("/queue?q=PRIO:>=High++vpn&sort=priority")
    assert moved.status_code == 303
    assert moved.headers["Location"].endswith("/queue?q=priority%3E%3Dhigh+vpn&sort=priority")
    assert listed(client.get(moved.headers["Location"])) == [tickets["new"].key]


def the_form(client, page, **headers):
    """Of the filter, which is fetched when its menu is opened."""
    (path,) = re.findall(r'popovertarget="controls" hx-get="([^"]+)"', page.text)
    return client.get(unescape(path), headers=headers)


def test_the_form_and_the_text_say_the_same(desk):
    client, tickets = desk
    sent = {
        "q": "status:open vpn -type:task",
        "status": "",
        "priority": "high",
        "assignee": "none",
        "words": "drops",
    }
    moved = client.get("/queue", query_string=sent)
    page = client.get(moved.headers["Location"])
    assert "q=-type:task+priority:high+assignee:none+drops" in moved.headers["Location"]
    assert listed(page) == [tickets["new"].key]
    form = the_form(client, page)
    assert re.search(r'<option selected value="high">', form.text)
    assert re.search(r'<option selected value="none">', form.text)
    assert 'value="-type:task priority:high assignee:none drops"' in page.text


def test_the_form_leaves_alone_what_it_cannot_say(desk):
    client, _ = desk
    page = client.get("/queue?q=status:open,blocked+-priority:low")
    assert '<option selected value="as-typed">status:open,blocked</option>' in the_form(client, page).text
    sent = {
        "q": "status:open,blocked -priority:low",
        "status": "as-typed",
        "priority": "as-typed",
        "words": "",
    }
    assert (
        "q=status:open,blocked+-priority:low" in client.get("/queue", query_string=sent).headers["Location"]
    )


def test_without_scripts_the_form_is_a_page(desk):
    client, _ = desk
    page = client.get("/queue/all?q=vpn&sort=id")
    assert 'href="/queue/all/filter?q=vpn&amp;sort=id"' in page.text
    whole, part = the_form(client, page), the_form(client, page, **{"HX-Request": "true"})
    assert "<h1" in whole.text
    assert "<h1" not in part.text
    for shown in (whole, part):
        assert 'action="/queue/all"' in shown.text
        assert '<input type="hidden" name="sort" value="id">' in shown.text
        assert 'value="vpn"' in shown.text


def test_of_a_filter_that_is_none_the_form_is_empty(desk):
    client, _ = desk
    page = client.get("/queue/open/filter?q=statsu:open")
    assert page.status_code == 422
    assert "Did you mean “status”?" in page.text
    assert '<option selected value="">Any</option>' in page.text
    assert client.get("/queue/xyzzy/filter").status_code == 404


def test_each_chip_takes_its_part_away(desk):
    client, _ = desk
    page = client.get("/queue?q=status:open,blocked+-priority:low+created<7d+vpn")
    assert "Priority is not" in page.text
    removed = [
        unescape(href) for href in re.findall(r'href="([^"]+)" aria-label="Remove the filter', page.text)
    ]
    assert removed == [
        "/queue?q=-priority:low+created%3C7d+vpn",
        "/queue?q=status:open,blocked+created%3C7d+vpn",
        "/queue?q=status:open,blocked+-priority:low+vpn",
        "/queue?q=status:open,blocked+-priority:low+created%3C7d",
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("statsu:open", "Did you mean “status”?"),
        ("status:opne", "Did you mean “open”?"),
        ('"never closed', "never closed"),
        ("assignee:xyzzy", "cannot be “xyzzy”"),
        ("x" * 1001, "at most 1000 characters"),
        ("OR", "commas between them"),
        ("status>open", "has no order"),
        ("created>2026-99-99", "is not a day"),
        ("!!!", "holds no letter"),
    ],
)
def test_a_filter_that_is_none_is_refused_with_a_reason_and_kept(desk, typed, said):
    client, _ = desk
    page = client.get("/queue", query_string={"q": typed})
    assert page.status_code == 422
    assert said in unescape(page.text)
    assert f'value="{typed}"'.replace('""', '"&#34;') in page.text or unescape(page.text).count(typed)
    assert "pane-list" not in page.text


def test_a_mistake_comes_with_the_way_to_mend_it(desk):
    client, tickets = desk
    page = client.get("/queue?q=statsu:open+vpn")
    assert listed(client.get(link(page, "status:open vpn"))) == [tickets["new"].key]


def test_words_of_the_form_that_are_none_are_kept_too(desk):
    client, _ = desk
    page = client.get("/queue", query_string={"q": "status:open", "status": "open", "words": '"half'})
    assert page.status_code == 422
    assert "status:open &#34;half" in page.text


@pytest.mark.parametrize("sort", ["id", "created", "updated", "priority", "status", "due"])
def test_each_order_has_a_head_that_turns_it(desk, sort):
    client, _ = desk
    page = client.get(f"/queue/all?sort={sort}")
    back = client.get(f"/queue/all?sort=-{sort}")
    assert page.text.count('aria-sort="ascending"') == back.text.count('aria-sort="descending"') == 1
    assert listed(page) == listed(back)[::-1]


@pytest.mark.parametrize(
    "query", ["sort=xyzzy", "size=0", "size=101", "size=x", "page=xyzzy", "page=WzEsMSxmYWxzZV0"]
)
def test_what_makes_no_sense_in_the_address_is_as_if_it_were_not_there(desk, query):
    client, _ = desk
    assert listed(client.get(f"/queue?{query}")) == listed(client.get("/queue"))


def test_pages_are_walked_by_their_links_there_and_back(world, client_for):
    for number in range(9):
        make.ticket(title=f"Ticket {number}", priority=Priority.HIGH)
    client = client_for(make.manager())
    first = client.get("/queue?q=priority:high&sort=-priority&size=4")
    second = client.get(link(first, "Next"))
    third = client.get(link(second, "Next"))
    assert [len(listed(page)) for page in (first, second, third)] == [4, 4, 1]
    assert len({*listed(first), *listed(second), *listed(third)}) == 9
    assert listed(client.get(link(third, "Back"))) == listed(second)
    assert listed(client.get(link(client.get(link(third, "Back")), "Back"))) == listed(first)
    assert "4 tickets, and there are more" in second.text
    assert "4 of 9 tickets" in client.get(link(second, "How many?")).text


def number_of(client, page):
    """What comes after the page: how many tickets its list has."""
    answer = client.get(unescape(re.search(r'hx-get="([^"]+/number[^"]*)"', page.text)[1]))
    assert answer.status_code == 200
    said = r'<span id="list-number" (data-number-of="[^"]*")[^>]*>([^<]*)<'
    assert re.search(said, answer.text)[1] == re.search(said, page.text)[1]
    return re.search(said, answer.text)[2]


def test_the_number_of_a_list_comes_after_it(desk):
    client, _ = desk
    for number in range(4):
        make.ticket(title=f"No. {number}", priority=Priority.HIGH)
    db.session.commit()
    page = client.get("/queue?q=priority:high&size=2&sort=created")
    assert number_of(client, page) == "2 of 5 tickets"
    assert number_of(client, client.get(link(page, "Next"))) == "2 of 5 tickets"
    whole = client.get("/queue?q=priority:high&size=25")
    assert ("5 tickets" in whole.text, "/number" in whole.text) == (True, False)
    assert "2 of 5 tickets" in client.get("/queue?q=priority:high&size=2&counted=yes").text


def test_the_number_of_a_saved_view_is_that_of_what_is_asked_for_in_it(desk):
    client, _ = desk
    for number in range(4):
        make.ticket(title=f"No. {number}", priority=Priority.HIGH)
    db.session.commit()
    client.post(
        "/queue/views/new",
        data={"name": "High", "filter": "priority:high", "sort": "-updated", "shared": "nobody"},
    )
    view = db.session.scalars(db.select(View)).one()
    assert number_of(client, client.get(f"/queue/view/{view.public_id}?size=2")) == "2 of 5 tickets"
    assert number_of(client, client.get(f"/queue/view/{view.public_id}?size=2&q=")) == "2 of 7 tickets"


def test_a_number_of_a_filter_that_is_none_says_why(desk):
    client, _ = desk
    answer = client.get("/queue/open/number?q=statsu:open")
    assert (answer.status_code, "statsu" in answer.text) == (422, True)
    assert client.get("/queue/nothing/number").status_code == 404
    assert client.get("/queue/view/nothing/number").status_code == 404
    assert "0 tickets" in client.get("/queue/open/number?shown=x&q=priority:critical").text


def test_nobody_counts_on_and_on(desk, monkeypatch):
    client, _ = desk
    monkeypatch.setattr(counts, "MOST", 5)
    monkeypatch.setattr("portal.desk.views.COUNTED", 5)
    for _number in range(5):
        make.ticket()
    db.session.commit()
    assert number_of(client, client.get("/queue?size=2")) == "2 of more than 5 tickets"


def test_what_takes_long_to_count_is_not_counted(desk, monkeypatch):
    client, _ = desk
    for _number in range(5):
        make.ticket()
    db.session.commit()
    slow = db.select(db.func.pg_sleep(5))
    monkeypatch.setattr(counts, "count_of", lambda *_: db.session.execute(slow).one())
    monkeypatch.setattr(counts, "TOGETHER", 50)
    assert number_of(client, client.get("/queue?size=2")) == "2 tickets, and there are more"


def test_nothing_found_names_what_to_clear(desk):
    client, tickets = desk
    page = client.get("/queue/mine?q=xyzzy")
    assert "No tickets match" in page.text
    assert set(listed(client.get(link(page, "Clear “")))) == {tickets["ours"].key}
    page = client.get("/queue?q=badge")
    assert listed(client.get(link(page, "Look in all tickets"))) == [tickets["closed"].key]


def test_an_empty_queue_says_what_that_means(world, client_for):
    client = client_for(make.agent())
    for queue in QUEUES.values():
        assert str(queue.empty) in unescape(client.get(f"/queue/{queue.name}", follow_redirects=True).text)


def test_a_page_that_has_moved_on_leads_to_the_first(desk):
    client, _ = desk
    page = client.get("/queue/mine?size=1&page=WyIyMDAwLTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwxLGZhbHNlXQ")
    assert "Nothing on this page any more" in page.text
    assert listed(client.get(link(page, "To the first page")))


def test_news_fetch_the_table_alone(desk):
    client, _ = desk
    table = client.get("/queue", headers={"HX-Request": "true", "HX-Target": "tickets"})
    assert table.text.lstrip().startswith("<section")
    assert 'data-topic="queue"' in table.text
    assert 'hx-get="/queue"' in table.text
    boosted = client.get("/queue", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" in boosted.text


def test_titles_are_shown_as_text(world, client_for):
    make.ticket(title="<script>alert(1)</script>", requester=make.employee(name='"><img src=x>'))
    page = client_for(make.manager()).get("/queue")
    assert "<script>alert" not in page.text
    assert "<img src=x>" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_an_employee_has_no_queue(world, client_for):
    assert client_for(make.employee()).get("/queue").status_code == 403
    assert client_for(None).get("/queue").status_code == 303


def test_the_queue_needs_the_same_few_statements_with_3_and_with_60(world, client_for, statements):
    team = make.team()
    petra = make.agent(team=team)
    client, counts = client_for(petra), []
    for number in (3, 57):
        for _turn in range(number):
            make.reply(make.ticket(team=team, assignee=petra, category=make.category()), petra)
        db.session.commit()
        client.get("/queue")  # the colours of statuses are remembered
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get("/queue?q=-status:closed+priority:medium&size=2")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_a_search_and_a_requester_cost_a_statement_each(desk, statements):
    client, _ = desk
    client.get("/queue?q=vpn")  # how frequent a word is, is remembered
    statements.clear()
    client.get("/queue?q=vpn")
    assert len(statements) <= 6
    statements.clear()
    client.get("/queue/all?q=requester:petra@example.org+vpn")
    assert len(statements) <= 7


def test_what_words_find_is_not_counted(world, client_for):
    for number in range(27):
        make.ticket(title=f"Printer {number} jams")
    client = client_for(make.agent())
    page = client.get("/queue?q=printer")
    assert "25 tickets, and there are more" in page.text
    assert number_of(client, page) == "25 tickets, and there are more"
    assert "1 ticket<" in client.get("/queue?q=%22printer+7%22").text


# Every control, and every place that takes a filter.


def fill(client, text, **controls):
    """The filter that stands in the address after the form of that filter was sent with these changes."""
    form = client.get("/queue/all/filter", query_string={"q": text}, headers={"HX-Request": "true"}).text
    sent = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]*value="([^"]*)"', form))
    sent = {name: unescape(value) for name, value in sent.items() if name not in BOXES}
    sent |= {name: "y" for name in BOXES if re.search(rf'<input checked[^>]*name="{name}"', form)}
    for select in re.findall(r"<select.*?</select>", form, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', select)
        sent[re.search(r'name="(\w+)"', select)[1]] = unescape(chosen[1]) if chosen else ""
    sent |= controls
    sent = {name: value for name, value in sent.items() if value is not None}
    answer = client.get("/queue/all", query_string=sent)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.location).query).get("q", [""])[0]


BOXES = ("overdue", "confidential", "file")
EVERYTHING = (
    "status:open priority:high type:task waiting:none assignee:me team:mine project:IT category:none"
    " tag:vpn,mail requester:petra@example.org participant:me watcher:me organization:none department:none"
    " due>=2026-11-01 due<=2026-12-01 created>=2026-01-01 updated<=2026-12-31 closed:none is:overdue has:file"
)
UNSAYABLE = (
    "-tag:vpn -requester:me status:open,closed -priority:low created<7d due>7d due:today -is:overdue"
    " is:open,mine replies>2 title:printer key:IT-1 tag:mail tag:vpn -has:file -vpn"
)


@pytest.fixture
def tags(desk):
    tagging.tags_called(["vpn", "mail", "home office"], maker=None)
    db.session.commit()
    return desk[0]


@pytest.mark.parametrize("text", ["", EVERYTHING, UNSAYABLE, f"{EVERYTHING} drops"])
def test_a_form_that_is_sent_as_it_came_changes_nothing(tags, text):
    assert sorted(fill(tags, text).split()) == sorted(text.split())


def test_the_form_of_everything_shows_everything(tags):
    form = tags.get("/queue/all/filter", query_string={"q": EVERYTHING}).text
    for name, value in [
        ("tag", "vpn, mail"),
        ("requester", "petra@example.org"),
        ("watcher", "me"),
        ("department", "none"),
        ("due_from", "2026-11-01"),
        ("due_to", "2026-12-01"),
        ("created_from", "2026-01-01"),
        ("updated_to", "2026-12-31"),
    ]:
        assert re.search(rf'name="{name}"[^>]*value="{value}"', form), name
    assert len(re.findall(r"<input checked", form)) == 2
    assert form.count("<details open>") == 2


@pytest.mark.parametrize(
    ("text", "sent", "meant"),
    [
        ("", {"tag": "VPN, home office"}, 'tag:vpn,"home office"'),
        ("tag:vpn -tag:mail", {"tag": ""}, "-tag:mail"),
        ("tag:vpn tag:mail", {"tag": "home office"}, 'tag:mail tag:"home office"'),
        ("created<7d", {"created_from": "2026-11-01"}, "created<7d created>=2026-11-01"),
        ("due>=2026-11-01 due<=2026-12-01", {"due_from": ""}, "due<=2026-12-01"),
        ("is:overdue", {"overdue": None}, ""),
        ("-is:overdue", {"overdue": "y"}, "-is:overdue is:overdue"),
        ("is:open,mine", {"file": "y"}, "is:open,mine has:file"),
        ("", {"requester": "Petra Lindqvist <petra@example.org>"}, "requester:petra@example.org"),
        ("", {"requester": "Petra Lindqvist"}, "requester:petra@example.org"),
        ("", {"waiting": "supplier", "category": "none"}, "waiting:supplier category:none"),
        ("vpn", {"words": ""}, ""),
    ],
)
def test_a_control_takes_the_place_of_what_it_shows_and_of_nothing_else(tags, text, sent, meant):
    assert fill(tags, text, **sent) == meant


def test_a_name_with_a_comma_goes_there_and_back(tags):
    make.organization(name='Hafen, "Logistik"')
    db.session.commit()
    text = 'organization:"Hafen, \\"Logistik\\"",none'
    assert fill(tags, text) == text


HOSTILE = [
    "x" * 10_000,
    "tag:" + "x" * 990,
    "a " * 31,
    "tag:vpn " * 31,
    'tag:"' + '\\"' * 400,
    '"' * 401,
    "tag:vpnn\x07",
    "due<99999d",
    "due:9999-99-99",
    "due<none",
    "organization:%",
    "requester:%",
    "tag:'; DROP TABLE tags; --",
    "department:" + ",".join(f"x{number}" for number in range(150)),
    "title:!!",
    "tag:",
    "has:everything",
    "is:overdo",
    "watcher:nobody@example.org",
    "tga:vpn",
]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "tickets"}])
@pytest.mark.parametrize("path", ["/queue", "/queue/all/filter"])
def test_what_is_no_filter_is_refused_wherever_it_is_sent(desk, typed, headers, path):
    client, _ = desk
    page = client.get(path, query_string={"q": typed}, headers=headers)
    assert page.status_code == 422
    assert "This filter cannot be understood." in page.text
    assert ("<html" in page.text) is not bool(headers)


def test_the_wrong_word_is_marked_in_its_place(desk):
    client, _ = desk
    page = client.get("/queue?q=vpn+statsu:open").text
    assert "vpn <mark>statsu</mark>:open" in page
    assert "At character 5." in page
    assert 'href="/queue/help"' in page


@pytest.mark.parametrize(
    ("name", "typed", "offered"),
    [
        ("tag", "vpn, hom", ["vpn, home office"]),
        ("tag", "", []),
        ("requester", "petra", ["petra@example.org"]),
        ("watcher", "me, lindq", ["me, petra@example.org"]),
        ("mentions", "lindq", ["petra@example.org"]),
        ("organization", "nord", ["Nordwerk"]),
        ("organization", "%", []),
        ("department", "hum", ["Human Resources"]),
        ("xyzzy", "a", []),
    ],
)
def test_fields_of_the_form_suggest_how_to_go_on(tags, name, typed, offered):
    house = make.organization(name="Nordwerk")
    make.department(house, "Human Resources"), make.department(make.organization(), "Human Resources")
    db.session.commit()
    found = tags.get("/queue/suggestions", query_string={name: typed}).text
    assert re.findall(r'<option value="([^"]*)"', found) == offered


def test_the_help_explains_every_field_by_an_example_that_works(desk):
    client, _ = desk
    make.organization(name="Hafen Logistik"), tagging.tags_called(["vpn", "mail"], maker=None)
    db.session.commit()
    page = client.get("/queue/help").text
    names = {field.name for field in Desk.of(make.agent()).fields.all}
    examples = [unescape(href) for href in re.findall(r'<a class="mono" href="([^"]+)"', page)]
    explained = re.findall(r'"filter-field" scope="row"><code>(\w+)</code>', page)
    assert set(explained) == names == set(EXAMPLES)
    assert len(examples) == len(names)
    for example in examples:
        assert client.get(example, follow_redirects=True).status_code == 200, example


def test_what_is_due_is_told_by_its_direction(tags):
    page = unescape(tags.get("/queue/all?q=due<7d+-due>2w+created<7d").text)
    assert "within 7d from now" in page
    assert "in more than 2w" in page
    assert "less than 7d ago" in page
