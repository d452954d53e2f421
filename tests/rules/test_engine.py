"""What rules do when they are woken, and what keeps them from it."""

import pytest
from sqlalchemy import select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.models import Notification
from portal.rules import engine
from portal.rules.actions import delete
from portal.rules.models import RuleKind, RuleRun
from portal.rules.ordering import move
from portal.rules.registry import Effect, registered
from portal.tickets import actions
from portal.tickets.models import Priority
from portal.tickets.tag_lists import names_of
from tests import factories as make
from tests.rules.conftest import chosen, person, tags

HIGH = ("priority", chosen("priority", "high"))


def events_of(ticket, *kinds):
    found = select(Event).where(Event.ticket_id == ticket.id).order_by(Event.id)
    return [event for event in db.session.scalars(found) if not kinds or event.kind in kinds]


def test_a_rule_acts_on_a_ticket_that_fits_under_its_own_name(rule, deliver, outcomes):
    urgent = rule("title:fire", does=[HIGH], name="Fire is urgent")
    ticket = make.ticket(title="Printer on fire")

    deliver()

    submitted, edited = events_of(ticket)
    assert ticket.priority is Priority.HIGH
    assert (edited.actor_id, edited.data["rule"]) == (None, {"id": urgent.id, "label": "Fire is urgent"})
    assert edited.cause_id == submitted.id
    assert outcomes(submitted) == {urgent.id: "ran"}
    assert (urgent.runs, urgent.failures, urgent.last_error) == (1, 0, None)


def test_a_rule_leaves_alone_what_does_not_fit(rule, deliver, outcomes):
    calm = rule("title:fire", does=[HIGH])
    ticket = make.ticket(title="Printer jam")

    deliver()

    assert ticket.priority is Priority.MEDIUM
    assert outcomes(events_of(ticket)[0]) == {calm.id: "no"}
    assert calm.runs == 0


def test_all_of_a_rules_actions_happen_or_none(rule, deliver, outcomes):
    gone = {"team": {"id": "999999", "label": "Gone"}}
    broken = rule(does=[HIGH, ("team", gone)])
    ticket = make.ticket()

    deliver()

    assert ticket.priority is Priority.MEDIUM
    assert outcomes(events_of(ticket)[0]) == {broken.id: "failed"}
    assert (broken.runs, broken.failures) == (0, 1)
    assert "Gone" in broken.last_error


def test_a_failed_rule_does_not_keep_the_others_from_running(rule, deliver):
    rule(does=[("team", {"team": {"id": "999999", "label": "Gone"}})])
    rule(does=[HIGH])
    ticket = make.ticket()

    deliver()

    assert ticket.priority is Priority.HIGH


def test_what_a_rule_changes_wakes_others_once_in_a_chain(rule, deliver, outcomes):
    """The first sets high, the second low, each woken by the other: without the guard, for ever."""
    up = rule("-priority:high", on="changed", does=[HIGH])
    down = rule("priority:high", on="changed", does=[("priority", chosen("priority", "low"))])
    ticket = make.ticket()
    deliver()
    actions.edit(ticket, actor=rule.owner, title="Another")

    deliver()

    first, second, third = events_of(ticket, Kind.TICKET_EDITED)
    assert outcomes(first) == {up.id: "ran", down.id: "no"}
    assert outcomes(second) == {up.id: "no", down.id: "ran"}
    assert outcomes(third) == {up.id: "twice", down.id: "no"}
    assert ticket.priority is Priority.LOW


def test_a_new_chain_may_run_it_again(rule, deliver):
    counted = rule(on="note", does=[("add_tags", tags("noted"))])
    ticket, agent = make.ticket(), make.agent()
    make.note(ticket, agent)
    make.note(ticket, agent)

    deliver()

    assert counted.runs == 2


def test_a_chain_ends_after_five_steps(rule, deliver, outcomes):
    """Each new ticket makes another one, which is another ticket: only the depth ends it."""
    copying = rule(
        does=[
            (
                "create",
                {"title": "{{ ticket.key }} again", "project": None}
                | chosen("relation", "follows")
                | chosen("for", "requester"),
            )
        ]
    )
    make.ticket(title="Once")

    deliver()

    submitted = list(
        db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_SUBMITTED).order_by(Event.id))
    )
    assert [event.depth for event in submitted] == [0, 1, 2, 3, 4, 5]
    assert [outcomes(event)[copying.id] for event in submitted] == ["ran"] * 5 + ["deep"]


def test_a_rule_that_stops_lets_none_after_it_run(rule, deliver, outcomes):
    first = rule(does=[HIGH], stops=True)
    second = rule(does=[("add_tags", tags("second"))])
    ticket = make.ticket()

    deliver()

    assert outcomes(events_of(ticket)[0]) == {first.id: "ran", second.id: "stopped"}
    assert names_of(ticket) == []


def test_rules_run_in_their_order(rule, deliver):
    last = rule(does=[HIGH])
    rule(does=[("priority", chosen("priority", "critical"))])
    move(last, actor=rule.owner)
    ticket = make.ticket()

    deliver()

    assert ticket.priority is Priority.HIGH


def test_a_rule_is_for_its_projects(rule, deliver):
    here, there = make.desk(), make.project()
    rule(does=[HIGH], project_ids=(there.id,))
    mine, other = make.ticket(project=here), make.ticket(project=there)

    deliver()

    assert (mine.priority, other.priority) == (Priority.MEDIUM, Priority.HIGH)


def test_a_rule_does_what_its_owner_could(rule, deliver, outcomes):
    elsewhere = make.agent(team=make.team())
    blind = rule(does=[HIGH], owner=elsewhere)
    ticket = make.ticket(team=make.team())

    deliver()

    assert outcomes(events_of(ticket)[0]) == {blind.id: "unseen"}
    assert ticket.priority is Priority.MEDIUM


def test_a_rule_of_somebody_who_left_does_nothing(rule, deliver, outcomes):
    gone = make.agent(is_active=False)
    idle = rule(does=[HIGH], owner=gone)
    ticket = make.ticket()

    deliver()

    assert outcomes(events_of(ticket)[0]) == {idle.id: "unseen"}


@pytest.mark.parametrize("off", [{"is_enabled": False}, {"kind": RuleKind.MACRO}])
def test_what_is_no_enabled_rule_is_not_asked(rule, deliver, outcomes, off):
    rule(does=[HIGH], **off)
    ticket = make.ticket()

    deliver()

    assert outcomes(events_of(ticket)[0]) == {}


def test_an_event_that_is_shown_twice_runs_nothing_twice(rule, deliver):
    rule(does=[("note", {"body": "Once."})])
    ticket = make.ticket()
    deliver()

    engine.apply_rules(events_of(ticket)[0])

    assert len(events_of(ticket, Kind.NOTE_ADDED)) == 1
    assert len(list(db.session.scalars(select(RuleRun)))) == 1


class _Dies(Effect):
    """Works as far as it goes, and then the worker is gone."""

    name, label = "dies", "Dies"
    lives = False

    def apply(self, ticket, values, *, actor):
        actions.edit(ticket, actor=actor, title="Changed")
        if not self.lives:
            raise KeyboardInterrupt


def test_a_worker_that_dies_in_the_middle_has_done_nothing(rule, deliver, monkeypatch):
    dies = _Dies()
    monkeypatch.setitem(registered.effects, "dies", dies)
    rule(does=[("note", {"body": "Before."}), ("dies", {})])
    ticket = make.ticket()
    with pytest.raises(KeyboardInterrupt):
        deliver()
    db.session.rollback()
    assert (ticket.title, events_of(ticket, Kind.NOTE_ADDED)) == ("Printer on fire", [])

    dies.lives = True
    engine.apply_rules(events_of(ticket)[0])

    assert ticket.title == "Changed"
    assert len(events_of(ticket, Kind.NOTE_ADDED)) == 1


def test_a_rule_that_fails_twenty_times_is_paused_and_its_owner_is_told(rule, deliver):
    failing = rule(does=[("team", {"team": {"id": "999999", "label": "Gone"}})], name="Hopeless")
    for _turn in range(19):
        make.ticket()
    deliver()
    assert (failing.failures, failing.paused_at) == (19, None)
    last = make.ticket()
    deliver()

    assert failing.paused_at is not None
    paused = events_of(last, Kind.RULE_PAUSED)[0]
    bell = select(Notification.recipient_id).where(Notification.event_id == paused.id)
    assert list(db.session.scalars(bell)) == [rule.owner.id]

    make.ticket()
    deliver()
    assert failing.failures == 20


def test_a_success_begins_the_counting_anew(rule, deliver):
    flaky = rule(does=[HIGH])
    flaky.failures, flaky.last_error = 19, "Bad"
    make.ticket()

    deliver()

    assert (flaky.failures, flaky.last_error, flaky.paused_at) == (0, None, None)


def test_a_filter_that_cannot_be_read_any_more_is_a_failure(rule, deliver, outcomes):
    broken = rule("team:nowhere", does=[HIGH])
    ticket = make.ticket()

    deliver()

    assert outcomes(events_of(ticket)[0]) == {broken.id: "broken"}
    assert "nowhere" in broken.last_error


def test_a_bell_rings_for_whom_a_rule_tells(rule, deliver):
    petra = make.agent(name="Petra")
    rule(does=[("tell", person(petra) | {"words": "Look here"})])
    ticket = make.ticket()

    deliver()

    told = events_of(ticket, Kind.PEOPLE_TOLD)[0]
    bell = select(Notification.recipient_id).where(Notification.event_id == told.id)
    assert list(db.session.scalars(bell)) == [petra.id]
    assert (told.is_public, told.data["words"]) == (False, "Look here")


def test_deleting_a_rule_leaves_what_it_did(rule, deliver):
    doomed = rule(does=[HIGH])
    doomed_id, ticket = doomed.id, make.ticket()
    deliver()

    delete(doomed, actor=rule.owner)

    assert ticket.priority is Priority.HIGH
    assert events_of(ticket)[1].data["rule"]["id"] == doomed_id
