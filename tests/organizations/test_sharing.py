"""What the people of an organization see of each other's tickets, and that nobody else does."""

import re

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.organizations.memberships import change_member, remove_member
from portal.organizations.models import Membership, MembershipRole, Shares
from portal.tickets import actions
from portal.tickets.lists import tickets_seen_by
from portal.tickets.models import Part, Ticket
from portal.tickets.policy import Verb, may, visible_in_parts, visible_to
from portal.tickets.queries import ids_by_key
from portal.tickets.selections import Selection, count_of
from tests import factories as make

VIEWER = MembershipRole.VIEWER


@pytest.fixture
def town(world):
    """Nordwerk with two departments, Hafen with one, and tickets of each."""
    nordwerk, hafen = make.organization(name="Nordwerk"), make.organization(name="Hafen")
    sales, stock = make.department(nordwerk, "Sales"), make.department(nordwerk, "Stock")
    people = {
        "ann": make.member(nordwerk, department=sales, name="Ann"),
        "kaethe": make.member(nordwerk, department=sales, name="Käthe"),
        "zoe": make.member(nordwerk, department=stock, name="Zoë"),
        "wei": make.member(nordwerk, VIEWER, department=sales, name="Wei"),
        "homeless": make.member(nordwerk, name="Nobody's"),
        "jurgen": make.member(hafen, department=make.department(hafen, "Sales"), name="Jürgen"),
        "stranger": make.employee(name="Stranger"),
        "lucia": make.member(hafen, MembershipRole.OWNER, name="Lucía"),
    }
    tickets = {
        "ann": make.ticket(people["ann"], title="Printer of Ann"),
        "secret": make.ticket(people["ann"], title="Salary of Ann", is_confidential=True),
        "zoe": make.ticket(people["zoe"], title="Forklift"),
        "homeless": make.ticket(people["homeless"], title="Badge"),
        "jurgen": make.ticket(people["jurgen"], title="Crane"),
        "stranger": make.ticket(people["stranger"], title="Umbrella"),
    }
    make.note(tickets["ann"], body="An internal hypochondria")
    db.session.commit()
    return nordwerk, people, tickets


SEES = {
    Shares.OWN: {
        "ann": {"ann", "secret"},
        "kaethe": set(),
        "zoe": {"zoe"},
        "wei": set(),
        "homeless": {"homeless"},
        "jurgen": {"jurgen"},
        "lucia": set(),
        "stranger": {"stranger"},
    },
    Shares.DEPARTMENT: {
        "ann": {"ann", "secret"},
        "kaethe": {"ann"},
        "zoe": {"zoe"},
        "wei": {"ann"},
        "homeless": {"homeless"},
        "jurgen": {"jurgen"},
        "lucia": set(),
        "stranger": {"stranger"},
    },
    Shares.ALL: {
        "ann": {"ann", "secret", "zoe", "homeless"},
        "kaethe": {"ann", "zoe", "homeless"},
        "zoe": {"ann", "zoe", "homeless"},
        "wei": {"ann", "zoe", "homeless"},
        "homeless": {"ann", "zoe", "homeless"},
        "jurgen": {"jurgen"},
        "lucia": set(),
        "stranger": {"stranger"},
    },
}


@pytest.mark.parametrize("shares", Shares)
def test_each_sees_just_these_however_it_is_asked(town, shares):
    nordwerk, people, tickets = town
    nordwerk.shares = shares
    db.session.flush()
    names = {ticket.id: name for name, ticket in tickets.items()}
    keys = {ticket.key: name for name, ticket in tickets.items()}

    for who, expected in SEES[shares].items():
        user = people[who]
        as_sql = {names[each] for each in db.session.scalars(select(Ticket.id).where(visible_to(user)))}
        parts = [
            names[each]
            for part in visible_in_parts(user)
            for each in db.session.scalars(select(Ticket.id).where(part))
        ]
        listed = {keys[row.key] for row in db.session.execute(tickets_seen_by(user))}
        streamed = {keys[key] for key in ids_by_key(list(keys), seen_by=user)}
        one_by_one = {name for name, ticket in tickets.items() if may(user, Verb.SEE, ticket)}
        assert as_sql == set(parts) == listed == streamed == one_by_one == expected, who
        assert len(parts) == len(expected) == count_of(Selection.once(user), 100), who


def opened(client, ticket):
    return client.get(f"/tickets/{ticket.key}")


def test_a_colleague_reads_what_is_public_and_writes_nothing(town, client_for):
    nordwerk, people, tickets = town
    nordwerk.shares = Shares.ALL
    db.session.commit()
    client, key = client_for(people["zoe"]), tickets["ann"].key

    page = opened(client, tickets["ann"])

    assert page.status_code == 200
    assert "Printer of Ann" in page.text
    assert "You can read this request because Nordwerk shares" in page.text
    assert "hypochondria" not in page.text
    for place in ("comments", "solution", "reopening"):
        assert f"/tickets/{key}/{place}" not in page.text
        assert client.post(f"/tickets/{key}/{place}", data={"body": "x"}).status_code == 403
    assert client.get(f"/tickets/{key}/timeline").status_code == 200
    assert db.session.get(Ticket, tickets["ann"].id).reply_count == 0


@pytest.mark.parametrize("part", [Part.WATCHER, Part.REQUESTER])
def test_who_takes_part_replies_and_a_viewer_never(town, client_for, part):
    nordwerk, people, tickets = town
    nordwerk.shares = Shares.ALL
    for name in ("zoe", "wei"):
        actions.take_part(tickets["ann"], people[name], part)
    db.session.commit()

    answers = [
        client_for(people[name]).post(f"/tickets/{tickets['ann'].key}/comments", data={"body": name})
        for name in ("zoe", "wei")
    ]

    assert [answer.status_code for answer in answers] == [303, 403]


def test_what_is_not_shared_is_nowhere(town, client_for):
    nordwerk, people, tickets = town
    nordwerk.shares = Shares.ALL
    db.session.commit()

    for name in ("jurgen", "stranger", "lucia"):
        client = client_for(people[name])
        for method, path in (
            ("GET", ""),
            ("GET", "/timeline"),
            ("POST", "/comments"),
            ("POST", "/solution"),
        ):
            for headers in ({}, {"HX-Request": "true"}):
                url = f"/tickets/{tickets['ann'].key}{path}"
                assert client.open(url, method=method, headers=headers).status_code == 404, (name, path)
        assert "Printer" not in client.get("/tickets?q=printer&show=all").text.replace('value="printer"', "")
        assert client.get(f"/organizations/{nordwerk.id}/requests").status_code == 404
        assert client.get(f"/organizations/{nordwerk.id}").status_code == 404
    assert opened(client_for(people["zoe"]), tickets["secret"]).status_code == 404


def test_my_requests_stay_mine(town, client_for):
    nordwerk, people, _tickets = town
    nordwerk.shares = Shares.ALL
    db.session.commit()

    client = client_for(people["kaethe"])

    for path in ("/tickets?show=all", "/tickets?q=printer", "/"):
        assert "Printer of Ann" not in client.get(path).text


def listed(page):
    return set(re.findall(r'<h3><a href="/tickets/([^"]+)"', page.text))


def test_what_colleagues_asked_for_has_a_page(town, client_for):
    nordwerk, people, tickets = town
    actions.settle(tickets["zoe"], actor=None)
    url = f"/organizations/{nordwerk.id}/requests"
    keys = {name: ticket.key for name, ticket in tickets.items()}
    nordwerk.shares = Shares.DEPARTMENT
    db.session.commit()

    assert listed(client_for(people["kaethe"]).get(url)) == {keys["ann"]}
    assert listed(client_for(people["ann"]).get(url)) == set()  # her own stand under My requests
    assert "You are in no department" in client_for(people["homeless"]).get(url).text

    nordwerk.shares = Shares.ALL
    db.session.commit()
    client = client_for(people["wei"])
    assert listed(client.get(url)) == {keys["ann"], keys["homeless"]}
    assert listed(client.get(f"{url}?show=done")) == {keys["zoe"]}
    assert listed(client.get(f"{url}?show=all")) == {keys["ann"], keys["homeless"], keys["zoe"]}
    assert "Ann" in client.get(url, headers={"HX-Request": "true"}).text
    assert 'href="/organizations"' in client.get("/tickets").text

    nordwerk.shares = Shares.OWN
    db.session.commit()
    assert client.get(url).status_code == 404
    assert 'href="/organizations"' not in client.get("/tickets").text


def test_the_page_is_walked_with_the_same_few_statements(town, client_for, statements):
    nordwerk, people, _tickets = town
    nordwerk.shares = Shares.ALL
    client, counts = client_for(people["kaethe"]), []
    url = f"/organizations/{nordwerk.id}/requests"
    for number in (0, 30):
        for _ticket in range(number):
            make.ticket(people["ann"])
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        first = client.get(url)
        counts.append(len(statements))
    second = client.get(re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&"))

    assert counts[0] == counts[1] <= 6
    assert (len(listed(first)), len(listed(second))) == (25, 8)
    assert not listed(first) & listed(second)


def test_whoever_moves_leaves_their_tickets_to_the_old_department(town):
    nordwerk, people, tickets = town
    nordwerk.shares = Shares.DEPARTMENT
    db.session.flush()
    membership = db.session.get(Membership, (people["ann"].id, nordwerk.id))
    stock = db.session.get(Membership, (people["zoe"].id, nordwerk.id)).department

    change_member(membership, role=membership.role, department=stock, actor=people["ann"])
    new = make.ticket(people["ann"])

    assert may(people["kaethe"], Verb.SEE, tickets["ann"])
    assert not may(people["zoe"], Verb.SEE, tickets["ann"])
    assert not may(people["kaethe"], Verb.SEE, new)
    assert may(people["zoe"], Verb.SEE, new)
    assert may(people["ann"], Verb.SEE, tickets["zoe"])


def test_whoever_is_removed_sees_their_own_alone_at_once(town, client_for):
    nordwerk, people, tickets = town
    nordwerk.shares = Shares.ALL
    db.session.commit()
    client = client_for(people["zoe"])
    assert opened(client, tickets["ann"]).status_code == 200

    remove_member(db.session.get(Membership, (people["zoe"].id, nordwerk.id)), actor=people["lucia"])
    db.session.commit()

    assert opened(client, tickets["ann"]).status_code == 404
    assert opened(client, tickets["zoe"]).status_code == 200
    assert client.get(f"/organizations/{nordwerk.id}/requests").status_code == 404


def test_an_agents_queue_does_not_grow_by_what_their_colleagues_share(town):
    nordwerk, _people, tickets = town
    nordwerk.shares = Shares.ALL
    petra = make.member(nordwerk, person=make.agent())
    actions.assign_team(tickets["ann"], make.team(), actor=None)

    assert not may(petra, Verb.SEE, tickets["ann"])


# For which organization somebody asks.


def ask(client, world, **more):
    form = {"type": "incident", "title": "Broken", "priority": "low", "project_id": world.id}
    return client.post("/tickets/new", data=form | more)


def asked():
    return db.session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()


def test_with_one_membership_it_is_that(town, client_for, world):
    nordwerk, people, _ = town
    client = client_for(people["ann"])

    assert "For which organization?" not in client.get("/tickets/new").text
    ask(client, world)

    ticket = asked()
    department = db.session.get(Membership, (people["ann"].id, nordwerk.id)).department_id
    assert (ticket.organization_id, ticket.department_id) == (nordwerk.id, department)


@pytest.mark.parametrize("who", ["stranger", "wei"])
def test_with_none_or_as_a_viewer_it_is_nobodys(town, client_for, world, who):
    nordwerk, people, _ = town
    client = client_for(people[who])

    assert "For which organization?" not in client.get("/tickets/new").text
    ask(client, world, organization_id=nordwerk.id)

    assert (asked().organization_id, asked().department_id) == (None, None)


def test_with_several_the_form_asks_and_offers_the_last_one(town, client_for, world):
    nordwerk, people, _ = town
    ann, second = people["ann"], make.organization(name="Ahorn")
    only_read = make.organization(name="Only read")
    make.member(second, person=ann)
    make.member(only_read, VIEWER, person=ann)
    db.session.commit()
    client = client_for(ann)

    page = client.get("/tickets/new").text
    assert f'<option selected value="{nordwerk.id}">Nordwerk' in page
    assert "Only read" not in page
    for wrong in ("", only_read.id, 999999, "x"):
        assert ask(client, world, organization_id=wrong).status_code == 422
    assert ask(client, world, organization_id=second.id).status_code == 303

    assert asked().organization_id == second.id
    assert f'<option selected value="{second.id}">Ahorn' in client.get("/tickets/new").text


def test_the_form_says_who_can_read_along(town, client_for, world):
    house = make.organization(name="Glashaus", shares=Shares.ALL)
    silent = make.organization(name="Stillhaus", shares=Shares.OWN)
    ann, ben = make.member(house), make.member(silent)
    db.session.commit()

    told = "Your colleagues at Glashaus can read along"
    assert told in client_for(ann).get("/tickets/new").text
    assert "can read along" not in client_for(ben).get("/tickets/new").text


def test_what_colleagues_asked_for_is_searched(world, client_for):
    house = make.organization(shares=Shares.ALL)
    ann, ben = make.member(house), make.member(house)
    for title in ("A quokka in the lift", "The printer again"):
        make.ticket(ben, title=title).organization = house
    make.ticket(ben, title="A secret quokka", is_confidential=True).organization = house
    db.session.commit()
    client, page = client_for(ann), f"/organizations/{house.id}/requests"

    found = client.get(page, query_string={"q": "quokka"})

    assert "A quokka in the lift" in found.text
    assert "The printer again" not in found.text
    assert "secret" not in found.text
    assert 'value="quokka"' in found.text
    assert "No request with these words" in client.get(page, query_string={"q": "wombat"}).text
    wrong = client.get(page, query_string={"q": "?!"})
    assert (wrong.status_code, "Clear the search" in wrong.text) == (422, True)
