"""What is marked as spam is nowhere for anybody, until it is not: then it is back where it was."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs.privacy import work as privacy_work
from jobs.triage import wake as wake_job
from portal import clock, invariants
from portal.accounts import people
from portal.accounts.people import change_role
from portal.api.queries import ticket_page
from portal.attachments.models import Attachment, State
from portal.attachments.telling import tell_people
from portal.bulk.acts import ACTS
from portal.bulk.models import BulkItem, BulkOperation, Outcome
from portal.desk.board import board, numbers_said
from portal.desk.counts import _count, number_of
from portal.desk.queues import QUEUES, TRIAGE, Asked, Desk, condition, listing
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.filters import And
from portal.home.queries import _count_days, _count_open, oldest_open
from portal.notifications.actions import notify_people
from portal.notifications.live import _topics
from portal.notifications.queries import notification_page, unread_count
from portal.outbox_mail import sending
from portal.outbox_mail.models import Mail
from portal.permissions import Role, Scope
from portal.privacy import actions as privacy
from portal.search.ranking import Search
from portal.tickets import actions, links, spam, triage
from portal.tickets.handover import hand_over
from portal.tickets.lists import Sort
from portal.tickets.merging import merge
from portal.tickets.models import Part, Ticket
from portal.tickets.naming import tickets_like
from portal.tickets.policy import reachable_by, visible_in_parts, visible_to
from portal.tickets.queries import get_ticket_or_404, held_together_or_404
from portal.tickets.relations import Relation
from portal.tickets.requested import counts
from portal.tickets.selections import Selection, count_of
from portal.tickets.senders import SpamNote
from tests import factories as make
from tests.parallel import at_once, while_held

HTMX = {"HX-Request": "true"}
WORD = "quokka"


class Town:
    """Ann has asked for IT-1, in which Carl takes part; Petra and Ben work on it, Vera in another team."""


@pytest.fixture
def town(world):
    found = Town()
    found.team, found.other = make.team(name="Network"), make.team(name="Hardware")
    found.ann, found.carl = make.employee(name="Ann", email="ann@example.org"), make.employee(name="Carl")
    found.petra = make.agent(name="Petra", team=found.team)
    found.ben = make.agent(name="Ben", team=found.team)
    found.vera, found.boss = make.agent(name="Vera", team=found.other), make.admin(name="Aylin")
    found.ticket = make.ticket(found.ann, title=f"Cheap {WORD}s", description="Buy now")
    actions.take_part(found.ticket, found.carl, Part.PARTICIPANT)
    db.session.commit()
    return found


def mark(town, ticket=None, actor=None):
    spam.mark(ticket or town.ticket, actor=actor or town.petra)
    db.session.commit()
    return ticket or town.ticket


def unmark(town, ticket=None):
    spam.unmark(ticket or town.ticket, actor=town.ben)
    db.session.commit()


def listed(reader, text="", queue="all"):
    desk = Desk.of(reader)
    asked = Asked(QUEUES[queue], text, Sort.typed(None))
    return [row.key for row in listing(desk, asked, desk.whole(asked.queue, desk.read(text))).page.rows]


def sight(person):
    """All by which somebody of the desk comes to know of tickets, as numbers and keys."""
    desk = Desk.of(person)
    tree = desk.read("")
    whole = desk.whole(QUEUES["open"], tree)
    cards = [card.key for column in board(desk, Sort.typed(None), whole) for card in column.cards]
    words = desk.read(WORD)
    return {
        "number of the list": number_of(desk, whole),
        "numbers of the board": numbers_said(desk, whole),
        "lists": [listed(person, queue=name) for name in QUEUES if name != "spam"],
        "by words": listed(person, WORD),
        "merged ones too": listed(person, "is:merged,open"),
        "board": cards,
        "counts": _count(person.id, ("is:open", "is:triage", "", "-is:closed"), "en").numbers,
        "bounded count": count_of(Selection.once(person), 100),
        "search": [hit.id for hit in Search(person, words).ranked(None).page.rows],
        "newest": [hit.id for hit in Search(person, words).newest(None).page.rows],
        "dashboard": [tuple(row) for row in _count_open(person.id)],
        "days": [(day.created, day.closed) for day in _count_days(person.id)],
        "oldest": [row.key for row in oldest_open(person)],
        "api": [row.key for row in ticket_page(person, And(), cursor=None).rows],
        "suggested": [row.key for row in tickets_like(f"cheap {WORD}", by=person)],
        "by key": [row.key for row in tickets_like("IT-1", by=person)],
        "bell": (unread_count(person), len(notification_page(person, cursor=None).rows)),
    }


# Nowhere.


@pytest.mark.parametrize("who", ["petra", "vera", "boss"])
def test_for_the_desk_everything_is_as_if_there_were_no_such_ticket(town, who):
    person = getattr(town, who)
    without = sight(person) if mark(town) else None
    unmark(town)
    assert town.ticket.key in sight(person)["lists"][0]
    with_it = sight(person)

    spam.mark(town.ticket, actor=town.petra)
    db.session.commit()

    assert sight(person) == without != with_it
    assert town.ticket.key not in str(without)


def test_for_whoever_asked_and_takes_part_it_does_not_exist(town, client_for):
    make.ticket(town.ann, title="In earnest")
    db.session.commit()
    key = mark(town).key
    for person in (town.ann, town.carl):
        client = client_for(person)
        for path in (f"/tickets/{key}", f"/tickets/{key}/timeline", f"/api/v1/tickets/{key}"):
            assert client.get(path, headers=_token(person)).status_code == 404, path
        for act in ("comments", "solution", "reopening", "rating", "withdrawal"):
            assert (
                client.post(f"/tickets/{key}/{act}", data={"body": "Hello", "score": "5"}).status_code == 404
            )
        for path in ("/", "/tickets?show=all", f"/tickets?show=all&q={WORD}", f"/search?q={WORD}"):
            assert f"Cheap {WORD}s" not in client.get(path).text
        listed_by_api = client.get("/api/v1/tickets", headers=_token(person)).json["tickets"]
        assert key not in [ticket["key"] for ticket in listed_by_api]
        assert f"ticket:{key}" not in _topics(person, [f"ticket:{key}"]).values()
    assert counts(town.ann).open == 1


def _token(person):
    token = make.token(person, *Scope)
    db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def test_whoever_asked_cannot_ask_for_spam_either(town, client_for):
    mark(town)
    answer = client_for(None).get("/api/v1/tickets?filter=is:spam", headers=_token(town.ann))
    assert (answer.status_code, answer.json["error_code"]) == (422, "E_FILTER")


def test_an_agent_who_only_takes_part_in_a_shut_project_loses_it_like_anybody(town):
    project = make.project("HR", members_only=True)
    ticket = make.ticket(town.petra, project=project)
    db.session.commit()
    spam.mark(ticket, actor=town.boss)
    db.session.commit()

    seen = select(Ticket.key).where(Ticket.id == ticket.id)
    assert db.session.scalar(seen.where(reachable_by(town.petra))) is None
    assert db.session.scalar(seen.where(reachable_by(town.boss))) == ticket.key
    assert listed(town.petra, "is:spam") == []


def test_parts_of_what_is_seen_leave_it_out_as_the_whole_does(town):
    make.ticket(town.ann, team=town.team), make.ticket(town.ann, is_confidential=True)
    mark(town), mark(town, make.ticket(town.ann, team=town.team))
    for person in (town.ann, town.petra, town.vera, make.manager(), town.boss):
        whole = set(db.session.scalars(select(Ticket.id).where(visible_to(person))))
        parts = [set(db.session.scalars(select(Ticket.id).where(part))) for part in visible_in_parts(person)]
        assert set().union(*parts) == whole
        assert sum(map(len, parts)) == len(whole)


# But where the desk asks for it.


def test_the_desk_finds_it_by_its_filter_and_in_a_view_of_its_own(town, client_for):
    make.ticket(town.ann, title="In earnest")
    key = mark(town).key
    assert listed(town.petra, "is:spam") == [key]
    assert listed(town.petra, queue="spam") == [key]
    assert listed(town.petra, f"is:spam {WORD}") == [key]
    assert listed(town.petra, "-is:spam") == ["IT-2"]
    assert set(listed(town.petra, "is:spam,open")) == {"IT-2", key}
    assert _count(town.petra.id, ("is:spam",), "en").numbers == {"is:spam": 1}
    assert [
        hit.id
        for hit in Search(town.petra, Desk.of(town.petra).read(f"{WORD} is:spam")).ranked(None).page.rows
    ]
    page = client_for(town.petra).get("/queue/spam").text
    assert f"Cheap {WORD}s" in page and "In earnest" not in page
    rows = client_for(None).get("/api/v1/tickets?filter=is:spam", headers=_token(town.petra)).json["tickets"]
    assert [row["key"] for row in rows] == [key]


def test_who_could_not_see_it_does_not_see_it_as_spam(town, client_for):
    ticket = make.ticket(town.ann, team=town.team)
    mark(town, ticket)
    assert listed(town.vera, "is:spam") == []
    assert client_for(town.vera).get(f"/tickets/{ticket.key}").status_code == 404


def test_its_page_says_who_marked_it_and_offers_the_way_back(town, client_for):
    key = mark(town).key
    page = client_for(town.ben).get(f"/tickets/{key}").text
    assert "<b>Petra</b> marked it" in page
    assert "Not spam" in page
    assert "composer-dock" not in page
    assert f'action="/tickets/{key}/solution"' not in page


def test_the_page_asks_for_news_of_it(town):
    key = mark(town).key
    assert f"ticket:{key}" in _topics(town.ben, [f"ticket:{key}"]).values()


def test_the_api_tells_the_desk_that_it_is_spam(town, client_for):
    key = mark(town).key
    assert client_for(None).get(f"/api/v1/tickets/{key}", headers=_token(town.petra)).json["is_spam"] is True


# Nothing is done to it.


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("comments", {"body": "Hello"}),
        ("notes", {"body": "Hello"}),
        ("status", {"status": "2"}),
        ("assignment", {"assignee_id": ""}),
        ("priority", {"priority": "high"}),
        ("solution", {}),
        ("project", {"project_id": "1"}),
        ("fields", {"title": "Other"}),
        ("tags", {"tags": "vpn"}),
        ("due", {"day": "2030-01-01"}),
        ("watchers", {}),
        ("confidentiality", {}),
        ("participants", {"person": "carl@example.org"}),
        ("triage/accept", {}),
        ("triage/decline", {"reason": "No"}),
        ("triage/snooze", {"when": "answer"}),
        ("triage/duplicate", {"of": "IT-2"}),
        ("merge", {"into": "IT-2"}),
        ("attachments/presign", {"original_filename": "a.txt", "mime": "text/plain", "size": "3"}),
    ],
)
def test_every_change_is_refused_with_what_to_do(town, client_for, path, data):
    make.ticket(town.ann)
    key = mark(town).key
    before = db.session.scalars(select(Event.id)).all()
    answer = client_for(town.petra).post(f"/tickets/{key}/{path}", data=data)
    assert answer.status_code in {409, 422}
    assert "is marked as spam. Choose “Not spam” on its page first." in answer.get_data(as_text=True).replace(
        "\\u201c", "“"
    ).replace("\\u201d", "”")
    assert db.session.scalars(select(Event.id)).all() == before


def test_nothing_goes_on_in_spam(town):
    other = make.ticket(town.ann)
    key = mark(town).key
    with pytest.raises(DomainError, match="Not spam"):
        held_together_or_404(other.key, key, seen_by=town.petra)


def test_a_file_of_it_is_looked_at_by_the_desk_and_not_removed(town, client_for):
    file = make.file(town.ticket, town.ann, "plan.txt")
    public_id = file.public_id
    mark(town)
    assert client_for(town.petra).get(f"/attachments/{public_id}").status_code == 200
    assert client_for(town.petra).post(f"/attachments/{public_id}/removal").status_code == 409
    assert client_for(town.ann).get(f"/attachments/{public_id}").status_code == 404
    assert db.session.scalar(select(Attachment.scanned_status)) is State.CLEAN


# And back.


def snapshot(ticket):
    left_out = {"version", "updated_at"}
    columns = [column for column in Ticket.__table__.columns if column.name not in left_out]
    return db.session.execute(select(*columns).where(Ticket.id == ticket.id)).one()


@pytest.mark.parametrize(
    "state",
    [
        lambda _town: None,
        lambda town: triage.snooze(town.ticket, None, actor=town.ben),
        lambda town: triage.accept(town.ticket, actor=town.ben),
        lambda town: actions.settle(town.ticket, actor=town.ann),
        lambda town: make.walk(town.ticket, "blocked", actor=town.ben),
    ],
    ids=["in the inbox", "snoozed", "taken", "closed", "blocked"],
)
def test_unmarked_it_is_exactly_where_it_was(town, state):
    state(town)
    db.session.commit()
    before, in_inbox = snapshot(town.ticket), listed(town.petra, queue=TRIAGE)

    mark(town)
    assert listed(town.petra, queue=TRIAGE) == []
    unmark(town)

    assert snapshot(town.ticket) == before
    assert listed(town.petra, queue=TRIAGE) == in_inbox
    assert invariants.broken() == {}


def test_marking_twice_and_unmarking_twice_is_once(town):
    mark(town), mark(town), unmark(town), unmark(town)
    kinds = select(Event.kind).where(Event.ticket_id == town.ticket.id).order_by(Event.id)
    assert list(db.session.scalars(kinds)) == [
        Kind.TICKET_SUBMITTED, Kind.TICKET_MARKED_SPAM, Kind.TICKET_UNMARKED_SPAM
    ]  # fmt: skip


def test_its_history_says_so_to_the_desk_alone(town, client_for):
    mark(town), unmark(town)
    assert "said that it is no spam" in client_for(town.petra).get("/tickets/IT-1").text
    assert "spam" not in client_for(town.ann).get("/tickets/IT-1").text.lower()


def test_its_files_can_be_fetched_and_are_not_offered_to_be_removed(town, client_for):
    make.file(town.ticket, name="offer.pdf")
    db.session.commit()
    petra = client_for(town.petra)
    assert 'aria-label="Remove offer.pdf"' in petra.get("/tickets/IT-1").text

    mark(town)

    page = petra.get("/tickets/IT-1").text
    assert "/download" in page
    assert "Remove offer.pdf" not in page


def test_what_is_snoozed_sleeps_on_while_it_is_spam(town, monkeypatch):
    until = clock.now() + timedelta(hours=3)
    triage.snooze(town.ticket, until, actor=town.ben)
    mark(town)
    monkeypatch.setattr(clock, "now", lambda: until + timedelta(minutes=1))
    assert not triage.is_snooze_over()
    wake_job()
    assert town.ticket.snoozed_until == until
    unmark(town)
    assert listed(town.petra, queue=TRIAGE) == [town.ticket.key]


# Nobody is told.


def test_marking_rings_no_bell_and_writes_no_mail(town, queue):
    mark(town)
    for event in db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_MARKED_SPAM)):
        notify_people(event)
    assert [unread_count(person) for person in (town.ann, town.carl, town.ben)] == [0, 0, 0]
    assert db.session.scalars(select(Mail)).all() == []


def test_a_mail_about_it_that_was_not_sent_waits_until_it_is_no_spam(town):
    _blocked_file(town)
    assert {mail.to_address for mail in _due_mails()} == {"ann@example.org", town.boss.email}

    mark(town)
    assert {mail.to_address for mail in _due_mails()} == {town.boss.email}

    unmark(town)
    assert {mail.to_address for mail in _due_mails()} == {"ann@example.org", town.boss.email}


def test_a_mail_that_is_written_while_it_is_spam_waits_too(town, client_for):
    mark(town)
    _blocked_file(town)
    assert {mail.to_address for mail in _due_mails()} == {town.boss.email}
    mail = db.session.scalars(select(Mail).where(Mail.to_address == "ann@example.org")).one()
    assert "This mail is withheld" in client_for(town.boss).get(f"/admin/mail/{mail.id}").text
    assert "Withheld" in client_for(town.boss).get("/admin/mail").text


def _blocked_file(town):
    file = make.file(town.ticket, town.ann, "bill.txt")
    file.scanned_status, file.clean_key = State.INFECTED, None
    tell_people(file)
    db.session.commit()


def _due_mails():
    due = list(db.session.scalars(select(Mail).where(sending._is_due())))
    while claim := sending.claim_next():
        assert claim.mail_id in {mail.id for mail in due}
    db.session.rollback()
    return due


# Who was first.


def test_who_comes_second_is_told_who_was_first(town, client_for):
    key = mark(town).key
    answer = client_for(town.ben).post(f"/tickets/{key}/spam", headers=HTMX)
    assert (answer.status_code, "Petra has marked IT-1 as spam already." in answer.text) == (409, True)


def test_in_the_inbox_somebody_may_have_taken_it_first(town, client_for):
    key = town.ticket.key
    triage.accept(town.ticket, actor=town.ben)
    db.session.commit()
    answer = client_for(town.petra).post(f"/tickets/{key}/spam?from=inbox", headers=HTMX)
    assert (answer.status_code, "Ben has taken IT-1 already" in answer.text) == (409, True)
    assert client_for(town.petra).post(f"/tickets/{key}/spam", headers=HTMX).status_code == 200


def test_of_two_at_once_one_marks_it_and_one_is_told(shared_app):
    petra, ben = make.agent(name="Petra"), make.agent(name="Ben")
    key = make.ticket().key
    db.session.commit()
    ids = [petra.id, ben.id]

    def marking(user_id):
        def run():
            actor = db.session.get_one(make.User, user_id)
            spam.mark(get_ticket_or_404(key, seen_by=actor, to_change=True, even_spam=True), actor=actor)

        return run

    answers = at_once(shared_app, *(marking(each) for each in ids))

    assert sorted(answer is None for answer in answers) == [False, True]
    assert "as spam already" in str(next(answer for answer in answers if answer))
    assert len(db.session.scalars(select(SpamNote)).all()) == 1


def test_who_waited_while_it_was_marked_is_refused(shared_app):
    petra = make.agent(name="Petra")
    key = make.ticket().key
    db.session.commit()
    petra_id = petra.id

    def hold():
        spam.mark(get_ticket_or_404(key, seen_by=petra, to_change=True), actor=petra)

    def close():
        ben = db.session.get_one(make.User, petra_id)
        try:
            get_ticket_or_404(key, seen_by=ben, to_change=True)
        except DomainError as error:
            return str(error)

    assert "is marked as spam" in while_held(shared_app, hold, close)


# Merged and linked.


def test_a_ticket_in_which_others_go_on_is_not_marked(town):
    other = make.ticket(make.employee())
    merge(other, town.ticket, actor=town.petra)
    db.session.commit()
    with pytest.raises(DomainError, match="were merged into IT-1, so people wait for it"):
        spam.mark(town.ticket, actor=town.petra)
    with pytest.raises(DomainError, match="merged into IT-1 meanwhile"):
        get_ticket_or_404(other.key, seen_by=town.petra, to_change=True, even_spam=True)


def test_links_with_it_are_not_shown_until_it_is_back(town):
    other = make.ticket(town.ann)
    links.link(other, Relation.RELATES_TO, town.ticket, actor=town.petra)
    mark(town)
    assert links.links_of(other, reader=town.boss) == []
    assert [each.key for each in links.links_of(town.ticket, reader=town.petra)] == [other.key]
    unmark(town)
    assert [each.key for each in links.links_of(other, reader=town.petra)] == [town.ticket.key]


# In the browser's terms.


def test_from_the_inbox_the_row_goes_and_a_toast_undoes_it(town, client_for):
    key = town.ticket.key
    answer = client_for(town.petra).post(f"/tickets/{key}/spam?from=inbox", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (200, "none")
    assert f'action="/tickets/{key}/spam/removal"' in answer.text
    assert 'data-key="z"' in answer.text

    undone = client_for(town.petra).post(f"/tickets/{key}/spam/removal", data={"back": "/queue/triage"})

    assert (undone.status_code, undone.location) == (303, "/queue/triage")
    assert listed(town.petra, queue=TRIAGE) == [key]


def test_without_a_script_both_are_forms_that_lead_on(town, client_for):
    key, client = town.ticket.key, client_for(town.petra)
    assert client.post(f"/tickets/{key}/spam?from=inbox").location == "/queue/triage"
    assert client.post(f"/tickets/{key}/spam/removal").location == f"/tickets/{key}"
    assert client.post(f"/tickets/{key}/spam").location == f"/tickets/{key}"


def test_an_undo_leads_to_no_other_host(town, client_for):
    key = mark(town).key
    answer = client_for(town.petra).post(f"/tickets/{key}/spam/removal", data={"back": "//evil.example"})
    assert answer.location == f"/tickets/{key}"


# Many at once.


def test_many_are_marked_at_once_and_undone(town, client_for):
    more = [make.ticket(town.ann) for _ in range(2)]
    db.session.commit()
    keys = [ticket.key for ticket in more]
    client = client_for(town.petra)
    client.post("/queue/bulk", data={"act": "spam", "ticket": keys, "back": "/queue/all"})
    assert set(listed(town.petra, queue="spam")) == set(keys)
    operation = db.session.scalars(select(BulkOperation)).one()
    assert "Cheap" not in client.get(f"/queue/bulk/{operation.public_id}").text

    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/all"})

    assert listed(town.petra, queue="spam") == []
    assert db.session.scalars(select(SpamNote)).all() == []


def test_many_are_brought_back_at_once_and_an_undo_marks_them_as_they_were(town, client_for):
    more = [mark(town, make.ticket(town.ann), town.ben) for _ in range(2)]
    keys, marked_at = [ticket.key for ticket in more], more[0].hidden_at
    client = client_for(town.petra)
    answer = client.post("/queue/bulk", data={"act": "not_spam", "ticket": keys, "back": "/queue/spam"})
    assert answer.location == "/queue/spam"
    assert listed(town.petra, queue="spam") == []
    assert set(keys) < set(listed(town.petra))
    assert db.session.scalars(select(SpamNote)).all() == []

    operation = db.session.scalars(select(BulkOperation)).one()
    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/spam"})

    again = db.session.scalars(select(Ticket).where(Ticket.key == keys[0])).one()
    assert set(listed(town.petra, queue="spam")) == set(keys)
    assert (again.hidden_by, again.hidden_at) == (town.ben, marked_at)
    notes = db.session.scalars(select(SpamNote)).all()
    assert {(note.noted_by_id, note.address) for note in notes} == {(town.ben.id, "ann@example.org")}


def test_who_does_not_work_on_spam_brings_none_of_it_back(town, client_for):
    actions.assign_team(town.ticket, town.team, actor=None)
    key = mark(town).key
    for stranger in (town.vera, town.carl):
        client_for(stranger).post("/queue/bulk", data={"act": "not_spam", "ticket": [key]})
    assert listed(town.petra, queue="spam") == [key]


def test_a_ticket_that_took_in_another_meanwhile_is_not_marked_again(town, client_for):
    key = mark(town).key
    client = client_for(town.petra)
    client.post("/queue/bulk", data={"act": "not_spam", "ticket": [key], "back": "/queue/spam"})
    merge(make.ticket(town.ann), town.ticket, actor=town.petra)
    db.session.commit()

    operation = db.session.scalars(select(BulkOperation)).one()
    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/spam"})

    item = db.session.scalars(select(BulkItem).execution_options(populate_existing=True)).one()
    assert item.outcome is Outcome.KEPT
    assert key in listed(town.petra)


@pytest.mark.parametrize(
    ("path", "acts"),
    [
        ("/queue/spam", {"not_spam"}),
        ("/queue/all?q=is:spam", {"not_spam"}),
        ("/queue/all", set(ACTS) - {"not_spam"}),
        ("/queue/all?q=-is:spam", set(ACTS) - {"not_spam"}),
        ("/queue/bulk/new?queue=spam&all=yes", {"not_spam"}),
        ("/queue/bulk/new?queue=all&all=yes", set(ACTS) - {"not_spam"}),
    ],
)
def test_a_list_offers_what_can_be_done_with_what_is_in_it(town, client_for, path, acts):
    mark(town, make.ticket(town.ann))

    page = client_for(town.petra).get(path).text

    assert set(re.findall(r'name="act" value="(\w+)"', page)) == acts


def test_another_act_on_spam_is_refused_with_what_to_do(town, client_for):
    mark(town)
    client_for(town.petra).post(
        "/queue/bulk", data={"act": "priority", "priority": "high", "ticket": ["IT-1"], "back": "/queue/spam"}
    )
    item = db.session.scalars(select(BulkItem)).one()
    assert (item.outcome, "Not spam" in item.reason) == (Outcome.REFUSED, True)


def test_the_undo_of_another_act_leaves_spam_alone(town, client_for):
    client = client_for(town.petra)
    client.post(
        "/queue/bulk", data={"act": "priority", "priority": "high", "ticket": ["IT-1"], "back": "/queue/all"}
    )
    mark(town, actor=town.ben)
    operation = db.session.scalars(select(BulkOperation)).one()
    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/all"})
    item = db.session.scalars(select(BulkItem).execution_options(populate_existing=True)).one()
    assert (item.outcome, town.ticket.priority.value) == (Outcome.KEPT, "high")


# Who sent it.


def test_its_sender_is_noted_and_the_note_goes_with_the_mark(town):
    mark(town)
    note = db.session.scalars(select(SpamNote)).one()
    assert (note.address, note.ticket_id, note.noted_by_id) == (
        "ann@example.org",
        town.ticket.id,
        town.petra.id,
    )
    unmark(town)
    assert db.session.scalars(select(SpamNote)).all() == []


def test_other_tickets_of_a_noted_sender_show_a_quiet_sign(town, client_for):
    mark(town), mark(town, make.ticket(town.ann))
    make.ticket(town.ann, title="Is it again?"), make.ticket(town.carl, title="Another one")
    db.session.commit()
    triage_page = client_for(town.petra).get("/queue/triage").text
    assert triage_page.count("Sender of 2 spam tickets") == 1
    assert "Sender of 2 spam tickets" in client_for(town.petra).get("/tickets/IT-3").text
    assert "Sender of" not in client_for(town.petra).get("/tickets/IT-4").text
    assert "Sender of" not in client_for(town.ann).get("/tickets/IT-3").text
    assert "Sender of" not in client_for(town.petra).get("/queue/open").text


def test_the_sign_costs_no_statement(town, client_for, statements):
    client = client_for(town.petra)
    client.get("/queue/triage"), client.get("/tickets/IT-1")
    statements.clear()
    client.get("/queue/triage"), client.get("/tickets/IT-1")
    without = len(statements)
    mark(town, make.ticket(town.ann))
    client.get("/queue/triage"), client.get("/tickets/IT-1")
    statements.clear()
    assert "Sender of 1 spam ticket" in client.get("/queue/triage").text + client.get("/tickets/IT-1").text
    assert len(statements) == without


def test_admins_see_who_is_noted_search_and_remove_with_a_second_thought(town, client_for):
    mark(town), mark(town, make.ticket(town.ann)), mark(town, make.ticket(town.carl), actor=town.ben)
    client = client_for(town.boss)
    page = client.get("/admin/senders").text
    assert page.index(town.carl.email) < page.index("ann@example.org")
    assert town.carl.email not in client.get("/admin/senders?q=ANN@").text
    assert "No such sender" in client.get("/admin/senders?q=zebra").text

    note = db.session.scalars(select(SpamNote).where(SpamNote.address == "ann@example.org")).first()
    address = f"/admin/senders/{note.id}/removal"
    assert "2 tickets of this address" in client.get(address).text
    assert client.post(address).location == "/admin/senders"

    assert [note.address for note in db.session.scalars(select(SpamNote))] == [town.carl.email]
    told = db.session.scalars(select(Event).where(Event.kind == Kind.SENDER_FORGOTTEN)).one()
    assert (told.actor_id, told.data) == (town.boss.id, {"email": "ann@example.org", "spam": 2})
    assert "Noted sender of spam removed" in client.get("/admin/audit").text
    assert client.post(address).status_code == 404
    assert town.ticket.is_spam


def test_the_list_of_senders_pages_and_is_empty_at_first(town, client_for):
    client = client_for(town.boss)
    assert "Nobody is noted" in client.get("/admin/senders").text
    for _ in range(27):
        mark(town, make.ticket(make.employee()))
    first = client.get("/admin/senders").text
    assert first.count("/removal") == 25
    after = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert client.get(after.replace("&amp;", "&")).text.count("/removal") == 2


def test_who_is_anonymized_is_noted_no_more(shared_app):
    boss, ann = make.admin(), make.employee(name="Ann Quillfeather", email="quillfeather@example.org")
    spam.mark(make.ticket(ann), actor=boss)
    people.deactivate(ann, actor=boss)
    db.session.commit()
    assert db.session.scalars(select(SpamNote)).one().address == "quillfeather@example.org"
    privacy.anonymize(ann, actor=boss)
    db.session.commit()
    privacy_work()
    assert db.session.scalars(select(SpamNote)).all() == []


def test_somebody_who_leaves_the_desk_hands_over_spam_too(town):
    triage.accept(town.ticket, actor=town.ben)
    mark(town)
    change_role(town.ben, Role.EMPLOYEE, actor=town.boss)
    hand_over(town.ben, actor=town.boss)
    db.session.commit()
    unmark(town)
    assert (town.ticket.assignee, invariants.broken()) == (None, {})


def test_condition_of_the_view_is_the_filter(town):
    desk = Desk.of(town.petra)
    mark(town)
    wanted = condition(desk, desk.read(QUEUES["spam"].filter))
    assert list(db.session.scalars(select(Ticket.key).where(wanted))) == ["IT-1"]
