"""Why a rule ran, or did not: what is kept of its answers, and who reads it."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from jobs import housekeeping
from portal import clock
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.filters import read, where
from portal.rules.actions import edit, wanted_of
from portal.rules.models import RuleRun, RuleTrace
from portal.rules.queries import trace_or_404, traces_of
from portal.rules.traces import Outcome
from portal.tickets import actions, tagging
from portal.tickets.filtering import ticket_fields
from portal.tickets.lists import tickets_seen_by
from portal.tickets.models import Priority, Ticket, TicketType
from portal.tickets.vocabulary import vocabulary
from tests import factories as make
from tests.rules.conftest import chosen, tags

HIGH = ("priority", chosen("priority", "high"))
NOTHING = ("add_tags", tags("seen"))
PARTS = [
    "priority:high", "priority>=medium", "-priority:low", "type:incident,task", "title:printer", "printer",
    "-vpn", "team:none", "team:Network", "category:none", "assignee:none", "assignee:me", "is:open",
    "is:closed", "-is:unassigned", "is:confidential", "tag:urgent", "-tag:urgent", "created:today",
    "created>2d",
    "due:none", "is:overdue", "replies>0", "has:reply", "project:IT", "-status:open", "status:open,blocked",
]  # fmt: skip


def last_event(ticket):
    return db.session.scalar(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id.desc()))


def found_by_the_list(text, ticket, owner):
    """Whether somebody who types this filter above a list finds the ticket."""
    fields = ticket_fields(owner, vocabulary())
    tree = read(text, fields)
    listed = tickets_seen_by(
        owner, where(tree, Ticket.__table__.c, fields), Ticket.id == ticket.id, tree=tree
    )
    return db.session.execute(listed).first() is not None


def some_ticket(chance, team):
    ticket = make.ticket(
        title=chance.choice(["Printer on fire", "VPN drops", "Nothing works"]),
        priority=chance.choice(list(Priority)),
        type=chance.choice(list(TicketType)),
        is_confidential=chance.random() < 0.3,
        category=chance.choice([None, make.category()]),
    )
    if chance.random() < 0.5:
        actions.assign_team(ticket, team, actor=None)
    if chance.random() < 0.5:
        tagging.change_tags(ticket, ["urgent"], actor=None)
    if chance.random() < 0.3:
        make.reply(ticket)
    return ticket


@pytest.mark.parametrize("seed", range(8))
def test_the_traces_verdict_is_the_engines_and_that_of_a_list(rule, deliver, outcomes, seed):
    """Random filters and random tickets: a rule runs where a list of its owner with that filter would have
    the ticket, and the trace says so, part by part."""
    chance, team = Random(seed), make.team(name="Network")
    owners = [rule.owner, make.agent(name="Ada", team=team), make.agent(name="Bo", team=make.team())]
    tagging.tags_called(["urgent", "seen"], maker=None)
    tickets = [some_ticket(chance, team) for _each in range(6)]
    deliver()
    made = [
        rule(
            " ".join(chance.sample(PARTS, chance.choice([0, 1, 2, 3]))),
            on="note",
            owner=chance.choice(owners),
        )
        for _each in range(12)
    ]
    for ticket in tickets:
        make.note(ticket, rule.owner)
        wanted = {each.id: found_by_the_list(each.filter, ticket, each.owner) for each in made}
        event = last_event(ticket)

        deliver()

        assert {rule_id: outcome == "ran" for rule_id, outcome in outcomes(event).items()} == wanted
        for said in trace_or_404(ticket, event.id).answers:
            each = next(each for each in made if each.id == said.rule_id)
            if said.outcome is Outcome.UNSEEN:
                assert not found_by_the_list("", ticket, each.owner)
                continue
            assert all(part.is_so for part in said.conditions) == (said.outcome is Outcome.RAN)
            for part in said.conditions:
                assert part.is_so == found_by_the_list(part.text, ticket, each.owner), part.text


def test_the_first_condition_that_was_not_so_is_marked(rule, deliver):
    make.team(name="Network")
    rule("type:request priority:critical title:printer team:Network", does=[HIGH])
    ticket = make.ticket(title="Printer on fire")

    deliver()

    (traced,), _earlier = traces_of(ticket)
    parts = traced.answers[0].conditions
    assert [(part.text, part.is_so, part.is_first_false) for part in parts] == [
        ("type:request", True, False),
        ("priority:critical", False, True),
        ("title:printer", True, False),
        ("team:Network", False, False),
    ]


def test_a_trace_tells_of_the_rule_as_it_was(rule, deliver, client_for):
    was = rule("priority:critical", does=[HIGH], name="Before")
    ticket = make.ticket()
    deliver()
    edit(was, replace(wanted_of(was), name="After", filter="priority:low"), actor=rule.owner)

    (traced,), _earlier = traces_of(ticket)

    assert (traced.answers[0].name, traced.answers[0].conditions[0].text) == ("Before", "priority:critical")


def test_a_line_of_the_history_leads_to_why_the_rule_ran(rule, deliver, client_for):
    rule("title:fire", does=[HIGH], name="Fire is urgent")
    ticket = make.ticket(title="Printer on fire")
    deliver()
    event_id = last_event(ticket).cause_id

    page = client_for(make.agent()).get(f"/tickets/{ticket.key}").text

    assert "Rule: Fire is urgent" in page
    assert f"/tickets/{ticket.key}/rules?event={event_id}" in page
    why = client_for(make.agent()).get(f"/tickets/{ticket.key}/rules?event={event_id}").text
    assert "Fire is urgent" in why
    assert "title:fire" in why
    assert "It ran" in why


def test_somebody_asks_why_a_rule_did_not_run_here(rule, deliver, client_for):
    quiet = rule("priority:critical", does=[HIGH], name="Only critical ones")
    asleep = rule(on="note", does=[HIGH], name="On notes")
    ticket = make.ticket()
    deliver()
    client = client_for(make.agent())

    page = client.get(f"/tickets/{ticket.key}/rules?rule={quiet.id}").text
    other = client.get(f"/tickets/{ticket.key}/rules?rule={asleep.id}").text

    assert "priority:critical" in page
    assert "was not so: this kept it from running" in page
    assert "It was not asked" in other


def test_employees_are_told_of_no_rule(rule, deliver, client_for):
    rule(does=[("status", chosen("status", "in_progress") | {"waiting_for": None})], name="Secret rule")
    ticket = make.ticket()
    deliver()
    client = client_for(ticket.requester)

    page = client.get(f"/tickets/{ticket.key}")

    assert "Secret rule" not in page.text
    assert "The desk" in page.text
    assert client.get(f"/tickets/{ticket.key}/rules").status_code == 403


def test_who_does_not_work_on_a_ticket_finds_no_trace_of_it(rule, deliver, client_for):
    rule(does=[HIGH])
    ticket = make.ticket(team=make.team())
    deliver()

    answer = client_for(make.agent(team=make.team())).get(f"/tickets/{ticket.key}/rules")

    assert answer.status_code == 404


@pytest.mark.parametrize("asked", ["event=999999999", "event=x", "rule=999999999", "before=-1", "rule=0"])
def test_what_is_no_event_or_rule_is_not_found(rule, client_for, asked):
    ticket = make.ticket()
    db.session.commit()

    assert client_for(make.agent()).get(f"/tickets/{ticket.key}/rules?{asked}").status_code == 404


def test_what_was_cut_off_is_shown(rule, deliver, client_for):
    first = rule(does=[HIGH], stops=True, name="First")
    rule(does=[NOTHING], name="Second")
    ticket = make.ticket()
    deliver()

    page = client_for(make.agent()).get(f"/tickets/{ticket.key}/rules").text

    assert first.runs == 1
    assert "A rule before it let no other run" in page
    assert Kind.TICKET_TAGGED not in {event.kind for event in db.session.scalars(select(Event))}


def test_answers_are_kept_for_ninety_days(rule, deliver):
    rule(does=[HIGH])
    for days in (91, 89):
        with clock.travelling_to(clock.now() - timedelta(days=days)):
            make.ticket()
            deliver()

    housekeeping.tidy()

    for kept in (RuleTrace, RuleRun):
        assert db.session.scalar(select(func.count()).select_from(kept)) == 1
