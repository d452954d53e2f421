"""Saved views: whose they are, what each reader sees of them, and that nothing of them is lost."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from portal.desk import actions, counts
from portal.desk.actions import Wanted
from portal.desk.columns import COLUMNS, USUAL
from portal.desk.models import View, ViewChoice
from portal.desk.policy import offered_to, visible_to
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.sharing import Sharing
from portal.tickets.models import Priority
from tests import factories as make


def save(owner, name="Urgent", filter="priority>=high", sort="-updated", **shared):  # noqa: A002, a view's word
    view = actions.save_view(Wanted(name=name, filter=filter, sort=sort, **shared), USUAL, owner=owner)
    db.session.commit()
    return view


def for_all(owner, **values):
    return save(owner, shared_with=Sharing.EVERYONE, **values)


def address(view, rest=""):
    return f"/queue/view/{view.public_id}{rest}"


def listed(page):
    return re.findall(r'id="row-([^"]+)"', page.text)


def in_sidebar(page):
    """The labels of the views at the side, with their counts where there are any."""
    side = re.search(r'<nav class="side-group side-views".*?</nav>', page.text, re.DOTALL)[0]
    links = re.findall(
        r'<span class="truncate">(.*?)</span>\s*(?:<span class="count[^"]*"[^>]*>([^<]*))?', side
    )
    return {unescape(label): count for label, count in links}


def kinds():
    return list(db.session.scalars(select(Event.kind).where(Event.kind.like("view.%")).order_by(Event.id)))


@pytest.fixture
def desk(world, client_for):
    team = make.team(name="Network")
    petra = make.agent(name="Petra Lindqvist", email="petra@example.org", team=team)
    db.session.commit()
    return petra, client_for(petra), team


# Saving.


def test_a_list_that_was_changed_is_saved_as_a_view_of_ones_own(desk):
    petra, client, _team = desk
    urgent = make.ticket(priority=Priority.HIGH, assignee=petra)
    make.ticket(priority=Priority.HIGH)
    db.session.commit()
    page = client.get("/queue/mine?q=priority>%3Dhigh&sort=priority")
    (path,) = re.findall(r'href="(/queue/views/new[^"]+)"', page.text.split('id="main"')[1])

    form = client.get(unescape(path))
    assert 'value="is:open is:mine priority&gt;=high"' in form.text
    sent = {"name": " My  urgent ", "filter": "prio>=HIGH is:open assignee:me", "sort": "priority"}
    saved = client.post(unescape(path), data=sent)

    view = db.session.scalars(select(View)).one()
    assert saved.location == address(view)
    assert (view.name, view.filter, view.sort) == (
        "My urgent",
        "priority>=high is:open assignee:me",
        "priority",
    )
    page = client.get(address(view))
    assert listed(page) == [urgent.key]
    assert "My urgent" in in_sidebar(page)
    assert kinds() == []


def test_an_unchanged_list_offers_nothing_to_save(desk):
    _petra, client, _team = desk
    assert "Save as new view" not in client.get("/queue/mine").text


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 61}, "Use at most 60 characters."),
        ({"filter": "statsu:open"}, "Did you mean “status”?"),
        ({"sort": "closed"}, "Only closed tickets can be sorted"),
        ({"sort": "xyzzy"}, "Not a valid choice"),
        ({"name": "Taken"}, "a view of this name already"),
    ],
)
def test_what_is_no_view_is_refused_and_all_that_was_typed_kept(desk, sent, said):
    petra, client, _team = desk
    save(petra, name="Taken")
    typed = {"name": "Good name", "filter": "is:open", "sort": "-updated"} | sent
    page = client.post("/queue/views/new", data=typed)
    assert page.status_code == 422
    assert said in unescape(page.text)
    assert typed["name"].strip() in page.text
    assert db.session.scalar(select(func.count()).select_from(View)) == 1


def test_nobody_has_more_than_fifty_views_and_what_was_typed_stays(desk, monkeypatch):
    petra, client, _team = desk
    monkeypatch.setattr(actions, "MOST", 2)
    save(petra, name="One")
    save(petra, name="Two")
    page = client.post("/queue/views/new", data={"name": "Three", "filter": "is:open", "sort": "id"})
    assert page.status_code == 409
    assert "You have 2 views, and cannot save more." in page.text
    assert 'value="Three"' in page.text


def test_the_same_name_is_free_for_somebody_else(desk):
    petra, _client, _team = desk
    save(petra, name="Mine alone")
    assert save(make.agent(), name="Mine alone").version == 1
    with pytest.raises(DomainError):
        save(petra, name="Mine alone")


# Who sees it.


def test_a_private_view_of_another_is_not_there(desk, client_for):
    petra, _client, _team = desk
    view = save(petra)
    for person in (make.agent(), make.manager(), make.admin()):
        client = client_for(person)
        for rest in ("", "/filter", "/edit", "/deletion", "/columns"):
            assert client.get(address(view, rest)).status_code == 404
        for rest in ("/edit", "/deletion", "/position", "/columns"):
            assert client.post(address(view, rest)).status_code == 404
        assert client.post(f"/queue/views/{view.public_id}/sidebar").status_code == 404
        assert view.name not in in_sidebar(client.get("/queue"))
        assert view.name not in client.get("/queue/views").text


def test_who_has_a_view_is_the_same_asked_of_all_and_one_by_one(desk):
    petra, _client, team = desk
    boss, other = make.manager(), make.agent()
    views = {
        "private": save(petra, name="private"),
        "team": save(boss, name="team", shared_with=Sharing.TEAM, team=team),
        "all": for_all(boss, name="all"),
        "boss": save(boss, name="boss"),
    }

    def found(condition):
        return set(db.session.scalars(select(View.name).where(condition)))

    assert found(offered_to(petra)) == {"private", "team", "all"}
    assert found(offered_to(other)) == found(visible_to(other)) == {"all"}
    assert found(offered_to(boss)) == {"team", "all", "boss"}
    admin = make.admin()
    assert found(offered_to(admin)) == {"all"}
    assert found(visible_to(admin)) == {"team", "all"}
    assert len(views) == 4


def test_a_team_s_view_is_listed_for_its_members(desk, client_for):
    _petra, client, team = desk
    boss = make.manager(name="Berta")
    sent = {"name": "Ours", "filter": "team:mine is:open", "sort": "-updated", "shared": str(team.id)}
    client_for(boss).post("/queue/views/new", data=sent)
    assert "Ours" in in_sidebar(client.get("/queue"))
    assert "Berta" in client.get("/queue/views").text
    assert "Ours" not in in_sidebar(client_for(make.agent()).get("/queue"))
    assert kinds() == [Kind.VIEW_SHARED]


def test_an_agent_shares_nothing(desk):
    _petra, client, team = desk
    assert 'name="shared"' not in client.get("/queue/views/new").text
    for shared in ("everyone", str(team.id)):
        sent = {"name": shared, "filter": "", "sort": "id", "shared": shared}
        client.post("/queue/views/new", data=sent)
    assert {view.shared_with for view in db.session.scalars(select(View))} == {Sharing.NOBODY}


def test_a_shared_view_is_each_reader_s_own(desk, client_for):
    petra, client, team = desk
    ben = make.agent(team=make.team())
    mine = make.ticket(team=team, assignee=petra)
    make.ticket(team=team, assignee=petra, title="Second")
    bens = make.ticket(assignee=ben)
    view = for_all(make.manager(), name="On my desk", filter="assignee:me is:open")
    for who, expected in ((client, 2), (client_for(ben), 1)):
        page = who.get(address(view))
        counted = in_sidebar(who.get("/queue/counts"))
        assert len(listed(page)) == expected
        assert counted["On my desk"] == str(expected)
    assert bens.key not in client.get(address(view)).text
    assert mine.key in client.get(address(view)).text


def test_another_s_shared_view_is_read_but_not_changed(desk):
    _petra, client, _team = desk
    view = for_all(make.manager(name="Berta"))
    page = client.get(address(view, "?q=status:open"))
    assert page.status_code == 200
    assert ">Save</button>" not in page.text
    assert "Save as new view" in page.text
    for rest in ("/edit", "/deletion"):
        assert client.get(address(view, rest)).status_code == 403
        assert client.post(address(view, rest)).status_code == 403
    assert client.post(address(view, "/position")).status_code == 404


def test_a_manager_looks_after_shared_views_of_others(desk, client_for):
    _petra, _client, _team = desk
    view = for_all(make.manager())
    client = client_for(make.manager())
    assert "All of them lose it." in client.get(address(view, "/deletion")).text
    client.post(address(view, "/deletion"))
    assert db.session.scalar(select(View)) is None
    assert kinds() == [Kind.VIEW_SHARED, Kind.VIEW_DELETED]


# Changing.


def test_a_changed_filter_is_saved_in_place_or_discarded(desk):
    petra, client, _team = desk
    view = save(petra)
    assert "Changed view" not in client.get(address(view)).text
    page = client.get(address(view, "?q=status:open&sort=id"))
    assert "Changed view" in page.text
    form = re.search(
        rf'<form class="act" method="post" action="{address(view, "/edit")}">.*?</form>', page.text
    )
    sent = dict(re.findall(r'name="(?!csrf)(\w+)" value="([^"]*)"', form[0]))

    moved = client.post(address(view, "/edit"), data=sent)

    assert moved.location == address(view)
    assert (view.filter, view.sort, view.version) == ("status:open", "id", 2)
    assert kinds() == []


def test_an_empty_filter_in_a_view_is_a_change_too(desk):
    petra, client, _team = desk
    ticket = make.ticket(priority=Priority.LOW)
    view = save(petra)
    page = client.get(address(view, "?q="))
    assert listed(page) == [ticket.key]
    assert "Changed view" in page.text


def test_two_tabs_that_save_the_same_view_lose_nothing(desk):
    petra, client, _team = desk
    view = save(petra)
    common = {"sort": "-updated", "version": "1"}
    client.post(address(view, "/edit"), data={"name": "First", "filter": "type:incident", **common})
    second = client.post(address(view, "/edit"), data={"name": "Second", "filter": "type:task", **common})
    assert second.status_code == 409
    assert "type:incident" in second.text
    assert 'value="type:task"' in second.text
    assert 'name="version" type="hidden" value="2"' in second.text
    assert (view.name, view.filter) == ("First", "type:incident")
    common["version"] = "2"
    client.post(address(view, "/edit"), data={"name": "Second", "filter": "type:task", **common})
    assert (view.name, view.filter, view.version) == ("Second", "type:task", 3)


def test_what_is_shared_is_recorded(desk, client_for):
    _petra, _client, _team = desk
    boss = make.manager()
    client = client_for(boss)
    view = save(boss)
    sent = {"name": "Urgent", "filter": "priority>=high", "sort": "-updated"}
    client.post(address(view, "/edit"), data=sent | {"shared": "everyone", "version": "1"})
    client.post(address(view, "/edit"), data=sent | {"shared": "everyone", "version": "2", "name": "Hot"})
    client.post(address(view, "/edit"), data=sent | {"shared": "everyone", "version": "3", "name": "Hot"})
    client.post(address(view, "/edit"), data=sent | {"shared": "nobody", "version": "3", "name": "Hot"})
    assert kinds() == [Kind.VIEW_SHARED, Kind.VIEW_EDITED, Kind.VIEW_SHARED]
    page = client_for(make.admin()).get("/admin/audit")
    assert "Sharing of a view changed" in page.text


def test_own_views_have_an_order(desk):
    petra, client, _team = desk
    views = [save(petra, name=name) for name in ("One", "Two", "Three")]
    client.post(address(views[2], "/position"), data={"direction": "up"})
    client.post(address(views[0], "/position"), data={"direction": "up"})
    assert [name for name in in_sidebar(client.get("/queue")) if name in {"One", "Two", "Three"}] == [
        "One",
        "Three",
        "Two",
    ]


def test_a_view_is_hidden_and_shown_again(desk):
    _petra, client, _team = desk
    view = for_all(make.manager())
    for name, label in ((view.public_id, "Urgent"), ("overdue", "Overdue")):
        client.post(f"/queue/views/{name}/sidebar", data={"shown": "no"})
        assert label not in in_sidebar(client.get("/queue"))
        client.post(f"/queue/views/{name}/sidebar", data={"shown": "yes"})
        assert label in in_sidebar(client.get("/queue"))
    assert client.post("/queue/views/xyzzy/sidebar").status_code == 404


def test_a_deleted_view_leaves_nothing(desk):
    petra, client, _team = desk
    view = for_all(make.manager())
    client.post(f"/queue/views/{view.public_id}/sidebar", data={"shown": "no"})
    actions.delete_view(view, actor=petra)
    db.session.commit()
    assert db.session.scalar(select(ViewChoice)) is None


# A filter that has become none.


def test_a_view_whose_filter_is_none_any_more_says_why_and_how_to_mend_it(desk):
    petra, client, _team = desk
    team = make.team(name="Printers")
    view = save(petra, name="Paper", filter="team:Printers")
    team.name = "Paperwork"
    db.session.commit()
    page = client.get(address(view))
    assert page.status_code == 422
    assert "cannot be “Printers”" in unescape(page.text)
    assert f'href="{address(view, "/edit")}"' in page.text
    edit = client.get(address(view, "/edit"))
    assert edit.status_code == 200
    assert "cannot be “Printers”" in unescape(edit.text)
    assert client.get(address(view, "/filter")).status_code in {200, 422}
    assert client.get(address(view, "/columns")).status_code == 200
    assert in_sidebar(client.get("/queue/counts"))["Paper"] == "!"


def test_of_another_s_view_nobody_learns_what_they_may_not_know(desk):
    _petra, client, _team = desk
    make.project("SECRET", members_only=True)
    view = for_all(make.admin(), name="Hush", filter="project:SECRET is:open")
    page = client.get(address(view))
    assert page.status_code == 422
    assert "This view asks for something" in page.text
    for path in (address(view), address(view, "/filter"), "/queue/views", "/queue/counts"):
        assert "SECRET" not in client.get(path).text


# The built-in ones, and their counts.


def test_built_in_views_hold_what_they_say(desk):
    _petra, client, team = desk
    waiting = make.ticket(team=team)
    actions_of = make.ticket(team=team, status="closed")
    make.walk(waiting, "blocked")
    waiting.waiting_for = "requester"
    db.session.commit()
    assert listed(client.get("/queue/waiting")) == [waiting.key]
    assert listed(client.get("/queue/recent")) == [actions_of.key]
    assert listed(client.get("/queue/overdue")) == []
    assert listed(client.get("/queue/recent?sort=closed")) == [actions_of.key]


def test_the_recently_closed_begin_with_the_last(desk):
    _petra, client, team = desk
    keys = [make.ticket(team=team, status="closed").key for _number in range(3)]
    db.session.commit()
    first = client.get("/queue/recent?size=2")
    assert listed(first) == keys[:0:-1]
    assert "Closed last first" in first.text
    following = re.search(r'href="([^"]+)" rel="next"', first.text)[1]
    assert listed(client.get(unescape(following))) == keys[:1]


def test_what_is_open_has_no_order_of_closing(desk):
    _petra, client, team = desk
    ticket = make.ticket(team=team)
    db.session.commit()
    page = client.get("/queue?sort=-closed")
    assert listed(page) == [ticket.key]
    assert "Closed last first" not in page.text


def test_each_count_is_the_length_of_its_list(desk):
    petra, client, team = desk
    for number in range(3):
        make.ticket(team=team, assignee=petra, priority=Priority.HIGH, title=f"T {number}")
    make.ticket(team=make.team())
    make.ticket()
    make.ticket(team=team, status="closed")
    save(petra)
    paths = dict(re.findall(r'class="side-link" href="(/queue[^"]*)".*?<span class="truncate">(.*?)</span>',
                            client.get("/queue/counts").text))  # fmt: skip
    counted = in_sidebar(client.get("/queue/counts"))
    assert len(paths) == 10
    for path, label in paths.items():
        assert counted[unescape(label)] == str(len(listed(client.get(path)))), label


def test_more_than_a_thousand_are_told_as_that(desk, monkeypatch):
    _petra, client, _team = desk
    monkeypatch.setattr(counts, "MOST", 2)
    for _number in range(3):
        make.ticket()
    db.session.commit()
    assert in_sidebar(client.get("/queue/counts"))["All open"] == "1k+"


def test_the_page_of_a_list_counts_no_view(desk, statements):
    petra, client, team = desk
    for _number in range(3):
        make.ticket(team=team)
    view = save(petra)
    for path in ("/queue", address(view), "/queue/views", "/"):
        client.get(path)
        statements.clear()
        page = client.get(path)
        assert page.status_code == 200
        assert not [statement for statement in statements if "1001" in statement]
        assert len(statements) <= 8
        assert in_sidebar(page)["Unassigned"] == ""
        assert not [statement for statement in statements if re.search(r"count\(\*\).*tickets", statement)]


def test_all_views_are_counted_in_one_statement_however_many_they_are(desk, statements):
    petra, client, team = desk
    make.ticket(team=team)
    numbers = []
    client.get("/queue/counts")
    for many in (1, 12):
        for number in range(many):
            save(petra, name=f"{many} {number}", filter=f"priority>=high updated<{many + number}d")
        client.application.extensions.pop("remembered", None)
        statements.clear()
        client.get("/queue/counts")
        numbers.append(len(statements))
        assert len([statement for statement in statements if "LIMIT 1001" in statement]) == 1
    assert numbers[0] == numbers[1]


def test_counts_are_kept_for_some_seconds_and_then_asked_for_again(desk, statements):
    _petra, client, _team = desk
    first = client.get("/queue/counts")
    assert 'hx-trigger="news"' in first.text
    statements.clear()
    second = client.get("/queue/counts")
    assert 'hx-trigger="load delay:5' in second.text
    assert not [statement for statement in statements if "LIMIT 1001" in statement]


def test_what_takes_too_long_has_no_number_and_the_others_have_theirs(desk, monkeypatch):
    petra, client, team = desk
    make.ticket(team=team)
    save(petra, name="Slow", filter="priority>=high created<9d")
    real = counts._row

    def row(numbers):
        slow = [select(func.pg_sleep(5)).scalar_subquery()]
        return real(slow if any("priority_rank" in str(number) for number in numbers) else numbers)

    monkeypatch.setattr(counts, "_row", row)
    monkeypatch.setattr(counts, "TOGETHER", 100)
    monkeypatch.setattr(counts, "ALONE", 100)
    counted = in_sidebar(client.get("/queue/counts"))
    assert counted["Slow"] == ""
    assert counted["All open"] == "1"


def test_a_statement_that_is_too_slow_is_given_up_and_the_transaction_goes_on(app):
    before = db.session.scalar(select(func.current_setting("statement_timeout")))
    slow, fast = select(func.pg_sleep(5)), select(1)
    assert counts._within(50, lambda: db.session.execute(slow).one()) is None
    assert counts._within(5000, lambda: db.session.execute(fast).one()) == (1,)
    assert db.session.scalar(select(func.current_setting("statement_timeout"))) == before


def test_what_words_find_is_not_counted(desk):
    petra, client, _team = desk
    save(petra, name="Words", filter="printer is:open")
    assert in_sidebar(client.get("/queue/counts"))["Words"] == ""


def test_employees_have_no_views(world, client_for):
    client = client_for(make.employee())
    assert "side-views" not in client.get("/").text
    assert client.get("/queue/counts").status_code == 403


# Columns.


def heads(page):
    return [
        unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in re.findall(r"<th\b.*?</th>", page.text)
    ]


def test_columns_are_chosen_per_view_and_kept_for_the_person(desk, client_for):
    _petra, client, team = desk
    make.ticket(team=team)
    db.session.commit()
    moved = client.post(
        "/queue/open/columns?sort=id",
        data={"order": ["key", "title", "type", "requester"], "shown": ["type", "title", "requester"]},
    )
    assert moved.location == "/queue?sort=id"
    assert heads(client.get("/queue")) == ["Subject", "Type", "Requester"]
    assert "Team and topic" in heads(client.get("/queue/all"))
    assert "Team and topic" in heads(client_for(make.agent(team=team)).get("/queue"))
    client.post("/queue/open/columns", data={"reset": "yes", "order": ["key"], "shown": ["key"]})
    assert "Team and topic" in heads(client.get("/queue"))


def test_columns_of_an_own_view_are_the_view_s_and_of_another_s_one_s_own(desk, client_for):
    _petra, client, team = desk
    boss = make.manager()
    make.ticket(team=team, priority=Priority.HIGH)
    view = for_all(boss)
    client_for(boss).post(address(view, "/columns"), data={"order": ["key"], "shown": ["key"]})
    assert heads(client.get(address(view))) == ["Subject and requester", "Key"]
    client.post(address(view, "/columns"), data={"order": ["status"], "shown": ["status"]})
    assert heads(client.get(address(view))) == ["Subject and requester", "Status"]
    assert heads(client_for(boss).get(address(view))) == ["Subject and requester", "Key"]
    assert kinds() == [Kind.VIEW_SHARED, Kind.VIEW_EDITED]


def test_a_column_changes_places_before_anything_is_saved(desk):
    _petra, client, _team = desk
    sent = {"order": ["key", "title", "status"], "shown": ["status"], "move": "up:status"}
    page = client.post("/queue/open/columns", data=sent)
    assert page.status_code == 200
    assert re.findall(r'name="order" value="(\w+)"', page.text)[:3] == ["key", "status", "title"]
    assert re.search(r'value="status" checked', page.text)
    assert db.session.scalar(select(ViewChoice)) is None


def test_what_is_no_column_is_refused(desk):
    _petra, client, _team = desk
    sent = {"order": ["key"], "shown": ["key", "xyzzy"]}
    assert client.post("/queue/open/columns", data=sent).status_code == 422
    assert client.get("/queue/xyzzy/columns").status_code == 404


def test_every_column_shows_its_cell_in_as_few_statements(desk, statements):
    petra, client, team = desk
    ticket = make.ticket(team=team, assignee=petra, category=make.category("Wires"))
    make.reply(ticket, petra)
    view = save(petra, filter="")
    view.columns = list(COLUMNS)
    db.session.commit()
    client.get(address(view))
    statements.clear()
    page = client.get(address(view))
    assert len(statements) <= 8
    assert len(heads(page)) == len(COLUMNS)
    row = re.search(r"<tr class=\"ticket-row.*?</tr>", page.text, re.DOTALL)[0]
    cells = [re.sub(r"<[^>]+>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    cells.pop(0)  # its box
    assert len(cells) == len(COLUMNS)
    assert "1 reply" not in row
    assert cells[list(COLUMNS).index("replies")] == ["1"]
    assert cells[list(COLUMNS).index("project")] == ["IT", "support"]
    assert cells[list(COLUMNS).index("category")] == ["Wires"]
