import pytest
from sqlalchemy import func, select

from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.actions import make_default_lifecycle
from portal.lifecycles.models import Category
from portal.notifications.models import Notification
from portal.tickets import actions
from portal.tickets.models import Comment, Priority, Ticket, WaitingFor
from portal.tickets.unsent import Draft
from tests import factories as make

HTMX = {"HX-Request": "true"}


def form(project, **values):
    return {
        "type": "incident", "title": "VPN drops", "description": "Since **Monday**", "priority": "high",
        "project_id": project.id, "category_id": "", "idempotency_key": "k1",
    } | values  # fmt: skip


def the_ticket():
    return db.session.scalars(select(Ticket)).one()


# Asking.


def test_an_employee_submits_and_is_led_to_the_ticket(client_for, world):
    ann = make.employee()
    client = client_for(ann)

    answer = client.post("/tickets/new", data=form(world))

    ticket = the_ticket()
    assert answer.status_code == 303
    assert answer.location == f"/tickets/{ticket.key}?sent=1"
    assert (ticket.requester, ticket.priority, ticket.type) == (ann, Priority.HIGH, "incident")
    page = client.get(answer.location).text
    assert "We have your request IT-1" in page
    assert "<strong>Monday</strong>" in page


def test_htmx_is_told_where_to_go(client_for, world):
    answer = client_for(make.employee()).post("/tickets/new", data=form(world), headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/tickets/IT-1")


def test_a_form_sent_twice_makes_one_ticket(client_for, world):
    client = client_for(make.employee())
    first = client.post("/tickets/new", data=form(world))
    second = client.post("/tickets/new", data=form(world))
    assert first.location == second.location
    assert the_ticket()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "", "Say in a few words"),
        ("title", "   ", "Say in a few words"),
        ("title", "x" * 201, "at most 200"),
        ("project_id", "", "Choose who should help"),
        ("project_id", "999999", "Not a valid choice"),
        ("project_id", "x", "Invalid"),
        ("project_id", str(2**70), "Invalid"),
        ("priority", "urgent", "Not a valid choice"),
        ("type", "problem", "Not a valid choice"),
        ("description", "x" * 50_001, "at most 50000"),
        ("description", "a\0b", "cannot be shown"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_bad_input_is_said_at_the_field_and_what_was_typed_stays(
    client_for, world, field, value, words, headers
):
    typed = form(world, title="My title" if field != "title" else value, description="My words") | {
        field: value
    }

    answer = client_for(make.employee()).post("/tickets/new", data=typed, headers=headers)

    assert answer.status_code == 422
    assert words in answer.text
    if field != "description":
        assert "My words" in answer.text
    assert db.session.scalar(select(func.count(Ticket.id))) == 0


def test_a_topic_of_another_project_is_refused_with_the_one_it_belongs_to(client_for, world):
    salary = make.category("Salary", project_id=make.project("HR", name="Human Resources").id)
    answer = client_for(make.employee()).post("/tickets/new", data=form(world, category_id=salary.id))
    assert answer.status_code == 422
    assert "belongs to Human Resources" in answer.text


@pytest.mark.parametrize(
    "title", ["x" * 200, "W" + "o" * 10_000, "💥" * 100, "<b>&\"'", "\u202eevil", "Ä" * 200]
)
def test_odd_titles_are_refused_or_shown_safely(client_for, world, title):
    client = client_for(make.employee())
    answer = client.post("/tickets/new", data=form(world, title=title))
    assert answer.status_code in {303, 422}
    assert "<b>&" not in client.get(answer.location or "/tickets/new").text


def test_a_draft_is_there_again_and_gone_once_sent(client_for, world):
    client = client_for(make.employee())
    kept = client.post(
        "/tickets/drafts", data={"scope": "ticket:new", "content": '{"title": "Half written"}'}
    )
    assert kept.status_code == 200
    assert "Half written" in client.get("/tickets/new").text

    client.post("/tickets/new", data=form(world))

    assert "Half written" not in client.get("/tickets/new").text


@pytest.mark.parametrize("content", ["", "[]", "1", "{", '{"a": 1}', '{"a": "\\ud800"}', "null"])
def test_a_draft_that_is_none_is_refused(client_for, content):
    answer = client_for(make.employee()).post(
        "/tickets/drafts", data={"scope": "ticket:new", "content": content}
    )
    assert answer.status_code == 422


def test_a_draft_is_nobody_elses(client_for, world):
    client_for(make.employee()).post(
        "/tickets/drafts", data={"scope": "ticket:new", "content": '{"title": "Mine"}'}
    )
    assert "Mine" not in client_for(make.employee()).get("/tickets/new").text


def test_an_emptied_draft_is_forgotten(client_for):
    client = client_for(make.employee())
    client.post("/tickets/drafts", data={"scope": "ticket:new", "content": '{"body": "x"}'})
    client.post("/tickets/drafts", data={"scope": "ticket:new", "content": '{"body": "  "}'})
    assert db.session.scalar(select(func.count(Draft.id))) == 0


def test_the_preview_shows_markdown_and_nothing_dangerous(client_for):
    answer = client_for(make.employee()).post("/tickets/preview", data={"text": "**b** <script>x</script>"})
    assert "<strong>b</strong>" in answer.text
    assert "<script" not in answer.text


# Following.


def test_a_stranger_does_not_find_the_ticket(client_for):
    ticket, stranger = make.ticket(), make.employee()
    db.session.commit()
    for path in ("", "/timeline"):
        assert client_for(stranger).get(f"/tickets/{ticket.key}{path}").status_code == 404


@pytest.mark.parametrize("key", ["IT-999", "XX-1", "it-1"])
def test_an_unknown_key_is_a_404_and_small_letters_are_forgiven(client_for, key):
    ticket = make.ticket()
    db.session.commit()
    assert client_for(ticket.requester).get(f"/tickets/{key}").status_code == (200 if key == "it-1" else 404)


def test_the_requester_replies(client_for):
    ticket = make.ticket()
    db.session.commit()
    client, url = client_for(ticket.requester), f"/tickets/{ticket.key}"

    sent = client.post(
        f"{url}/comments", data={"body": "It burns <b>", "idempotency_key": "r1"}, headers=HTMX
    )
    again = client.post(
        f"{url}/comments", data={"body": "It burns <b>", "idempotency_key": "r1"}, headers=HTMX
    )

    assert sent.status_code == again.status_code == 200
    assert "It burns &lt;b&gt;" in sent.text
    assert 'hx-swap-oob="outerHTML"' in sent.text
    assert db.session.scalar(select(func.count(Comment.id))) == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_empty_reply_is_refused_at_the_field(client_for, headers):
    ticket = make.ticket()
    db.session.commit()
    answer = client_for(ticket.requester).post(
        f"/tickets/{ticket.key}/comments", data={"body": " "}, headers=headers
    )
    assert answer.status_code == 422
    assert "Write something first." in answer.text


def test_a_half_written_reply_is_there_again(client_for):
    ticket = make.ticket()
    db.session.commit()
    client = client_for(ticket.requester)
    client.post(
        "/tickets/drafts", data={"scope": f"{ticket.key}:reply", "content": '{"body": "Half a reply"}'}
    )
    assert "Half a reply" in client.get(f"/tickets/{ticket.key}").text


def test_an_internal_note_is_nowhere_for_the_requester(client_for):
    ticket, petra = make.ticket(), make.agent()
    make.note(ticket, petra, body="She broke it herself")
    actions.watch(ticket, petra)
    db.session.commit()

    for path in ("", "/timeline", "/timeline?before=99999"):
        page = client_for(ticket.requester).get(f"/tickets/{ticket.key}{path}").text
        assert "She broke it herself" not in page
        assert "watches" not in page
    assert "She broke it herself" in client_for(petra).get(f"/tickets/{ticket.key}").text


def test_solved_and_reopened_by_the_requester(client_for):
    ticket = make.ticket(status="blocked")
    db.session.commit()
    client, url = client_for(ticket.requester), f"/tickets/{ticket.key}"

    assert "This is solved." in client.post(f"{url}/solution", headers=HTMX).text
    assert ticket.status_category == Category.DONE
    assert client.post(f"{url}/reopening").status_code == 303
    assert ticket.status_category == Category.NEW


@pytest.mark.parametrize(
    ("status", "waiting", "words"),
    [
        ("open", None, "We have received your request."),
        ("in_progress", None, "is working on it."),
        ("blocked", WaitingFor.REQUESTER, "your turn"),
        ("blocked", WaitingFor.SUPPLIER, "We wait for a supplier."),
        ("blocked", WaitingFor.OTHER, "It has to wait"),
        ("closed", None, "This is solved."),
    ],
)
def test_where_it_stands_is_said_in_plain_words(client_for, status, waiting, words):
    ticket = make.ticket(assignee=make.agent())
    if status != "open":
        make.walk(ticket, status)
    ticket.waiting_for = waiting
    db.session.commit()
    assert words in client_for(ticket.requester).get(f"/tickets/{ticket.key}").text.replace("&#39;", "'")


def test_looking_at_a_ticket_reads_its_notifications(client_for):
    ticket = make.ticket()
    event = db.session.scalars(select(Event)).one()
    db.session.add(Notification(recipient_id=ticket.requester_id, event_id=event.id, ticket_id=ticket.id))
    db.session.commit()
    client_for(ticket.requester).get(f"/tickets/{ticket.key}")
    assert db.session.scalars(select(Notification)).one().read_at


def test_what_happened_before_is_fetched_when_asked_for(client_for, monkeypatch):
    monkeypatch.setattr("portal.tickets.queries.SHOWN", 3)
    ticket = make.ticket()
    for number in range(6):
        make.reply(ticket, body=f"Reply {number}.")
    db.session.commit()
    client = client_for(ticket.requester)

    page = client.get(f"/tickets/{ticket.key}").text
    assert "Reply 5." in page
    assert "Reply 2." not in page
    before = min(event.id for event in db.session.scalars(select(Event).order_by(Event.id.desc()).limit(3)))
    earlier = client.get(f"/tickets/{ticket.key}/timeline?before={before}", headers=HTMX).text
    assert "Reply 2." in earlier
    assert "Reply 5." not in earlier


@pytest.mark.parametrize("before", ["x", "-1", "0", str(2**80), ""])
def test_a_senseless_place_in_the_timeline_is_its_end(client_for, before):
    ticket = make.ticket()
    db.session.commit()
    assert (
        client_for(ticket.requester).get(f"/tickets/{ticket.key}/timeline?before={before}").status_code == 200
    )


# Working.


@pytest.fixture
def desk(world, client_for):
    """An agent's browser, and a ticket that waits for triage."""
    ticket, petra = make.ticket(), make.agent(name="Petra Lindqvist")
    db.session.commit()
    return ticket, petra, client_for(petra)


def test_an_agent_changes_the_status_and_gets_the_ticket_back(desk):
    ticket, _, client = desk
    page = client.post(
        f"/tickets/{ticket.key}/status", data={"status": make.status("in_progress").id}, headers=HTMX
    )
    assert page.status_code == 200
    assert "<html" not in page.text
    assert 'id="ticket"' in page.text
    assert ticket.status.name == "in_progress"


def test_a_transition_that_is_not_allowed_is_a_conflict_that_names_the_allowed(desk):
    ticket, _, client = desk
    page = client.post(
        f"/tickets/{ticket.key}/status", data={"status": make.status("blocked").id}, headers=HTMX
    )
    assert page.status_code == 409
    assert page.headers["HX-Retarget"] == "#problems"
    assert "A ticket that is Open can become: In progress, Closed." in page.text
    plain = client.post(f"/tickets/{ticket.key}/status", data={"status": make.status("blocked").id})
    assert plain.status_code == 409
    assert "<html" in plain.text


@pytest.mark.parametrize("status", ["", None, "x", "999999", str(2**70)])
def test_a_status_that_does_not_exist_is_a_form_error(desk, status):
    ticket, _, client = desk
    data = {} if status is None else {"status": status}
    assert client.post(f"/tickets/{ticket.key}/status", data=data, headers=HTMX).status_code == 422


def test_a_status_of_another_lifecycle_is_a_form_error(desk):
    ticket, _, client = desk
    other = make_default_lifecycle("Other").statuses[1].id
    db.session.commit()
    assert client.post(f"/tickets/{ticket.key}/status", data={"status": other}).status_code == 422


def test_blocked_says_what_it_waits_for(desk):
    ticket, _, client = desk
    make.walk(ticket, "in_progress")
    db.session.commit()
    data = {"status": make.status("blocked").id, "waiting_for": "supplier"}
    client.post(f"/tickets/{ticket.key}/status", data=data)
    assert ticket.waiting_for == WaitingFor.SUPPLIER


def test_an_agent_takes_a_ticket_and_gives_it_back(desk):
    ticket, petra, client = desk
    client.post(f"/tickets/{ticket.key}/assignment", data={"assignee_id": petra.id})
    assert ticket.assignee == petra
    client.post(f"/tickets/{ticket.key}/assignment", data={"assignee_id": ""})
    assert ticket.assignee is None


def test_assigning_a_team_leaves_the_person(desk):
    ticket, petra, client = desk
    network = make.team(name="Network")
    make.make(make.TeamMember, user_id=petra.id, team_id=network.id)
    actions.assign(ticket, petra, actor=None)
    db.session.commit()
    client.post(f"/tickets/{ticket.key}/assignment", data={"team_id": network.id})
    assert (ticket.team, ticket.assignee) == (network, petra)


@pytest.mark.parametrize("person", ["employee", "nobody", "x"])
def test_only_staff_can_be_assigned(desk, person):
    ticket, _, client = desk
    who = {"employee": ticket.requester_id, "nobody": 999_999, "x": "x"}[person]
    assert client.post(f"/tickets/{ticket.key}/assignment", data={"assignee_id": who}).status_code == 422


def test_priority_is_changed_by_one_press(desk):
    ticket, _, client = desk
    client.post(f"/tickets/{ticket.key}/priority", data={"priority": "critical"})
    assert ticket.priority == Priority.CRITICAL
    assert client.post(f"/tickets/{ticket.key}/priority", data={"priority": "x"}).status_code in {409, 422}


def test_a_reply_can_wait_for_the_requester_or_close_at_once(desk):
    ticket, _, client = desk
    data = {"body": "Which one?", "then": "wait", "idempotency_key": "a"}
    client.post(f"/tickets/{ticket.key}/comments", data=data)
    assert (ticket.status.name, ticket.waiting_for) == ("blocked", WaitingFor.REQUESTER)
    client.post(
        f"/tickets/{ticket.key}/comments", data={"body": "Done.", "then": "close", "idempotency_key": "b"}
    )
    assert ticket.is_done


def test_a_note_is_added_once_and_the_composer_stays_on_notes_when_it_fails(desk):
    ticket, _, client = desk
    for _turn in range(2):
        client.post(f"/tickets/{ticket.key}/notes", data={"body": "Ask Ben.", "idempotency_key": "n"})
    assert db.session.scalars(select(Comment)).one().is_internal
    page = client.post(f"/tickets/{ticket.key}/notes", data={"body": ""}, headers=HTMX)
    assert page.status_code == 422
    assert 'class="composer is-note"' in page.text


def test_after_a_note_the_composer_is_for_notes_so_that_the_next_words_are_not_public(desk):
    ticket, _, client = desk
    page = client.post(
        f"/tickets/{ticket.key}/notes", data={"body": "Ask Ben.", "idempotency_key": "n"}, headers=HTMX
    )
    assert page.text.count('class="composer is-note"') == 2  # in the panel, and beside it the empty one
    assert 'class="composer"' not in page.text


def test_watching_and_no_longer(desk):
    ticket, _, client = desk
    assert "Watching" in client.post(f"/tickets/{ticket.key}/watchers", headers=HTMX).text
    page = client.post(f"/tickets/{ticket.key}/watchers", data={"stop": "1"}, headers=HTMX).text
    assert 'aria-pressed="false"' in page


def fields(ticket, **values):
    return {
        "version": ticket.version, "title": ticket.title, "description": ticket.description,
        "type": ticket.type.value, "priority": ticket.priority.value, "category_id": "",
    } | values  # fmt: skip


def test_fields_are_edited_with_before_and_after_in_the_history(desk):
    ticket, _, client = desk
    answer = client.post(f"/tickets/{ticket.key}/fields", data=fields(ticket, title="Printer smokes"))
    assert answer.status_code == 303
    page = client.get(f"/tickets/{ticket.key}").text
    assert "changed the subject from <b>Printer on fire</b> to <b>Printer smokes</b>" in page


def test_two_agents_edit_different_fields_and_both_win(desk):
    ticket, _, client = desk
    old = fields(ticket)
    client.post(f"/tickets/{ticket.key}/fields", data=old | {"title": "Firsts"})
    client.post(f"/tickets/{ticket.key}/fields", data=old | {"priority": "critical"})
    assert (ticket.title, ticket.priority) == ("Firsts", Priority.CRITICAL)


def test_two_agents_edit_the_same_field_and_the_second_decides(desk):
    ticket, _, client = desk
    old = fields(ticket)
    client.post(f"/tickets/{ticket.key}/fields", data=old | {"title": "Firsts"})
    lost = client.post(f"/tickets/{ticket.key}/fields", data=old | {"title": "Seconds"})
    assert lost.status_code == 409
    assert "Firsts" in lost.text
    assert "Seconds" in lost.text
    assert ticket.title == "Firsts"
    client.post(f"/tickets/{ticket.key}/fields", data=old | {"title": "Seconds", "version": ticket.version})
    assert ticket.title == "Seconds"


@pytest.mark.parametrize("path", ["status", "assignment", "priority", "notes", "watchers", "fields"])
def test_an_employee_may_not_work_on_tickets(client_for, path):
    ticket = make.ticket()
    db.session.commit()
    assert client_for(ticket.requester).post(f"/tickets/{ticket.key}/{path}").status_code == 403


@pytest.mark.parametrize(
    "path", ["status", "assignment", "priority", "notes", "watchers", "fields", "solution", "comments"]
)
def test_an_agent_of_another_team_does_not_find_the_ticket(client_for, path):
    ticket, stranger = make.ticket(team=make.team()), make.agent(team=make.team())
    db.session.commit()
    assert client_for(stranger).post(f"/tickets/{ticket.key}/{path}").status_code == 404


@pytest.mark.parametrize("role", ["requester", "agent"])
def test_a_ticket_page_needs_the_same_statements_with_3_and_with_60_replies(client_for, statements, role):
    short, long = make.ticket(), make.ticket()
    short.requester = long.requester
    actions.take_part(short, long.requester, "requester")
    petra = make.agent()
    for number in range(60):
        make.reply(long, petra if number % 2 else None, body="x")
        if number < 3:
            make.reply(short, petra, body="x")
    db.session.commit()
    client = client_for(long.requester if role == "requester" else petra)
    client.get(f"/tickets/{short.key}")
    counts = []
    for ticket in (short, long):
        statements.clear()
        assert client.get(f"/tickets/{ticket.key}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert counts[0] <= 13, statements
