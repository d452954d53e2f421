"""Two tickets become one for everybody who reads them, and two again, as if nothing had been."""

import pytest
from sqlalchemy import select, text

from portal import invariants
from portal.errors import DomainError, NotAllowed
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.models import Transition
from portal.notifications.live import _topics
from portal.organizations.models import Shares
from portal.tickets import drafts, links, moving
from portal.tickets.merging import joining, losing, merge, newcomers, unmerge
from portal.tickets.models import Comment, Part, Ticket, TicketPerson, WaitingFor
from portal.tickets.queries import held_together_or_404
from portal.tickets.relations import Relation
from portal.tickets.unsent import Draft
from tests import factories as make
from tests.parallel import at_once

HTMX = {"HX-Request": "true"}


class Town:
    """IT-1 of Ann's, and IT-2 of Bert's about the same; both are in Petra's team."""


@pytest.fixture
def town(world):
    found = Town()
    found.team = make.team(name="Network")
    found.ann, found.bert = make.employee(name="Ann"), make.employee(name="Bert")
    found.petra = make.agent(name="Petra", team=found.team)
    found.olga = make.agent(name="Olga", team=found.team)
    found.into = make.ticket(found.ann, team=found.team, title="No VPN", description="Since noon.")
    found.source = make.ticket(found.bert, team=found.team, title="Tunnel is down", description="A wombat.")
    make.reply(found.into, found.ann, body="Ann says hello")
    make.reply(found.source, found.bert, body="Bert saw a quokka")
    make.note(found.source, found.olga, body="A secret numbat")
    make.walk(found.source, "blocked", actor=found.petra)
    found.source.waiting_for = WaitingFor.SUPPLIER
    make.actions.watch(found.source, found.olga)
    db.session.commit()
    return found


def do_merge(town, **who):
    merge(town.source, town.into, actor=who.get("actor", town.petra))
    db.session.commit()


def do_unmerge(town):
    unmerge(town.source, actor=town.petra)
    db.session.commit()


def parts(ticket):
    rows = select(TicketPerson).where(TicketPerson.ticket_id == ticket.id)
    return {(row.user_id, row.part) for row in db.session.scalars(rows)}


def kinds(ticket):
    found = select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.id)
    return list(db.session.scalars(found))


# What a merge does.


def test_it_goes_on_in_the_other_one_and_is_closed(town):
    do_merge(town)

    assert (town.source.merged_into_id, town.source.status.name) == (town.into.id, "closed")
    assert (town.bert.id, Part.PARTICIPANT) in parts(town.into)
    assert (town.olga.id, Part.WATCHER) in parts(town.into)
    assert (town.source.reply_count, town.into.reply_count) == (1, 1)
    assert invariants.broken() == {}
    ending = kinds(town.source)[-3:]
    assert ending == [Kind.TICKET_MERGED, Kind.STATUS_CHANGED, Kind.STATUS_CHANGED]  # by way of in progress
    assert kinds(town.into)[-2:] == [Kind.TICKET_ABSORBED, Kind.PARTICIPANT_ADDED]


def test_the_timeline_of_the_other_one_tells_both_in_order(town, client_for):
    make.reply(town.into, town.petra, body="Petra asks further")
    do_merge(town)

    page = client_for(town.ann).get("/tickets/IT-1").text

    said = ["Since noon.", "A wombat.", "Ann says hello", "Bert saw a quokka", "Petra asks further"]
    places = [page.index(each) for each in said]
    assert places == sorted(places)
    assert '<span class="source mono">IT-2</span>' in page
    assert "<b>Petra</b> merged <b>IT-2</b> into this" in page
    assert "numbat" not in page
    assert "marked it as solved" not in page  # what closed the other is not told of this one
    assert "A secret numbat" in client_for(town.petra).get("/tickets/IT-1").text


def test_earlier_events_of_both_come_when_asked_for(town, client_for):
    for number in range(60):
        make.reply(town.into, town.ann, body=f"Ann's {number}")
        make.reply(town.source, town.bert, body=f"Bert's {number}")
    do_merge(town)
    client = client_for(town.ann)
    page = client.get("/tickets/IT-1").text
    before = page.split("/timeline?before=")[1].split('"')[0]
    earlier = client.get(f"/tickets/IT-1/timeline?before={before}", headers=HTMX).text
    shown = page + earlier
    assert [n for n in range(60) if f"Ann's {n}" not in shown.replace("&#39;", "'")] == []
    assert [n for n in range(60) if f"Bert's {n}" not in shown.replace("&#39;", "'")] == []


def test_its_key_leads_to_the_other_one_for_ever(town, client_for):
    do_merge(town)
    for person in (town.ann, town.bert, town.petra):
        for headers in ({}, HTMX):
            answer = client_for(person).get("/tickets/IT-2", headers=headers)
            assert (answer.status_code, answer.location) == (301, "/tickets/IT-1")
    for key in ("IT-1", "IT-2"):
        assert client_for(make.employee()).get(f"/tickets/{key}").status_code == 404
    assert _topics(town.bert, ["ticket:IT-2"])[f"ticket:{town.into.id}"] == "ticket:IT-2"
    assert f"ticket:{town.source.id}" not in _topics(town.bert, ["ticket:IT-2"])


def test_so_does_a_key_that_it_had_before_it_was_moved(town, client_for):
    hr = make.project("HR", name="HR")
    moving.move(town.source, hr, actor=town.petra)
    do_merge(town)
    for key in ("IT-2", "HR-1"):
        assert client_for(town.bert).get(f"/tickets/{key}").location == "/tickets/IT-1"


def test_a_reply_and_a_note_from_a_page_that_stood_open_arrive(town, client_for):
    do_merge(town)
    answer = client_for(town.bert).post("/tickets/IT-2/comments", data={"body": "From an open page"})
    assert (answer.status_code, answer.location) == (303, "/tickets/IT-1")
    client_for(town.olga).post("/tickets/IT-2/notes", data={"body": "A note"})
    written = select(Comment).where(Comment.body.in_(["From an open page", "A note"]))
    assert {each.ticket_id for each in db.session.scalars(written)} == {town.into.id}
    assert db.session.get_one(Ticket, town.into.id).reply_count == 2
    assert invariants.broken() == {}


@pytest.mark.parametrize("path", ["solution", "status", "priority", "assignment", "fields", "project"])
def test_what_somebody_decided_of_the_merged_one_is_not_done_to_the_other(town, client_for, path):
    do_merge(town)
    data = {"status": make.status("closed").id, "priority": "low", "assignee_id": town.petra.id}
    answer = client_for(town.petra).post(f"/tickets/IT-2/{path}", data=data)
    assert answer.status_code == 409
    assert "IT-2 was merged into IT-1 meanwhile. Nothing was changed." in answer.text
    assert db.session.get_one(Ticket, town.into.id).status.name == "open"


def test_drafts_and_the_files_sent_for_them_go_along(town, client_for):
    drafts.save_draft(town.bert, "IT-2:reply", {"body": "Half written"})
    drafts.save_draft(town.petra, "IT-1:note", {"body": "First"})
    drafts.save_draft(town.petra, "IT-2:note", {"body": "Second"})
    make.file(None, town.bert, draft=f"{town.source.id}:reply")
    do_merge(town)
    page = client_for(town.bert).get("/tickets/IT-1").text
    assert "Half written" in page
    assert "notes.txt" in page
    assert "First\n\nSecond" in client_for(town.petra).get("/tickets/IT-1").text
    assert set(db.session.scalars(select(Draft.scope))) == {"IT-1:reply", "IT-1:note"}


def test_its_people_are_told_once_that_it_goes_on_elsewhere(town, queue, client_for):
    db.session.commit()
    queue.run()
    for person in (town.bert, town.ann, town.olga):
        client_for(person).post("/notifications/read")
    do_merge(town)
    queue.run()

    bell = client_for(town.bert).get("/notifications").text
    assert "Petra merged it into IT-1: it goes on there" in bell
    unread = text("SELECT recipient_id FROM notifications WHERE read_at IS NULL")
    assert sorted(db.session.scalars(unread)) == sorted([town.bert.id, town.olga.id])
    client_for(town.bert).get("/tickets/IT-1")
    assert list(db.session.scalars(unread)) == [town.olga.id]


def test_who_was_let_in_stands_in_the_audit_log(town, client_for):
    do_merge(town)
    log = client_for(make.admin()).get("/admin/audit").text
    assert "Bert" in log


# Lists.


def keys_on(client, path):
    page = client.get(path, follow_redirects=True).text
    return {key for key in ("IT-1", "IT-2") if f'/tickets/{key}"' in page}


def test_lists_counts_and_searches_know_one_ticket(town, client_for):
    do_merge(town)
    desk = client_for(town.petra)
    assert keys_on(desk, "/queue/all") == {"IT-1"}
    assert keys_on(desk, "/queue/closed") == set()
    assert keys_on(desk, "/queue/open") == {"IT-1"}
    assert keys_on(desk, "/queue/all?q=is:merged") == {"IT-2"}
    assert keys_on(client_for(town.bert), "/tickets?show=all") == {"IT-1"}
    assert keys_on(client_for(town.bert), "/tickets?show=done") == set()


@pytest.mark.parametrize("words", ["quokka", "wombat", "tunnel", "IT-2"])
def test_words_of_the_merged_one_find_the_other(town, client_for, words, monkeypatch):
    do_merge(town)
    for is_frequent in (True, False):
        monkeypatch.setattr("portal.tickets.finding.is_frequent", lambda _, known=is_frequent: known)
        assert keys_on(client_for(town.petra), f"/queue/all?q={words}") == {"IT-1"}
        assert keys_on(client_for(town.petra), f"/queue/all?q=-{words}") == set()
    for person in (town.bert, town.ann):
        assert keys_on(client_for(person), f"/tickets?q={words}") == {"IT-1"}


def test_words_of_its_notes_find_it_for_the_desk_alone(town, client_for):
    do_merge(town)
    assert keys_on(client_for(town.petra), "/queue/all?q=numbat") == {"IT-1"}
    for person in (town.bert, town.ann):
        assert keys_on(client_for(person), "/tickets?q=numbat") == set()


# Who may, and what must not be.


def test_what_cannot_be_merged_says_why(town):
    third = make.ticket()
    with pytest.raises(DomainError, match="These are one ticket already"):
        merge(town.into, town.into, actor=town.petra)
    do_merge(town)
    with pytest.raises(DomainError, match="IT-2 was merged into another ticket"):
        merge(town.source, third, actor=town.petra)
    with pytest.raises(DomainError, match="IT-2 was merged into another ticket"):
        merge(third, town.source, actor=town.petra)
    merge(town.source, town.into, actor=town.petra)  # it is so already
    assert kinds(town.source).count(Kind.TICKET_MERGED) == 1


def test_only_who_works_on_both_merges_them(town, client_for):
    stranger, hr = make.agent(team=make.team()), make.project("HR", members_only=True)
    secret = make.ticket(project=hr, title="Salaries")
    make.actions.take_part(secret, town.petra, Part.WATCHER)
    db.session.commit()
    for actor in (stranger, town.ann):
        with pytest.raises(NotAllowed):
            merge(town.source, town.into, actor=actor)
    assert client_for(stranger).post("/tickets/IT-2/merge", data={"into": "IT-1"}).status_code == 404
    assert client_for(town.ann).post("/tickets/IT-2/merge", data={"into": "IT-1"}).status_code == 403
    for here, there in (("HR-1", "IT-1"), ("IT-1", "HR-1")):
        assert client_for(town.petra).post(f"/tickets/{here}/merge", data={"into": there}).status_code == 403
    assert client_for(stranger).get("/tickets/IT-1/merge?into=IT-2").status_code == 404


def test_what_is_confidential_is_shown_to_nobody_by_a_merge(town):
    town.source.is_confidential = True
    with pytest.raises(DomainError, match="IT-2 is confidential, and more people see IT-1"):
        merge(town.source, town.into, actor=make.admin())
    town.source.is_confidential, town.into.is_confidential = False, True
    with pytest.raises(DomainError, match="IT-1 is confidential, and Bert would see it by that"):
        merge(town.source, town.into, actor=make.admin())
    assert town.source.merged_into_id is None


def test_two_secrets_of_one_person_become_one(world, client_for):
    ann, boss = make.employee(name="Ann"), make.admin()
    into, source = make.ticket(ann, is_confidential=True), make.ticket(ann, is_confidential=True)
    merge(source, into, actor=boss)
    db.session.commit()
    assert client_for(ann).get("/tickets/IT-2").location == "/tickets/IT-1"
    assert client_for(make.agent()).get("/tickets/IT-2").status_code == 404


def test_what_is_for_members_alone_goes_on_in_no_other_project(town):
    hr = make.project("HR", members_only=True, name="People")
    secret = make.ticket(project=hr)
    with pytest.raises(DomainError, match="HR-1 belongs to People, which is for its members only"):
        merge(secret, town.into, actor=make.admin())
    another = make.ticket(project=hr)
    merge(secret, another, actor=make.admin())
    assert secret.merged_into_id == another.id


def test_the_desks_people_come_along_only_where_they_work(town):
    hr = make.project("HR", members_only=True)
    into = make.ticket(project=hr)
    merge(town.source, into, actor=make.admin())
    assert town.olga.id not in {user_id for user_id, _ in parts(into)}
    assert (town.bert.id, Part.PARTICIPANT) in parts(into)


def test_notes_of_a_project_stay_with_those_who_work_in_it(world, client_for):
    """Ines is limited to one project; a ticket of another is merged into one of hers."""
    other = make.project("OPS")
    ines, boss = make.agent(is_limited=True, name="Ines"), make.admin()
    make.project_member(world, ines)
    into, source = make.ticket(), make.ticket(project=other, title="Elsewhere")
    make.reply(source, body="A public quokka")
    noted = make.note(source, boss, body="A secret numbat")
    make.file(source, boss, "secret.txt", comment=noted, is_internal=True, public_id="secret-file-0001")
    make.file(source, None, "open.txt", public_id="open-file-000001")
    db.session.commit()
    client = client_for(ines)
    assert client.get("/attachments/open-file-000001").status_code == 404

    merge(source, into, actor=boss)
    db.session.commit()

    page = client.get("/tickets/IT-1").text
    assert "A public quokka" in page
    assert "open.txt" in page
    assert "numbat" not in page
    assert "secret.txt" not in page
    assert client.get("/attachments/open-file-000001").status_code == 200
    assert client.get("/attachments/secret-file-0001").status_code == 404
    assert keys_on(client, "/queue/all?q=numbat") == set()
    assert "A secret numbat" in client_for(boss).get("/tickets/IT-1").text


@pytest.mark.parametrize("who", ["ann", "bert", "participant", "colleague", "stranger", "petra", "outsider",
                                 "manager", "admin"])  # fmt: skip
def test_the_merged_one_is_read_by_just_those_who_read_the_other(town, client_for, program_of_all, who):
    house = make.organization(shares=Shares.ALL)
    for ticket in (town.into,):
        ticket.organization = house
    people = {
        "ann": town.ann,
        "bert": town.bert,
        "participant": make.employee(),
        "colleague": make.member(house),
        "stranger": make.employee(),
        "petra": town.petra,
        "outsider": make.agent(team=make.team()),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    make.actions.take_part(town.source, people["participant"], Part.PARTICIPANT)
    make.file(town.source, None, "plan.txt", public_id="plan-file-000001")
    do_merge(town)
    person, program = people[who], program_of_all(people[who])
    sees = who not in {"stranger", "outsider"}
    notes = who in {"petra", "manager", "admin"}

    for headers in ({}, HTMX):
        page = client_for(person).get("/tickets/IT-1", headers=headers)
        assert page.status_code == (200 if sees else 404)
        assert ("quokka" in page.text, "numbat" in page.text) == (sees, notes)
        assert client_for(person).get("/tickets/IT-2", headers=headers).status_code == (301 if sees else 404)
    assert client_for(person).get("/attachments/plan-file-000001").status_code == (200 if sees else 404)
    assert bool(_topics(person, ["ticket:IT-2"]).keys() & {f"ticket:{town.into.id}"}) == sees
    told = program("/tickets/IT-1")
    assert told.status_code == (200 if sees else 404)
    bodies = " ".join(one["body"] for one in told.json.get("comments", []))
    assert ("quokka" in bodies, "numbat" in bodies) == (sees, notes)
    assert program("/tickets/IT-2").status_code == (301 if sees else 404)
    listed = {row["key"] for row in program("/tickets?filter=quokka").json["tickets"]}
    assert listed == ({"IT-1"} if sees else set())


@pytest.fixture
def program_of_all(client_for):
    def program_of(person):
        sent = {"Authorization": f"Bearer {make.token(person)}"}
        db.session.commit()
        return lambda path: client_for(None).get(f"/api/v1{path}", headers=sent)

    return program_of


def test_links_of_the_merged_one_are_links_of_the_other(town, client_for):
    third = make.ticket(title="Third", team=town.team)
    links.link(town.source, Relation.BLOCKS, third, actor=town.petra)
    links.link(town.source, Relation.DUPLICATES, town.into, actor=town.petra)
    do_merge(town)
    client = client_for(town.petra)
    page = client.get("/tickets/IT-1").text
    assert 'href="/tickets/IT-3"' in page
    assert '<small class="muted">blocks</small>' in page
    assert '<small class="muted">duplicates</small>' not in page  # they are one now
    assert 'href="/tickets/IT-1"' in client.get("/tickets/IT-3").text


# And apart again.


def snapshot():
    """Every row but what happened, when, and how often it was changed."""
    tables = {
        "tickets": "id, key, title, description, status_id, waiting_for, assignee_id, team_id, requester_id,"
        " reply_count, merged_into_id, is_confidential, priority, organization_id",
        "ticket_people": "user_id, ticket_id, part, merged_from_id",
        "comments": "*",
        "attachments": "id, ticket_id, comment_id, uploader_id, scanned_status, object_key",
        "ticket_links": "*",
        "ticket_merges": "*",
        "ticket_keys": "*",
    }
    return {
        table: sorted(map(str, db.session.execute(text(f"SELECT {columns} FROM {table}"))))
        for table, columns in tables.items()
    }


def test_taken_out_again_every_row_is_as_it_was(town, client_for):
    make.actions.assign(town.source, town.olga, actor=town.petra)
    make.actions.watch(town.into, town.petra)
    make.actions.take_part(town.source, town.petra, Part.WATCHER)
    make.file(town.source)
    links.link(town.source, Relation.BLOCKS, make.ticket(), actor=town.petra)
    db.session.commit()
    before = snapshot()

    do_merge(town)
    assert snapshot() != before
    answer = client_for(town.petra).post(f"/tickets/IT-1/merged/{town.source.id}/removal")

    assert answer.status_code == 303
    db.session.expire_all()
    assert snapshot() == before
    assert invariants.broken() == {}
    assert client_for(town.bert).get("/tickets/IT-2").status_code == 200
    assert client_for(town.bert).get("/tickets/IT-1").status_code == 404
    page = client_for(town.petra).get("/tickets/IT-2").text
    assert "<b>Petra</b> took it out of <b>IT-1</b> again" in page
    hers = client_for(town.bert).get("/tickets/IT-2").text
    assert "IT-1" not in hers
    assert "took it out of another ticket again" in hers


def test_what_was_said_since_stays_where_it_was_said(town, client_for):
    do_merge(town)
    make.reply(town.into, town.bert, body="Said on the merged")
    do_unmerge(town)
    assert "Said on the merged" in client_for(town.ann).get("/tickets/IT-1").text
    assert invariants.broken() == {}


def test_taking_out_what_was_not_merged_changes_nothing(town, client_for):
    before = snapshot()
    assert client_for(town.petra).post(f"/tickets/IT-1/merged/{town.source.id}/removal").status_code == 303
    unmerge(town.source, actor=town.petra)
    assert snapshot() == before


def test_somebody_who_took_part_before_stays(town):
    make.actions.take_part(town.into, town.bert, Part.PARTICIPANT)
    db.session.commit()
    do_merge(town)
    do_unmerge(town)
    assert (town.bert.id, Part.PARTICIPANT) in parts(town.into)


def test_whom_two_of_them_bring_stays_as_long_as_one_does(town):
    again = make.ticket(town.bert, team=town.team)
    do_merge(town)
    merge(again, town.into, actor=town.petra)
    do_unmerge(town)
    assert (town.bert.id, Part.PARTICIPANT) in parts(town.into)
    unmerge(again, actor=town.petra)
    assert (town.bert.id, Part.PARTICIPANT) not in parts(town.into)


def test_the_status_comes_back_also_where_no_way_leads_there(town):
    closed = make.status("closed")
    do_merge(town)
    for step in db.session.scalars(select(Transition).where(Transition.from_status_id == closed.id)):
        db.session.delete(step)
    db.session.flush()
    do_unmerge(town)
    assert (town.source.status.name, town.source.waiting_for) == ("blocked", WaitingFor.SUPPLIER)


def test_one_without_a_way_to_be_closed_is_not_merged(town):
    for step in db.session.scalars(select(Transition)):
        db.session.delete(step)
    db.session.flush()
    with pytest.raises(DomainError, match="no way leads there"):
        merge(town.source, town.into, actor=town.petra)


def test_one_that_was_closed_before_is_closed_afterwards(town):
    make.walk(town.source, "in_progress")
    make.walk(town.source, "closed")
    closed_at = town.source.closed_at
    do_merge(town)
    do_unmerge(town)
    assert (town.source.status.name, town.source.closed_at) == ("closed", closed_at)


# Chains.


@pytest.fixture
def chain(town):
    """IT-2 in IT-1, and that in IT-3, of Carla's."""
    town.carla = make.employee(name="Carla")
    town.last = make.ticket(town.carla, team=town.team)
    db.session.commit()
    town.before = snapshot()
    do_merge(town)
    town.middle = snapshot()
    merge(town.into, town.last, actor=town.petra)
    db.session.commit()
    return town


def test_what_was_merged_goes_along_and_every_key_leads_to_the_end(chain, client_for):
    for key in ("IT-1", "IT-2"):
        assert client_for(chain.bert).get(f"/tickets/{key}").location == "/tickets/IT-3"
    page = client_for(chain.carla).get("/tickets/IT-3").text
    assert "Bert saw a quokka" in page
    assert "Ann says hello" in page
    assert invariants.broken() == {}


def test_the_middle_goes_with_what_was_merged_into_it(chain):
    unmerge(chain.into, actor=chain.petra)
    db.session.commit()
    assert snapshot() == chain.middle
    do_unmerge(chain)
    assert snapshot() == chain.before


def test_the_first_goes_alone_and_its_people_with_it(chain, client_for):
    do_unmerge(chain)
    assert chain.source.merged_into_id is None
    assert chain.into.merged_into_id == chain.last.id
    assert client_for(chain.bert).get("/tickets/IT-3").status_code == 404
    assert client_for(chain.ann).get("/tickets/IT-3").status_code == 200
    unmerge(chain.into, actor=chain.petra)
    db.session.commit()
    assert snapshot() == chain.before


# The page.


def test_the_page_asks_for_the_other_one_and_shows_both_with_who_will_see_what(town, client_for):
    client = client_for(town.petra)
    assert "Look at both" in client.get("/tickets/IT-2/merge").text
    page = client.get("/tickets/IT-2/merge?into=no+vpn").text
    for words in ("No VPN", "Tunnel is down", "A secret numbat", "Merge IT-2 into IT-1", "Bert", "Ann"):
        assert words in page
    assert "They will take part in IT-1" in page
    assert "They do not see IT-2 now" in page

    answer = client.post("/tickets/IT-2/merge", data={"into": "IT-1"})

    assert (answer.status_code, answer.location) == (303, "/tickets/IT-1")
    assert "IT-2 goes on in IT-1 now." in client.get("/tickets/IT-1").text


def test_the_page_names_just_those_who_see_more_or_less(town):
    assert [one.name for one in joining(town.source, town.into).people] == ["Bert"]
    assert [one.name for one in newcomers(town.source, town.into).people] == ["Ann"]
    assert losing(town.source, town.into).number == 0
    town.source.team = make.team()
    gone = make.agent(team=town.source.team, name="Zoe")
    db.session.flush()
    assert [one.name for one in losing(town.source, town.into).people] == [gone.name]


@pytest.mark.parametrize("typed", ["", "IT-999", "nothing like it"])
def test_a_name_of_no_ticket_is_said_to_be_none(town, client_for, typed):
    client = client_for(town.petra)
    assert client.get("/tickets/IT-2/merge", query_string={"into": typed}).status_code == 422
    assert client.post("/tickets/IT-2/merge", data={"into": typed}).status_code == 422


def test_the_page_says_why_not(town, client_for):
    town.source.is_confidential = True
    db.session.commit()
    boss = client_for(make.admin())
    page = boss.get("/tickets/IT-2/merge?into=IT-1")
    assert "IT-2 is confidential, and more people see IT-1." in page.text
    assert boss.post("/tickets/IT-2/merge", data={"into": "IT-1"}).status_code == 409
    assert "one ticket already" in boss.get("/tickets/IT-1/merge?into=IT-1").text


def test_a_page_without_merges_costs_nothing_for_them_and_with_many_the_same(town, client_for, statements):
    client, counts = client_for(town.petra), []
    for number in range(3):
        client.get("/tickets/IT-1")
        statements.clear()
        assert client.get("/tickets/IT-1").status_code == 200
        counts.append(len(statements))
        for _ in range(number * 4 + 1):
            merge(make.ticket(team=town.team), town.into, actor=town.petra)
        db.session.commit()
    assert counts[0] <= 12
    assert counts[1] == counts[2] <= counts[0] + 2


# At the same moment.


def test_two_merges_in_both_directions_at_once_leave_one_ticket(shared_app):
    one, other, boss = make.ticket(), make.ticket(), make.admin()
    db.session.commit()
    keys, ids, boss_id = (one.key, other.key), {one.id, other.id}, boss.id

    def merging(first, second):
        def thing():
            actor = db.session.get_one(make.User, boss_id)
            source, into = held_together_or_404(first, second, seen_by=actor)
            merge(source, into, actor=actor)

        return thing

    answers = at_once(shared_app, merging(*keys), merging(*keys[::-1]))

    assert [str(each) for each in answers if isinstance(each, DomainError)] != []
    merged = db.session.scalars(select(Ticket).where(Ticket.id.in_(ids), Ticket.merged_into_id.is_not(None)))
    assert len(merged.all()) == 1
    assert invariants.broken() == {}


def test_a_circle_of_three_at_once_is_none(shared_app):
    tickets, boss = [make.ticket() for _ in range(3)], make.admin()
    db.session.commit()
    keys, boss_id = [each.key for each in tickets], boss.id

    def merging(first, second):
        def thing():
            actor = db.session.get_one(make.User, boss_id)
            source, into = held_together_or_404(first, second, seen_by=actor)
            merge(source, into, actor=actor)

        return thing

    at_once(shared_app, *(merging(keys[n], keys[(n + 1) % 3]) for n in range(3)))

    alone = select(Ticket.id).where(Ticket.key.in_(keys), Ticket.merged_into_id.is_(None))
    assert len(db.session.scalars(alone).all()) == 1
    assert invariants.broken() == {}
