"""What a rule would have done is what it does: tried on the past, it answers and acts as in earnest."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import InternalError

from portal import clock
from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import caused_by
from portal.extensions import db
from portal.rules.engine import apply_rules
from portal.rules.evaluating import known
from portal.rules.finding import Draft, Look, period_of, tickets_in
from portal.rules.models import RuleKind, RuleTrace, Turn
from portal.rules.registry import registered
from portal.rules.rehearsal import try_out
from portal.rules.shadow import shadow
from portal.rules.traces import Outcome
from portal.tickets import actions, tagging
from portal.tickets.models import Comment, Priority, Ticket
from tests import factories as make
from tests.rules.conftest import chosen, person, tags
from tests.rules.deeds import DEEDS, some_world

HIGH = ("priority", chosen("priority", "high"))
BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
PARTS = [
    "priority:high", "priority>=medium", "-priority:low", "type:incident,task", "title:printer", "burns",
    "-burns", "team:none", "team:Network", "category:none", "assignee:none", "assignee:me", "is:open",
    "is:closed", "-is:unassigned", "is:confidential", "tag:urgent", "-tag:urgent", "created:today",
    "created>2d", "updated<1h", "due:none", "is:overdue", "due<2d", "replies>0", "has:reply", "project:IT",
    "-status:open", "status:open,blocked", "is:triage", "is:snoozed", "waiting:requester", "closed:none",
    "sla:none", "-sla:none", "sla:breached", "sla:soon,running", "sla:paused", "sla_due<2d", "sla_due:none",
    "watcher:me", 'participant:"Carl Colleague"', "spent>0", "rating:5",
]  # fmt: skip


def tried(rule, *, reader=None, days=60, now=None):
    """What the rule would have done."""
    db.session.flush()
    draft = Draft(known(rule), rule.kind)
    with clock.travelling_to(now or clock.now()):
        reader_id = (reader or rule.owner).id
        return try_out(draft, reader_id=reader_id, days=days, tell=lambda _step, _done, _all: None)


def plain(deeds):
    """What was recorded, without what is another thing each time."""
    return [
        (kind, {name: value for name, value in data.items() if name != "comment_id"}, *rest)
        for kind, data, *rest in deeds
    ]


def foreseen(played):
    return plain((deed.kind, deed.data, deed.rule, deed.text) for deed in played.deeds)


def done_after(event_id):
    """What really was recorded after that event."""
    found = []
    for event in db.session.scalars(select(Event).where(Event.id > event_id).order_by(Event.id)):
        rule = (event.data.get("rule") or {}).get("label", "")
        data = {name: value for name, value in event.data.items() if name not in {"rule", "version"}}
        comment = db.session.get(Comment, data["comment_id"]) if "comment_id" in data else None
        found.append((event.kind, data, rule, comment.body if comment else ""))
    return plain(found)


def test_nothing_but_the_shadow_can_be_written(world):
    ticket = make.ticket()
    db.session.flush()
    with shadow() as stands_in:
        assert db.session.scalar(select(func.count()).select_from(Ticket)) == 0
        db.session.execute(text("UPDATE users SET name = 'Somebody'"))
        with pytest.raises(InternalError, match="read-only transaction"), db.session.begin_nested():
            stands_in.run(f"UPDATE {stands_in.real('tickets')} SET title = 'gone'")
        with pytest.raises(InternalError, match="read-only transaction"), db.session.begin_nested():
            db.session.execute(text("DELETE FROM organizations"))

    assert db.session.scalar(select(Ticket.title).where(Ticket.id == ticket.id)) == "Printer on fire"
    assert "Somebody" not in db.session.scalars(select(User.name)).all()
    db.session.execute(text("UPDATE tickets SET title = 'written again'"))


def test_it_tells_which_tickets_and_what_would_change(rule, deliver):
    urgent = rule("title:fire", does=[HIGH], is_enabled=False, name="Fire is urgent")
    fire, jam = make.ticket(title="Printer on fire"), make.ticket(title="Printer jam")
    make.ticket(title="Fire again", priority=Priority.HIGH)
    deliver()

    found = tried(urgent)

    assert (found.woken, found.tickets, found.fits, found.fits_on, found.not_so) == (3, 3, 2, 2, [1])
    first, second = found.played
    assert (first.case.ticket_id, first.outcome) == (fire.id, Outcome.RAN)
    (deed,) = first.deeds
    assert deed.data["changes"]["priority"]["old"]["id"] == "medium"
    assert deed.data["changes"]["priority"]["new"]["id"] == "high"
    assert second.deeds == (), "it was so already"
    assert found.told(Draft(known(urgent), urgent.kind))["idle"] == 1
    db.session.refresh(fire)
    assert (fire.priority, jam.priority, urgent.runs) == (Priority.MEDIUM, Priority.MEDIUM, 0)


def test_the_past_is_asked_and_not_today(rule, deliver):
    tagging.tags_called(["seen"], maker=None)
    high = rule("priority:high team:none", on="note", does=[("add_tags", tags("seen"))], is_enabled=False)
    ticket = make.ticket(priority=Priority.HIGH)
    make.note(ticket)
    deliver()
    actions.edit(ticket, actor=high.owner, priority=Priority.LOW)
    actions.assign_team(ticket, make.team(), actor=high.owner)
    make.note(ticket)
    deliver()

    found = tried(high)

    assert (found.woken, found.fits) == (2, 1)
    assert found.played[0].deeds[0].data["changes"]["tags"]["old"]["id"] == []


def test_what_a_click_has_done_is_all_done_when_the_rule_is_asked(rule, deliver):
    """A reply sets a ticket going again: a rule that waits for replies finds it so, tried and in earnest."""
    active = rule("status:in_progress,open", on="reply_by_requester", does=[HIGH], is_enabled=False)
    with clock.travelling_to(BEGAN):
        ticket = make.ticket(status="closed")
        db.session.flush()
    with clock.travelling_to(BEGAN + timedelta(hours=2)):
        make.reply(ticket)
        db.session.flush()

    assert tried(active, now=BEGAN + timedelta(days=1)).fits == 1


def test_what_the_reader_does_not_see_is_not_told(rule, deliver):
    any_ticket = rule(does=[HIGH], is_enabled=False)
    make.ticket(is_confidential=True)
    make.ticket()
    deliver()

    assert tried(any_ticket).woken == 2
    assert tried(any_ticket, reader=make.agent()).woken == 1


def test_what_its_owner_does_not_see_it_leaves_alone(rule, deliver):
    theirs = rule(does=[HIGH], owner=make.agent(), is_enabled=False)
    make.ticket(is_confidential=True)
    make.ticket()
    deliver()

    found = tried(theirs, reader=rule.owner)

    assert (found.woken, found.unseen, found.fits) == (2, 1, 1)


@pytest.mark.parametrize("seed", range(10))
def test_it_answers_as_it_did_in_earnest(rule, deliver, seed):
    """Random filters on random pasts: each condition is what the trace kept of it at that time."""
    chance, now = Random(seed), BEGAN
    desk = some_world(chance)
    tagging.tags_called(["urgent", "seen"], maker=None)
    if seed % 2:
        with clock.travelling_to(BEGAN - timedelta(days=9)):
            make.policy()
            db.session.flush()
    tags_of = [("add_tags", tags("seen"))]
    made = [
        rule(" ".join(chance.sample(PARTS, chance.choice([0, 1, 2, 3]))), on=on, does=tags_of, owner=owner)
        for owner in (rule.owner, desk.agents[0])
        for on in ("changed", "note", "reply_by_staff", "created")
    ]
    for each in made:
        each.actions = [{"name": "add_tags", "values": {"tags": []}}]
    for _each in range(3):
        with clock.travelling_to(now):
            ticket = make.ticket(requester=desk.asker)
            deliver()
        for _deed in range(8):
            now += timedelta(hours=chance.choice([1, 9, 40]))
            with clock.travelling_to(now):
                chance.choice(DEEDS)(ticket, desk, chance)
                deliver()
    kept = {}
    for trace in db.session.scalars(select(RuleTrace)):
        for answer in trace.answers:
            kept[answer[0], trace.event_id] = answer[3]

    found = {}
    for each in made:
        outcome = tried_verdicts(each, rule.owner, now)
        found |= {(each.id, event_id): bits for event_id, bits in outcome.items()}

    assert found == kept


def tried_verdicts(rule, reader, now):
    """Of each event that wakes it what its conditions were, as a trace keeps it."""
    db.session.flush()
    draft, found = Draft(known(rule), rule.kind), {}
    with clock.travelling_to(now + timedelta(hours=1)), shadow() as stands_in:
        period = period_of(draft, 90, stands_in)
        ids = tickets_in(draft, period, stands_in)
        for verdict in Look(draft, reader, period, stands_in).at(ids, -1):
            bits = (verdict.is_seen, *verdict.parts)
            found[verdict.case.event_id] = "".join("1" if bit else "0" for bit in bits)
    return found


ACTIONS = [
    "priority", "type", "category", "due", "assign", "unassign", "team", "in_turn", "least_loaded", "status",
    "add_tags", "remove_tags", "watcher", "note", "reply", "tell", "tell_group", "confidential", "create",
    "no_category", "no_team", "waiting_for", "title", "description", "not_confidential", "participant",
    "project",
]  # fmt: skip


def examples(desk):
    """What is to be said for each of them."""
    agent, team = desk.agents[0], desk.teams[0]
    canned = make.canned(name="Thanks", body="Thank you, {{ requester.first_name }}.", everyone=True)
    return {
        "priority": chosen("priority", "high"),
        "type": chosen("type", "incident"),
        "category": chosen("category", str(desk.category.id)),
        "due": {"hours": 8},
        "assign": person(agent),
        "unassign": {},
        "team": chosen("team", str(team.id)),
        "in_turn": chosen("team", str(team.id)),
        "least_loaded": chosen("team", str(team.id)),
        "status": chosen("status", "in_progress") | {"waiting_for": None},
        "add_tags": tags("seen", "vpn"),
        "remove_tags": tags("urgent"),
        "watcher": person(agent),
        "note": {"body": "Look here, @Ann Agent."},
        "reply": chosen("canned", canned.public_id),
        "tell": person(agent) | {"words": "Look"},
        "tell_group": chosen("group", "team") | {"words": "Look"},
        "confidential": {},
        "no_category": {},
        "no_team": {},
        "waiting_for": chosen("waiting_for", "supplier"),
        "title": {"title": "Look at {{ ticket.key }}"},
        "description": {"text": "Asked by {{ requester.name }}", **chosen("how", "append")},
        "not_confidential": {},
        "participant": person(desk.colleague),
        "project": chosen("project", str(desk.projects[1].id)),
        "create": {
            "title": "Look at {{ ticket.key }}",
            "description": "Please",
            "project": None,
            **chosen("relation", "child_of"),
            **chosen("for", "requester"),
        },
    }


def test_every_action_has_an_example(world):
    assert set(ACTIONS) == registered.effects.keys() == examples(some_world(None)).keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_what_it_would_do_is_what_it_does(rule, deliver, name):
    """Each action, tried first and then taken in earnest on the same ticket: the same is recorded."""
    with clock.travelling_to(BEGAN):
        desk = some_world(None)
        ticket = make.ticket(
            requester=desk.asker, team=desk.teams[1], assignee=desk.agents[1], status="blocked",
            category=make.category("Something else"), is_confidential=name == "not_confidential",
        )  # fmt: skip
        tagging.change_tags(ticket, ["urgent"], actor=None)
        does = [(name, examples(desk)[name])]
        made = rule(on="note", does=does, is_enabled=False)
        deliver()
    with clock.travelling_to(BEGAN + timedelta(hours=3)):
        make.note(ticket, desk.agents[1])
        deliver()
        event_id = db.session.scalar(select(func.max(Event.id)))

    (played,) = tried(made, now=BEGAN + timedelta(hours=4)).played
    with clock.travelling_to(BEGAN + timedelta(hours=3)):
        in_earnest(made, event_id, deliver)

    assert (played.outcome, played.error) == (Outcome.RAN, "")
    assert played.deeds, "it does something"
    assert unnumbered(foreseen(played)) == unnumbered(done_after(event_id))


def in_earnest(rule, event_id, deliver):
    """Enable it, as if it had been when that happened."""
    rule.is_enabled = True
    db.session.flush()
    event = db.session.get(Event, event_id)
    with caused_by(event):
        apply_rules(event)
    deliver()


def unnumbered(deeds):
    """Without the ids of rows that were only made by it."""
    told = []
    for kind, data, *rest in deeds:
        known = {name: value for name, value in data.items() if name not in {"tag_id", "other"}}
        if tagged := data.get("changes", {}).get("tags"):
            known = {"tags": [tagged[side]["label"] for side in ("old", "new")]}
        told.append((kind, known, *rest))
    return told


def test_whoever_has_least_to_do_today_would_get_it(rule, deliver):
    team = make.team(name="Network")
    busy, free = make.agent(name="Ann", team=team), make.agent(name="Ben", team=team)
    least = rule("title:fire", does=[("least_loaded", chosen("team", str(team.id)))], is_enabled=False)
    for _each in range(3):
        make.ticket(title="Printer jam", team=team, assignee=busy)
    with clock.travelling_to(clock.now() - timedelta(hours=1)):
        fires = [make.ticket(title="Printer on fire") for _each in range(2)]
        db.session.flush()
    for fire in fires:
        actions.assign(fire, busy, actor=None)
    make.ticket(title="Printer jam", team=team, assignee=free)
    deliver()

    found = tried(least).played

    to = [deed.data["changes"]["assignee"]["new"]["label"] for each in found for deed in each.deeds
          if "assignee" in deed.data["changes"]]  # fmt: skip
    assert to == ["Ben", "Ben"], "today, without the one that is tried, Ann answers for four, and Ben for one"


def test_people_get_theirs_in_turn(rule, deliver):
    team = make.team(name="Network")
    make.agent(name="Ann", team=team), make.agent(name="Ben", team=team)
    turns = rule(does=[("in_turn", chosen("team", str(team.id)))], is_enabled=False)
    for _each in range(4):
        make.ticket()
    deliver()

    found = tried(turns).played

    to = [each.deeds[-1].data["changes"]["assignee"]["new"]["label"] for each in found]
    assert to == ["Ann", "Ben", "Ann", "Ben"]
    assert db.session.scalar(select(func.count()).select_from(Turn)) == 0


def test_it_tells_of_rules_that_want_something_else(rule, deliver):
    low = rule(does=[("priority", chosen("priority", "low"))], name="All is low")
    high = rule("title:fire", does=[HIGH], is_enabled=False, name="Fire is urgent")
    with clock.travelling_to(BEGAN):
        make.ticket(title="Printer on fire")
        db.session.commit()

    found = tried(high, now=BEGAN + timedelta(days=1))

    (told,) = found.told(Draft(known(high), high.kind))["conflicts"]
    assert told == {"rule_id": low.id, "rule": "All is low", "field": "priority", "times": 1}


def test_it_tells_of_circles(rule, deliver):
    rule("priority:high", on="changed", does=[("priority", chosen("priority", "low"))], name="Down")
    up = rule("-priority:high", on="changed", does=[HIGH], is_enabled=False, name="Up")
    with clock.travelling_to(BEGAN):
        ticket = make.ticket()
        deliver()
    with clock.travelling_to(BEGAN + timedelta(hours=1)):
        actions.edit(ticket, actor=up.owner, title="Another")
        deliver()

    found = tried(up, now=BEGAN + timedelta(days=1))

    (played,) = found.played
    assert played.came_back
    assert [deed.rule for deed in played.deeds] == ["Up", "Down"]
    assert found.told(Draft(known(up), up.kind))["came_back"] == 1


def test_what_cannot_be_done_is_told_with_its_reason(rule, deliver):
    gone = rule(does=[("team", {"team": {"id": "999999", "label": "Gone"}})], is_enabled=False)
    make.ticket()
    deliver()

    (played,) = tried(gone).played

    assert (played.outcome, played.deeds) == (Outcome.FAILED, ())
    assert "Gone" in played.error
    db.session.refresh(gone)
    assert gone.failures == 0


def test_a_rule_before_it_may_let_no_other_run(rule, deliver):
    rule("title:fire", does=[HIGH], stops=True, name="First")
    second = rule(does=[("type", chosen("type", "incident"))], is_enabled=False)
    with clock.travelling_to(BEGAN):
        make.ticket(title="Printer on fire")
        make.ticket(title="Printer jam")
        db.session.commit()

    found = tried(second, now=BEGAN + timedelta(days=1)).played

    assert [each.outcome for each in found] == [Outcome.STOPPED, Outcome.RAN]


def test_in_one_chain_it_would_run_once(rule, deliver):
    """Another rule has changed the ticket because it was changed: in that chain it had its turn already."""
    rule("-priority:high", on="changed", does=[HIGH], name="Up")
    seen = rule(on="changed", does=[("type", chosen("type", "incident"))], is_enabled=False)
    with clock.travelling_to(BEGAN):
        ticket = make.ticket()
        deliver()
    with clock.travelling_to(BEGAN + timedelta(hours=1)):
        actions.edit(ticket, actor=seen.owner, title="Another")
        deliver()

    first, second = tried(seen, now=BEGAN + timedelta(days=1)).played

    assert (first.outcome, second.outcome) == (Outcome.RAN, Outcome.TWICE)


def test_an_earlier_version_of_it_has_not_happened(rule, deliver):
    """What the rule has done itself does not wake what it is to be."""
    high = rule(on="changed", does=[HIGH])
    with clock.travelling_to(BEGAN):
        ticket = make.ticket()
        deliver()
    with clock.travelling_to(BEGAN + timedelta(hours=1)):
        actions.edit(ticket, actor=high.owner, title="Another")
        deliver()
    assert ticket.priority is Priority.HIGH

    found = tried(high, now=BEGAN + timedelta(days=1))

    assert found.woken == 1
    assert found.played[0].deeds[0].data["changes"]["priority"]["old"]["id"] == "medium"


def test_a_rule_by_the_clock_comes_due_as_it_would_have(rule, deliver):
    after = [
        {"name": "after_reply", "values": {"hours": 4, "calendar": None, **chosen("case", "unanswered")}}
    ]
    late = rule("is:open", on=after, kind=RuleKind.SCHEDULED, does=[HIGH], is_enabled=False)
    with clock.travelling_to(BEGAN):
        waits, answered, twice = (make.ticket(title=title) for title in ("waits", "answered", "twice"))
        for each in (waits, answered, twice):
            make.reply(each)
        deliver()
    with clock.travelling_to(BEGAN + timedelta(hours=3)):
        make.reply(answered, make.agent())
        make.reply(twice)
        deliver()

    found = tried(late, now=BEGAN + timedelta(days=1)).played

    assert [(each.case.ticket_id, each.case.at) for each in found] == [
        (waits.id, BEGAN + timedelta(hours=4)),
        (twice.id, BEGAN + timedelta(hours=7)),
    ]
    assert [deed.kind for deed in found[0].deeds] == [Kind.RULE_CAME_DUE, Kind.TICKET_EDITED]


def test_a_rule_for_a_time_of_the_day_asks_each_day(rule, deliver):
    daily = [{"name": "daily", "values": {"at": "08:00"}}]
    old = rule("is:open created>2d", on=daily, kind=RuleKind.SCHEDULED, does=[HIGH], is_enabled=False)
    with clock.travelling_to(BEGAN):
        ticket, closed = make.ticket(), make.ticket()
        deliver()
    with clock.travelling_to(BEGAN + timedelta(days=3, hours=12)):
        actions.settle(closed, actor=old.owner)
        deliver()

    found = tried(old, days=5, now=BEGAN + timedelta(days=5, hours=2)).played

    ids = [each.case.ticket_id for each in found]
    assert ids.count(ticket.id) == 3
    assert ids.count(closed.id) == 1
