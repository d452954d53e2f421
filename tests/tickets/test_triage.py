"""The inbox: what waits in it, the one decision by which each ticket leaves, and who is told what."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from jobs.triage import wake as wake_job
from portal import clock, invariants
from portal.desk.queues import QUEUES, TRIAGE, Desk, condition
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.actions import notify_people
from portal.notifications.models import Notification
from portal.tickets import actions, triage, wishes
from portal.tickets.merging import merge, unmerge
from portal.tickets.models import Comment, Outcome, Part, Ticket, TicketPerson
from portal.tickets.queries import get_ticket_or_404, held_together_or_404
from portal.tickets.selections import Selection, count_of
from portal.tickets.triage_forms import presets
from tests import factories as make
from tests.parallel import at_once

HTMX = {"HX-Request": "true"}
FROM = "?from=inbox"
BERLIN = ZoneInfo("Europe/Berlin")


class Town:
    """Ann has asked for IT-1; Petra and Ben are of the desk, Vera of another team."""


@pytest.fixture
def town(world):
    found = Town()
    found.team, found.other = make.team(name="Network"), make.team(name="Hardware")
    found.ann = make.employee(name="Ann Anders")
    found.petra, found.ben = (
        make.agent(name="Petra", team=found.team),
        make.agent(name="Ben", team=found.team),
    )
    found.vera = make.agent(name="Vera", team=found.other)
    found.ticket = make.ticket(found.ann, title="No VPN")
    db.session.commit()
    return found


def inbox(reader):
    desk = Desk.of(reader)
    wanted = condition(desk, desk.read(QUEUES[TRIAGE].filter))
    return list(db.session.scalars(select(Ticket.key).where(wanted).order_by(Ticket.id)))


def waits(town):
    db.session.expire_all()
    return town.ticket.key in inbox(town.petra)


def kinds(ticket):
    return list(db.session.scalars(select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.id)))


def later(hours=3):
    return clock.now() + timedelta(hours=hours)


# What waits there, and what is a decision.


def test_a_new_ticket_waits_for_a_decision(town):
    assert waits(town)
    assert town.ticket.is_undecided and not town.ticket.is_snoozed


def test_routing_by_topic_is_nobodys_decision(town):
    routed = make.ticket(town.ann, category=make.category("Network", team_id=town.team.id))
    assert routed.team == town.team
    assert routed.key in inbox(town.petra)


@pytest.mark.parametrize(
    "work",
    [
        lambda town: actions.assign(town.ticket, town.ben, actor=town.petra),
        lambda town: actions.assign_team(town.ticket, town.team, actor=town.petra),
        lambda town: make.reply(town.ticket, town.petra),
        lambda town: actions.change_status(town.ticket, make.status("in_progress"), actor=town.petra),
        lambda town: wishes.follow_up(town.ticket, "wait", actor=town.petra),
        lambda town: actions.settle(town.ticket, actor=town.petra),
        lambda town: merge(town.ticket, make.ticket(town.ann), actor=town.petra),
    ],
    ids=["taken", "routed", "answered", "begun", "asked back", "closed", "merged"],
)
def test_ordinary_work_is_a_decision_too(town, work):
    triage.snooze(town.ticket, None, actor=town.ben)
    work(town)
    db.session.commit()
    assert not waits(town)
    assert (town.ticket.inbox_since, town.ticket.is_snoozed) == (None, False)
    assert invariants.broken() == {}


@pytest.mark.parametrize(
    "no_decision",
    [
        lambda town: make.reply(town.ticket, town.ann),
        lambda town: make.note(town.ticket, town.petra),
        lambda town: actions.watch(town.ticket, town.petra),
        lambda town: actions.edit(town.ticket, actor=town.petra, title="No VPN at home"),
        lambda town: actions.take_part(town.ticket, make.employee(), Part.PARTICIPANT),
    ],
    ids=["the requester adds something", "a note", "watched", "corrected", "a participant"],
)
def test_what_settles_nothing_is_no_decision(town, no_decision):
    no_decision(town)
    db.session.commit()
    assert waits(town)


def test_an_agent_who_asks_for_something_and_adds_to_it_still_waits(town):
    own = make.ticket(town.petra)
    make.reply(own, town.petra)
    assert own.key in inbox(town.ben)


def test_what_is_closed_by_its_requester_and_taken_up_again_waits_anew(town):
    actions.settle(town.ticket, actor=town.ann)
    db.session.commit()
    assert not waits(town)
    actions.reopen(town.ticket, actor=town.ann)
    db.session.commit()
    assert waits(town)


def test_what_somebody_answers_for_does_not_come_back_when_it_is_reopened(town):
    triage.accept(town.ticket, actor=town.petra)
    actions.settle(town.ticket, actor=town.petra)
    actions.reopen(town.ticket, actor=town.ann)
    db.session.commit()
    assert not waits(town)


def test_what_was_merged_by_mistake_waits_again(town):
    into = make.ticket(town.ann)
    db.session.commit()
    source, target = held_together_or_404(town.ticket.key, into.key, seen_by=town.petra)
    triage.duplicate(source, target, actor=town.petra)
    db.session.commit()
    unmerge(town.ticket, actor=town.petra)
    db.session.commit()
    assert waits(town)


# The decisions.


def test_accepting_makes_it_mine_and_twice_is_once(town):
    triage.accept(town.ticket, actor=town.petra)
    triage.accept(town.ticket, actor=town.petra)
    db.session.commit()
    assert (town.ticket.assignee, waits(town)) == (town.petra, False)
    assert kinds(town.ticket) == [Kind.TICKET_SUBMITTED, Kind.TICKET_ASSIGNED]


def test_who_comes_second_is_told_who_was_first(town):
    triage.accept(town.ticket, actor=town.petra)
    with pytest.raises(DomainError, match="Petra has taken IT-1 already"):
        triage.accept(town.ticket, actor=town.ben)
    with pytest.raises(DomainError, match="Petra has taken"):
        triage.decline(town.ticket, "No.", actor=town.ben)


def test_who_comes_after_an_answer_is_told_who_gave_it(town):
    make.reply(town.ticket, town.petra)
    with pytest.raises(DomainError, match="Petra has decided on IT-1 already"):
        triage.snooze(town.ticket, later(), actor=town.ben)


def test_a_declined_ticket_is_closed_unsolved_with_the_reason_as_a_reply(town):
    triage.decline(town.ticket, "We **cannot** do that.", actor=town.petra)
    db.session.commit()

    said = db.session.scalars(select(Comment)).one()
    assert (said.body, said.is_internal, said.author) == ("We **cannot** do that.", False, town.petra)
    assert (town.ticket.is_done, town.ticket.outcome) == (True, Outcome.DECLINED)
    assert kinds(town.ticket)[:3] == [Kind.TICKET_SUBMITTED, Kind.TICKET_DECLINED, Kind.COMMENT_ADDED]
    assert invariants.broken() == {}


def test_that_it_was_declined_rings_once(town):
    triage.decline(town.ticket, "No.", actor=town.petra)
    db.session.commit()
    for event in db.session.scalars(select(Event).where(Event.ticket_id == town.ticket.id)):
        notify_people(event)
    rung = select(Event.kind).join(Notification, Notification.event_id == Event.id)
    assert list(db.session.scalars(rung.where(Notification.recipient_id == town.ann.id))) == [
        Kind.TICKET_DECLINED
    ]


def test_an_answer_to_a_declined_ticket_brings_it_back(town):
    triage.decline(town.ticket, "No.", actor=town.petra)
    make.reply(town.ticket, town.ann, body="But I need it.")
    db.session.commit()
    assert waits(town)
    assert town.ticket.outcome is None


def test_a_duplicate_goes_on_in_the_other_ticket_with_its_requester(town):
    bert = make.employee(name="Bert")
    other = make.ticket(bert)
    triage.duplicate(town.ticket, other, actor=town.petra)
    db.session.commit()
    assert town.ticket.merged_into_id == other.id
    assert db.session.get(TicketPerson, (town.ann.id, other.id, Part.PARTICIPANT))
    assert inbox(town.petra) == [other.key]


def test_routing_to_the_team_that_has_it_is_a_decision_and_said(town):
    routed = make.ticket(town.ann, category=make.category("Network", team_id=town.team.id))
    triage.route(routed, town.team, actor=town.petra)
    db.session.commit()
    assert routed.key not in inbox(town.petra)
    assert kinds(routed) == [Kind.TICKET_SUBMITTED, Kind.TICKET_KEPT]


# Snoozing.


def test_a_snoozed_ticket_is_out_of_sight_until_its_time(town, monkeypatch):
    until = later()
    triage.snooze(town.ticket, until, actor=town.petra)
    db.session.commit()
    assert (waits(town), town.ticket.is_snoozed) == (False, True)

    monkeypatch.setattr(clock, "now", lambda: until)
    assert (waits(town), town.ticket.is_snoozed) == (True, False)


def test_the_job_says_once_that_the_time_has_come(town, monkeypatch):
    until = later()
    triage.snooze(town.ticket, until, actor=town.petra)
    db.session.commit()
    wake_job()
    assert not triage.is_snooze_over()
    assert Kind.TICKET_WOKEN not in kinds(town.ticket)

    monkeypatch.setattr(clock, "now", lambda: until)
    assert triage.is_snooze_over()
    wake_job()
    wake_job()

    assert kinds(town.ticket)[-2:] == [Kind.TICKET_SNOOZED, Kind.TICKET_WOKEN]
    assert waits(town)


@pytest.mark.parametrize("until", [None, 3], ids=["for an answer", "for three hours"])
def test_an_answer_of_the_requester_ends_any_snooze(town, until):
    triage.snooze(town.ticket, until and later(until), actor=town.petra)
    db.session.commit()
    assert not waits(town)

    make.reply(town.ticket, town.ann, body="One more thing")
    db.session.commit()

    assert waits(town)
    woken = db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_WOKEN)).one()
    assert (woken.data["by"], woken.is_public, woken.cause.kind) == ("answer", False, Kind.COMMENT_ADDED)


def test_the_same_snooze_twice_is_one_and_another_one_replaces_it(town):
    until = later()
    for wanted in (until, until, None):
        triage.snooze(town.ticket, wanted, actor=town.petra)
    assert kinds(town.ticket)[1:] == [Kind.TICKET_SNOOZED, Kind.TICKET_SNOOZED]
    assert (town.ticket.snoozed_until, town.ticket.snoozed_for_answer) == (None, True)


def test_what_its_requester_closes_is_snoozed_no_more_and_nobody_is_told_that_it_came_back(town, monkeypatch):
    until = later()
    triage.snooze(town.ticket, until, actor=town.petra)
    actions.settle(town.ticket, actor=town.ann)
    db.session.commit()
    monkeypatch.setattr(clock, "now", lambda: until)
    wake_job()
    assert town.ticket.snoozed_until is None
    assert Kind.TICKET_WOKEN not in kinds(town.ticket)


def test_nobody_snoozes_into_the_past(town):
    with pytest.raises(DomainError, match="still to come"):
        triage.snooze(town.ticket, clock.now(), actor=town.petra)


def test_a_snoozed_ticket_can_be_accepted_and_is_then_no_more_snoozed(town):
    triage.snooze(town.ticket, None, actor=town.petra)
    triage.accept(town.ticket, actor=town.ben)
    db.session.commit()
    assert (town.ticket.snoozed_for_answer, town.ticket.assignee) == (False, town.ben)


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        ("2026-11-23 09:30", ["Mon 12:00", "Tue 08:00", "Mon 08:00", None]),  # a Monday
        ("2026-11-25 09:30", ["Wed 12:00", "Thu 08:00", "Mon 08:00", "Wed 08:00", None]),
        ("2026-11-25 17:30", ["Thu 08:00", "Mon 08:00", "Wed 08:00", None]),
        ("2026-11-27 09:30", ["Fri 12:00", "Mon 08:00", "Fri 08:00", None]),
        ("2026-11-28 09:30", ["Mon 08:00", None]),
        ("2026-11-29 09:30", ["Mon 08:00", None]),
    ],
)
def test_what_is_offered_is_a_working_hour_of_the_reader(app, now, offered):
    moment = datetime.fromisoformat(now).replace(tzinfo=BERLIN).astimezone(UTC)
    with app.test_request_context():
        found = presets(moment, BERLIN)
    assert [one.at and f"{one.at:%a %H:%M}" for one in found] == offered
    assert all(one.at > moment for one in found if one.at)


# Withdrawing.


def test_the_requester_withdraws_what_nobody_has_begun(town):
    triage.withdraw(town.ticket, actor=town.ann)
    triage.withdraw(town.ticket, actor=town.ann)
    db.session.commit()
    assert (town.ticket.outcome, town.ticket.is_done) == (Outcome.WITHDRAWN, True)
    assert kinds(town.ticket).count(Kind.TICKET_WITHDRAWN) == 1
    assert invariants.broken() == {}


def test_nobody_else_withdraws_it_and_nobody_what_is_worked_on(town):
    with pytest.raises(DomainError, match="Only whoever asked"):
        triage.withdraw(town.ticket, actor=town.petra)
    triage.accept(town.ticket, actor=town.petra)
    with pytest.raises(DomainError, match="works on it"):
        triage.withdraw(town.ticket, actor=town.ann)


# On the pages.


def test_each_decision_is_a_button_of_its_row_with_its_key(town, client_for):
    page = client_for(town.petra).get("/queue/triage").text
    keys = re.findall(r'data-row-key="(.)"', page)
    assert keys == ["1", "2", "3", "4", "h", "!"]
    assert f'formaction="/tickets/{town.ticket.key}/triage/accept?from=inbox"' in page


def test_without_a_script_accepting_leads_back_to_the_inbox(town, client_for):
    answer = client_for(town.petra).post(f"/tickets/{town.ticket.key}/triage/accept{FROM}")
    assert (answer.status_code, answer.location) == (303, "/queue/triage")
    assert not waits(town)


def test_from_the_list_htmx_swaps_nothing_and_says_what_was_done(town, client_for):
    answer = client_for(town.petra).post(f"/tickets/{town.ticket.key}/triage/accept{FROM}", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Reswap"]) == (200, "none")
    assert "IT-1 is yours." in answer.text


def test_on_its_page_the_ticket_is_drawn_again(town, client_for):
    page = client_for(town.petra)
    assert "Nobody has taken this yet" in page.get(f"/tickets/{town.ticket.key}").text
    answer = page.post(f"/tickets/{town.ticket.key}/triage/accept", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (200, "#ticket")
    assert "Nobody has taken this yet" not in answer.text


@pytest.mark.parametrize(
    ("decision", "sent"),
    [
        ("decline", {"reason": "We cannot."}),
        ("route", {"team_id": "TEAM"}),
        ("snooze", {"when": "answer"}),
        ("snooze", {"day": "2100-01-01"}),
    ],
)
def test_what_asks_works_as_a_page_of_its_own(town, client_for, decision, sent, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2099, 6, 1, tzinfo=UTC))
    sent = {name: town.team.id if value == "TEAM" else value for name, value in sent.items()}
    page, address = client_for(town.petra), f"/tickets/{town.ticket.key}/triage/{decision}"
    assert f'action="{address}"' in page.get(address).text

    refused = page.post(address)
    answer = page.post(address, data=sent)

    assert (refused.status_code, answer.status_code, answer.location) == (
        422,
        303,
        f"/tickets/{town.ticket.key}",
    )
    assert not waits(town)


def test_a_duplicate_is_named_by_its_key(town, client_for):
    other = make.ticket(make.employee(), title="VPN is down")
    db.session.commit()
    page, address = client_for(town.petra), f"/tickets/{town.ticket.key}/triage/duplicate"

    unknown = page.post(address, data={"of": "IT-4711"})
    itself = page.post(address, data={"of": town.ticket.key})
    answer = page.post(address + FROM, data={"of": other.key})

    assert (unknown.status_code, itself.status_code) == (422, 409)
    assert "These are one ticket already" in itself.text
    assert (answer.status_code, answer.location) == (303, "/queue/triage")


def test_who_is_late_is_told_in_the_dialog_and_keeps_what_was_typed(town, client_for):
    triage.accept(town.ticket, actor=town.ben)
    db.session.commit()
    address = f"/tickets/{town.ticket.key}/triage/decline{FROM}"
    answer = client_for(town.petra).post(address, data={"reason": "Long words."}, headers=HTMX)
    assert answer.status_code == 409
    assert "Ben has taken IT-1 already" in answer.text
    assert "Long words." in answer.text


def test_whoever_routes_it_out_of_their_sight_goes_on_with_the_list(town, client_for):
    page, address = client_for(town.petra), f"/tickets/{town.ticket.key}/triage/route"
    answer = page.post(address, data={"team_id": town.other.id})
    assert (answer.status_code, answer.location) == (303, "/queue")
    assert page.get(f"/tickets/{town.ticket.key}").status_code == 404


def test_the_next_one_is_the_next_older_and_then_the_oldest(town, client_for):
    second, third = make.ticket(town.ann), make.ticket(town.ann)
    db.session.commit()
    page = client_for(town.petra)

    def after(key):
        return page.get(f"/queue/triage/next?after={key}").location

    assert after(town.ticket.key) == f"/tickets/{second.key}"
    assert after(third.key) == f"/tickets/{town.ticket.key}"
    assert after("") == f"/tickets/{town.ticket.key}"
    for each in (town.ticket, second, third):
        triage.accept(each, actor=town.petra)
    db.session.commit()
    assert after(third.key) == "/queue/triage"
    assert "Every new ticket has been decided on" in page.get("/queue/triage").text


def test_another_teams_ticket_is_in_nobody_elses_inbox(town, client_for):
    secret = make.ticket(town.ann, category=make.category("Network", team_id=town.team.id))
    db.session.commit()
    assert secret.key not in client_for(town.vera).get("/queue/triage").text
    address = f"/tickets/{secret.key}/triage"
    assert client_for(town.vera).post(f"{address}/accept").status_code == 404
    assert client_for(town.vera).get(f"{address}/snooze").status_code == 404
    assert client_for(town.ann).post(f"{address}/accept").status_code == 403


def test_the_requester_learns_nothing_of_a_snooze(town, client_for):
    triage.snooze(town.ticket, later(), actor=town.petra)
    db.session.commit()
    ann, address = client_for(town.ann), f"/tickets/{town.ticket.key}"
    page = ann.get(address).text + ann.get("/tickets").text + ann.get(f"{address}/timeline").text
    assert "snooze" not in page.lower()
    assert "snooze" in client_for(town.petra).get(address).text.lower()


def test_the_requester_reads_that_it_was_declined_and_is_asked_for_no_rating(town, client_for):
    triage.decline(town.ticket, "Ask the landlord.", actor=town.petra)
    db.session.commit()
    page = client_for(town.ann).get(f"/tickets/{town.ticket.key}").text
    assert "This was declined." in page
    assert "Ask the landlord." in page
    assert "How satisfied" not in page
    assert "solved" not in page.lower().replace("not solved after all", "")


def test_the_requester_withdraws_on_the_page_as_long_as_nobody_works_on_it(town, client_for):
    ann, address = client_for(town.ann), f"/tickets/{town.ticket.key}"
    assert f'action="{address}/withdrawal"' in ann.get(address).text
    assert client_for(town.petra).post(f"{address}/withdrawal").status_code == 409
    assert ann.post(f"{address}/withdrawal").status_code == 303
    assert "This was withdrawn." in ann.get(address).text
    assert "withdrew it" in client_for(town.petra).get(address).text


def test_a_snoozed_ticket_says_until_when_and_is_woken_by_hand(town, client_for):
    triage.snooze(town.ticket, None, actor=town.petra)
    db.session.commit()
    page, address = client_for(town.ben), f"/tickets/{town.ticket.key}"
    assert "Snoozed until the requester answers" in page.get(address).text
    listed = page.get("/queue?q=is:snoozed").text
    assert town.ticket.key in listed
    assert "Snoozed until the requester answers" in listed
    assert page.post(f"{address}/triage/waking").status_code == 303
    assert waits(town)


def test_the_inbox_needs_the_same_few_statements_with_3_and_with_30(town, client_for, statements):
    page, counts = client_for(town.petra), []
    for number in (2, 27):
        for _turn in range(number):
            make.ticket(town.ann)
        db.session.commit()
        page.get("/queue/triage")
        statements.clear()
        page.get("/queue/triage")
        counts.append(len(statements))
    assert counts[1] - counts[0] <= 1  # beyond a page, how many there are is counted
    assert counts[1] <= 8


def test_the_index_of_the_inbox_fits_its_condition(town):
    desk = Desk.of(town.petra)
    wanted = condition(desk, desk.read("is:triage"))
    found = str(select(Ticket.id).where(wanted).compile(db.engine))
    assert "inbox_since IS NOT NULL" in found
    assert "status_category != 'done'" in found
    assert count_of(Selection.once(town.petra, wanted), 9) == 1


def test_programs_of_the_desk_are_told_what_waits_and_others_are_not(town, client_for):
    triage.snooze(town.ticket, None, actor=town.petra)
    tokens = [make.token(person) for person in (town.petra, town.ann)]
    db.session.commit()
    told = [
        client_for(None).get(
            f"/api/v1/tickets/{town.ticket.key}", headers={"Authorization": f"Bearer {token}"}
        )
        for token in tokens
    ]
    assert told[0].json["triage"]["is_snoozed"] is True
    assert told[0].json["triage"]["snoozed_until"] is None
    assert told[1].json["triage"] is None
    assert "snooze" not in told[1].text.replace('"is_snoozed"', "")


# At the same moment.


def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told_who(shared_app):
    key = make.ticket().key
    people = {make.admin(name=name).id: name for name in ("Petra", "Ben")}
    db.session.commit()

    def taking(user_id):
        def take():
            agent = db.session.get_one(make.User, user_id)
            ticket = get_ticket_or_404(key, seen_by=agent, to_change=True)
            triage.accept(ticket, actor=agent)
            return agent.name

        return take

    answers = at_once(shared_app, *map(taking, people))

    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    won = [answer for answer in answers if not isinstance(answer, DomainError)]
    assert won == [ticket.assignee.name]
    lost = next(str(answer) for answer in answers if isinstance(answer, DomainError))
    assert lost == f"{won[0]} has taken {key} already."
    assert kinds(ticket).count(Kind.TICKET_ASSIGNED) == 1


def test_an_answer_and_a_snooze_at_once_leave_no_answer_out_of_sight(shared_app):
    ann, petra = make.employee().id, make.admin().id
    key = make.ticket(db.session.get_one(make.User, ann)).key
    db.session.commit()

    def held(user_id):
        user = db.session.get_one(make.User, user_id)
        return user, get_ticket_or_404(key, seen_by=user, to_change=True)

    def snooze():
        agent, ticket = held(petra)
        triage.snooze(ticket, None, actor=agent)
        return "snoozed"

    def answer():
        person, ticket = held(ann)
        make.comments.reply(ticket, "Here is more.", author=person)
        return "answered"

    at_once(shared_app, snooze, answer)

    ticket = db.session.scalars(select(Ticket).where(Ticket.key == key)).one()
    told = [
        kind for kind in kinds(ticket) if kind in {Kind.COMMENT_ADDED, Kind.TICKET_SNOOZED, Kind.TICKET_WOKEN}
    ]
    assert told in (
        [Kind.TICKET_SNOOZED, Kind.COMMENT_ADDED, Kind.TICKET_WOKEN],
        [Kind.COMMENT_ADDED, Kind.TICKET_SNOOZED],  # whoever snoozed it had the answer before them
    )
    assert ticket.is_snoozed is (told[-1] == Kind.TICKET_SNOOZED)
