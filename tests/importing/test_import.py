"""`flask import tickets`: history comes over whole, once, and quietly."""

import os
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.events.kinds import Kind
from portal.events.models import Delivery, Event
from portal.extensions import db
from portal.importing import actions, commands
from portal.importing.entries import TITLE
from portal.lifecycles.models import Category
from portal.notifications.models import Notification
from portal.projects.models import TicketCategory
from portal.tickets import tagging
from portal.tickets.models import Comment, Part, Priority, Ticket, TicketPerson, WaitingFor
from portal.tickets.tag_lists import names_of
from tests import factories as make

HEADER = "number,short_description,description,category,urgency,impact,resolution\n"


@pytest.fixture
def ann(world):
    make.admin(name="Aylin", email="aylin@example.org")
    return make.employee(name="Ann", email="ann@example.org", organization=make.organization(name="Nordwerk"))


@pytest.fixture
def load(app, ann, tmp_path):
    """Write a file and import it; without --requester where `requester` is None."""

    def load(content, *options, requester="ann@example.org", name="export.csv"):
        db.session.commit()
        path = tmp_path / name
        path.write_text(content)
        asked = ["--requester", requester] if requester else []
        return app.test_cli_runner().invoke(args=["import", "tickets", str(path), *asked, *options])

    return load


def tickets():
    db.session.rollback()
    return list(db.session.scalars(select(Ticket).order_by(Ticket.number)))


def kinds_of(ticket):
    """What happened to it."""
    own = select(Event.kind).where(Event.ticket_id == ticket.id)
    return list(db.session.scalars(own.order_by(Event.id)))


def test_a_row_with_a_resolution_becomes_a_closed_ticket_with_a_reply(load, ann):
    done = load(HEADER + "INC1,Printer on fire,It **burns**.,Hardware,1,2,Extinguished.\n")

    assert done.exit_code == 0, done.output
    (ticket,) = tickets()
    assert (ticket.key, ticket.title, ticket.description) == ("IT-1", "Printer on fire", "It **burns**.")
    assert "<strong>burns</strong>" in ticket.description_html
    assert (ticket.priority, ticket.status_category, ticket.version) == (Priority.HIGH, Category.DONE, 1)
    assert ticket.closed_at == ticket.created_at == ticket.updated_at
    assert (ticket.requester, ticket.organization.name, ticket.category.name) == (ann, "Nordwerk", "Hardware")
    reply = db.session.scalars(select(Comment)).one()
    assert (reply.body, reply.author.name, reply.is_internal) == ("Extinguished.", "Aylin", False)
    assert ticket.reply_count == 1


def test_each_ticket_has_its_event_its_people_and_no_deliveries(load, ann):
    agent = make.agent(email="petra@example.org")
    load("id,title,assignee,resolution\n1,a,petra@example.org,fixed\n2,b,,\n")

    one, two = tickets()
    kinds = {ticket.id: kinds_of(ticket) for ticket in (one, two)}
    assert kinds == {
        one.id: [Kind.TICKET_SUBMITTED, Kind.COMMENT_ADDED],
        two.id: [Kind.TICKET_SUBMITTED],
    }
    people = {(row.ticket_id, row.user_id, row.part) for row in db.session.scalars(select(TicketPerson))}
    assert people == {
        (one.id, ann.id, Part.REQUESTER),
        (one.id, agent.id, Part.ASSIGNEE),
        (two.id, ann.id, Part.REQUESTER),
    }
    submitted = db.session.scalars(select(Event).where(Event.ticket_id == one.id).order_by(Event.id)).first()
    assert submitted.data["values"]["assignee"]["id"] == agent.id
    assert submitted.data["imported"] == {"source": "export.csv", "id": "1"}
    for nothing in (Delivery, Notification):
        assert db.session.scalar(select(func.count()).select_from(nothing)) == 0


def test_importing_twice_makes_nothing_twice(load):
    content = HEADER + "INC1,a,b,,1,1,\nINC2,c,d,,2,2,\n"
    load(content)

    again = load(content + "INC3,e,f,,3,3,\n")

    assert "1 ticket made, 2 were there already, no rows left out." in again.output
    assert [ticket.title for ticket in tickets()] == ["a", "c", "e"]


def test_rows_without_an_id_are_known_by_their_content_and_how_often_it_came(load):
    content = "Document,Topic_group\nsame text,Access\nsame text,Access\nother,\n"

    first, second = load(content), load("Document,Topic_group\nnew,\n" + content.split("\n", 1)[1])

    assert "3 tickets made" in first.output
    assert "1 ticket made, 3 were there already" in second.output
    assert len(tickets()) == 4


def test_the_same_id_of_two_sources_is_two_tickets(load):
    load("id,title\n1,a\n", "--source", "old desk")
    load("id,title\n1,a\n", "--source", "older desk")

    assert len(tickets()) == 2


def test_an_id_that_comes_twice_in_a_file_is_left_out_the_second_time(load):
    done = load("id,title\n1,a\n1,b\n")

    assert done.exit_code == 1
    assert "line 3: Its id 1 is that of line 2." in done.output
    assert [ticket.title for ticket in tickets()] == ["a"]


def test_a_row_without_a_label_is_imported_and_named_by_its_line(load):
    done = load("Document,Topic_group\nfirst one,Access\nno label here\n")

    assert done.exit_code == 0
    assert "line 3: It has no category." in done.output
    assert [ticket.category and ticket.category.name for ticket in tickets()] == ["Access", None]


def test_a_row_that_cannot_be_used_does_not_hold_up_the_others(load):
    done = load("title,description\na,b\n,\nc,d,e\n ,x\n", "--map", "priority=")

    assert done.exit_code == 1
    assert "line 4: It has 3 cells, and the header has 2." in done.output
    assert [ticket.title for ticket in tickets()] == ["a", "x"]


def test_a_dry_run_says_the_same_and_changes_nothing(load):
    content = HEADER + "INC1,a,b,New topic,1,1,\nINC2,,,,,,\n"

    dry = load(content, "--dry-run")
    assert tickets() == []
    assert db.session.scalar(select(func.count()).select_from(TicketCategory)) == 0
    real = load(content)

    assert "1 ticket to be made, none was there already, 1 row left out." in dry.output
    assert "Category to be made: New topic." in dry.output
    plain = re.compile(r"to be made|made")
    assert plain.sub("", dry.output) == plain.sub("", real.output)


def test_categories_are_used_whatever_their_case_and_made_where_missing(load, world):
    team = make.team(name="Network")
    existing = make.category("Network", project_id=world.id, team_id=team.id)
    done = load("title,category\na,NETWORK\nb,Plumbing\nc,plumbing\n")

    assert "Category made: Plumbing." in done.output
    first, second, third = tickets()
    assert (first.category, first.team) == (existing, team)
    assert second.category == third.category
    assert second.category.project == world
    created = select(func.count()).where(Event.kind == Kind.CATEGORY_CREATED)
    assert db.session.scalar(created) == 1


def test_a_category_is_known_by_the_name_that_any_language_shows_for_it(load, world):
    network = make.category("Network", project_id=world.id)
    done = load("title,category\na,Netzwerk\nb,network\nc,NETZWERK\n")

    assert "made: " not in done.output
    assert {ticket.category for ticket in tickets()} == {network}


def test_a_category_of_that_very_name_comes_before_one_that_is_only_shown_so(load, world):
    make.category("Network", project_id=world.id)
    own = make.category("Netzwerk")
    load("title,category\na,Netzwerk\n")

    assert [ticket.category for ticket in tickets()] == [own]


def test_columns_can_be_said(load):
    load("Frage,Nr,Wer\nWie geht es?,7,ann@example.org\n",
         "--map", "title=Frage,requester=Wer", "--id-column", "Nr", requester=None)  # fmt: skip

    (ticket,) = tickets()
    event = db.session.scalars(select(Event).where(Event.ticket_id == ticket.id)).one()
    assert (ticket.title, event.data["imported"]["id"]) == ("Wie geht es?", "7")


def test_a_title_that_is_too_long_is_cut_and_stands_whole_in_the_description(load):
    long = "The printer burns " * 20
    load(f"title,description\n{long},And how.\n")

    (ticket,) = tickets()
    assert len(ticket.title) <= TITLE
    assert ticket.title.endswith("burns…") or ticket.title.endswith("printer…")
    assert ticket.description == f"{long.strip()}\n\nAnd how."


def test_a_title_is_made_of_the_description_where_there_is_none(load):
    load("Document\n" + "connection with icon please setup " * 20 + "\nshort\n")

    long, short = tickets()
    assert len(long.title) <= 100
    assert long.title.startswith("connection with icon")
    assert short.title == short.description == "short"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title,description\na,b\n,c\n", "line 3: It has no title; the description gives it one."),
        ("description\nb\nc\n", "lines 2, 3: No column holds its title; the description gives it one"),
    ],
)
def test_a_dry_run_names_the_rows_whose_title_comes_from_the_description(load, content, said):
    dry = load(content, "--dry-run")

    assert f"Worth a look:\n  {said}" in dry.output


def test_a_description_of_ten_megabytes_is_cut_and_said_so(load):
    done = load("title,description\na," + "x" * 10_000_000 + "\n")

    assert "line 2: Its description was cut after 256,000 of 10,000,000 characters." in done.output
    assert len(tickets()[0].description) == 256_000


def test_nul_characters_quoted_lines_and_semicolons_are_no_trouble(load):
    load('title;description\nNU\0L;"first\nsecond; third"\n')

    (ticket,) = tickets()
    assert (ticket.title, ticket.description) == ("NUL", "first\nsecond; third")


def test_statuses_dates_and_waiting_are_taken_over(load):
    load(
        "title,status,created,closed\n"
        "a,On Hold,2026-01-02 10:00,\n"
        "b,Resolved,2026-01-02T10:00:00Z,2026-01-05T10:00:00Z\n"
        "c,in_progress,2999-01-01,\n"
        "d,Purple,soon,\n"
    )

    waiting, closed, active, unknown = tickets()
    assert (waiting.status_category, waiting.waiting_for) == (Category.WAITING, WaitingFor.OTHER)
    assert waiting.created_at.isoformat() == "2026-01-02T09:00:00+00:00"
    assert (closed.closed_at - closed.created_at).days == 3
    assert active.status.name == "in_progress"
    assert active.created_at.year < 2999
    assert unknown.status_category == Category.NEW


def test_a_date_that_cannot_be_meant_is_named_with_what_is_used_instead(load):
    done = load("title,status,created,closed\na,Closed,gestern,\nb,Closed,2026-01-02,morgen\n")

    assert "line 2: “gestern” is no date that can be meant: the moment of this import is used" in done.output
    assert "line 3: “morgen” is no date that can be meant: the date it was created is used" in done.output
    _first, second = tickets()
    assert second.closed_at == second.created_at


def test_people_the_desk_does_not_know_are_named(load, ann):
    done = load("title,requester,assignee,team\na,nobody@example.org,ann@example.org,Plumbers\n")

    (ticket,) = tickets()
    assert (ticket.requester, ticket.assignee) == (ann, None)
    for sentence in (
        "Nobody has the address nobody@example.org.",
        "ann@example.org is no agent here.",
        "There is no team “Plumbers”.",
    ):
        assert sentence in done.output


def test_an_agent_who_does_not_work_in_the_project_is_not_assigned(load, ann):
    make.agent(email="petra@example.org", is_limited=True)
    db.session.commit()

    done = load("title,requester,assignee\na,ann@example.org,petra@example.org\n")

    assert tickets()[0].assignee is None
    assert "petra@example.org is no agent here." in done.output


def test_a_row_whose_requester_nobody_is_is_left_out_without_another_one(load):
    done = load("title,requester\na,nobody@example.org\nb,ann@example.org\n", requester=None)

    assert done.exit_code == 1
    assert "line 2: Nobody has the address nobody@example.org" in done.output
    assert [ticket.title for ticket in tickets()] == ["b"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--project", "XX"], "There is no project XX. There are: IT."),
        (["--requester", "nobody@example.org"], "nobody has the address nobody@example.org"),
        (["--author", "nobody@example.org"], "--author: nobody has the address"),
        (["--map", "title=nope"], "There is no column “nope”"),
        (["--id-column", "nope"], "There is no column “nope”"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_happens(load, options, why):
    done = load("title\na\n", *options)

    assert done.exit_code == 1
    assert why in done.output
    assert tickets() == []


def test_somebody_has_to_have_asked(load):
    done = load("title,Wer\na,Ann\n", requester=None)

    assert done.exit_code == 1
    mapping, asked, why = done.output.partition("No column says who asked")
    assert asked
    assert "from title" in mapping
    assert "not used: Wer" in mapping
    assert "--map requester=" in why


def test_a_second_run_completes_what_was_interrupted(load, monkeypatch):
    monkeypatch.setattr(commands, "BATCH", 2)
    content = "id,title\n" + "".join(f"{n},ticket {n}\n" for n in range(7))
    taken = []

    def impatient(entries, target, *, for_real):
        taken.append(entries)
        outcome = actions.take_over(entries, target, for_real=for_real)
        if len(taken) == 3:
            raise KeyboardInterrupt
        return outcome

    with monkeypatch.context() as interrupted:
        interrupted.setattr(commands, "take_over", impatient)
        first = load(content)
    assert "Interrupted." in first.output
    assert len(tickets()) == 4

    second = load(content)

    assert "3 tickets made, 4 were there already" in second.output
    assert [ticket.title for ticket in tickets()] == [f"ticket {n}" for n in range(7)]


def test_a_row_that_the_database_refuses_is_left_out_alone(load, monkeypatch):
    real = actions._ticket

    def too_long(entry, *args):
        ticket = real(entry, *args)
        ticket.title = "x" * 300 if entry.title == "bad" else ticket.title
        return ticket

    monkeypatch.setattr(actions, "_ticket", too_long)

    done = load("id,title\n1,good\n2,bad\n3,fine\n")

    assert done.exit_code == 1
    assert "line 3: The database refuses it: value too long" in done.output
    assert [ticket.title for ticket in tickets()] == ["good", "fine"]


def test_the_next_number_is_free_after_an_import(load, ann):
    load("id,title\n1,a\n2,b\n")

    assert make.ticket(ann).key == "IT-3"


def test_the_audit_trail_says_what_was_imported(load):
    load("id,title\n1,a\n2,b\n2,c\n")

    event = db.session.scalars(select(Event).where(Event.kind == Kind.TICKETS_IMPORTED)).one()
    assert event.data == {"source": "export.csv", "created": 2, "skipped": 1}
    assert event.actor is None


def test_what_is_done_at_a_shell_nobody_in_particular_has_done(load, client_for):
    load("title,category,resolution\na,Plumbing,fixed\n")

    done_by = dict(db.session.execute(select(Event.kind, Event.actor_id)).all())
    assert done_by[Kind.CATEGORY_CREATED] is None
    assert done_by[Kind.TICKETS_IMPORTED] is None
    reply = db.session.scalars(select(Comment)).one()
    assert reply.author.name == "Aylin"
    log = client_for(reply.author).get("/admin/audit", query_string={"kind": "tickets.imported"}).text
    assert "<b>Tickets imported</b>" in log
    assert log.count("The desk itself") == 2  # for wide screens and for narrow ones


def test_a_batch_needs_a_handful_of_statements_however_many_rows_it_has(load, statements):
    """Within a page of 1,000 parameters sets; what grows is their length, not their number."""
    load("id,title,category,resolution\n" + "".join(f"a{n},t,c,r\n" for n in range(5)))
    few = len(statements)
    statements.clear()
    load("id,title,category,resolution\n" + "".join(f"b{n},t,c,r\n" for n in range(200)), name="other.csv")

    assert len(statements) <= few


SAMPLES = os.environ.get("IMPORT_SAMPLES", "")


@pytest.mark.skipif(not SAMPLES, reason="IMPORT_SAMPLES names no folder with CSV files of other desks")
def test_the_files_of_other_desks_come_over_whole(load):
    for path in sorted(Path(SAMPLES).glob("*.csv")):
        first = load(path.read_text(), name=path.name)
        again = load(path.read_text(), name=path.name)

        assert first.exit_code == again.exit_code == 0
        assert "no rows left out" in first.output
        assert "\nNo tickets made" in again.output


def test_tags_and_due_dates_come_along_and_what_is_none_is_left_out(load):
    tagging.tags_called(["vpn"], maker=None)
    done = load(
        'number,title,tags,due date\nA1,One,"VPN; Printer,none",2026-12-01 17:00\nA2,Two,,whenever\n',
    )

    assert done.exit_code == 0, done.output
    assert "“none” cannot be a tag" in done.output
    assert "“whenever” is no date" in done.output
    first, second = tickets()
    assert names_of(first) == ["printer", "vpn"]
    assert first.due_at.isoformat() == "2026-12-01T16:00:00+00:00"
    assert (second.tag_ids, second.due_at) == ([], None)
    submitted = db.session.scalars(
        select(Event).where(Event.ticket_id == first.id).order_by(Event.id)
    ).first()
    assert submitted.data["values"]["tags"] == {"id": first.tag_ids, "label": ["printer", "vpn"]}
