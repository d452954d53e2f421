"""Clocks from a history, against an oracle that lives through it minute by minute."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sla.calendar import Time
from portal.sla.replay import Happening, Notice, Pause, Policy, Target, reading, replay, segments
from tests.sla.test_calendar import MINUTE, at, calendar, calendars, is_worked

HOUR = timedelta(hours=1)
PRIORITIES = ("low", "high")
WAITS = ("requester", "supplier")
MONDAY = at("2026-11-23T09:00")
POLICY = Policy(
    {
        Target.FIRST_RESPONSE: {"high": HOUR, "low": 4 * HOUR},
        Target.NEXT_RESPONSE: {"high": 2 * HOUR},
        Target.RESOLUTION: {"high": 8 * HOUR, "low": 40 * HOUR},
    },
    frozenset({"requester"}),
)


def happen(event_id, moment, **what):
    return Happening(event_id=event_id, at=moment, **what)


def begins(moment=MONDAY, priority="high", event_id=1):
    return happen(event_id, moment, begins=True, category="new", priority=priority)


def read(history, now, target=Target.RESOLUTION, *, policy=POLICY, known=None):
    clock = replay(policy, history).clocks[target]
    return reading(clock, known or calendar(), policy, now)


# The oracle.


@dataclass
class Watch:
    began: int
    allowed: int | None = None
    spent: int = 0
    due: datetime | None = None  # when `spent` had reached what is allowed now
    reached: list = field(default_factory=list)  # when each minute of it was worked
    ended: datetime | None = None


@dataclass
class Life:
    """A ticket that is lived through: nothing is computed, only counted."""

    policy: Policy
    category: str = ""
    waits_for: str | None = None
    priority: str = ""
    hidden: bool = False
    watches: dict = field(default_factory=dict)
    past: list = field(default_factory=list)

    def allowed(self, target):
        length = self.policy.targets.get(target, {}).get(self.priority)
        return None if length is None else int(length / MINUTE)

    def hear(self, one):
        closed_before = self.category == "done"
        self.note(one)
        if one.begins:
            self.watches |= {t: Watch(one.event_id) for t in (Target.FIRST_RESPONSE, Target.RESOLUTION)}
        self.talk(one)
        if self.category == "done" and not closed_before:
            self.end(one, Target.NEXT_RESPONSE)
        for target, watch in self.watches.items():
            if not watch.ended and (self.category != "done" or watch.began == one.event_id):
                watch.allowed = self.allowed(target)

    def note(self, one):
        self.category = one.category or self.category
        if one.category or one.waits_for:
            self.waits_for = one.waits_for
        self.priority = one.priority or self.priority
        self.hidden = self.hidden if one.hidden is None else one.hidden

    def talk(self, one):
        answers = (Target.FIRST_RESPONSE, Target.NEXT_RESPONSE)
        if one.replied == "desk":
            self.end(one, *answers)
        owed = [self.watches[t] for t in answers if t in self.watches and not self.watches[t].ended]
        if one.replied == "requester" and not owed:
            self.past += [self.watches.pop(t) for t in answers[1:] if t in self.watches]
            self.watches[Target.NEXT_RESPONSE] = Watch(one.event_id)

    def end(self, one, *targets):
        for watch in (self.watches[t] for t in targets if t in self.watches):
            watch.ended = watch.ended or one.at

    def live(self, minute, working):
        for target, watch in self.watches.items():
            stops = self.category == "waiting" and self.waits_for in self.policy.pauses
            still = self.hidden or self.category == "done" or (stops and target is Target.RESOLUTION)
            if working and not still and not watch.ended:
                watch.reached.append(minute + MINUTE)


def lived(policy, known, history, now):
    life, waiting = Life(policy), list(history)
    minute = history[0].at
    while minute < now:
        while waiting and waiting[0].at <= minute:
            life.hear(waiting.pop(0))
        life.live(minute, is_worked(known, minute))
        minute += MINUTE
    while waiting and waiting[0].at <= now:
        life.hear(waiting.pop(0))
    return life


@st.composite
def policies(draw):
    lengths = st.none() | st.integers(1, 900)
    targets = {
        target: {
            priority: length * MINUTE for priority in PRIORITIES if (length := draw(lengths)) is not None
        }
        for target in Target
    }
    return Policy(targets, frozenset(draw(st.sets(st.sampled_from(WAITS)))), draw(st.integers(1, 99)))


acts = st.one_of(
    st.builds(dict, replied=st.sampled_from(["desk", "requester"])),
    st.builds(dict, category=st.sampled_from(["new", "active", "done"])),
    st.builds(dict, category=st.just("waiting"), waits_for=st.sampled_from(WAITS)),
    st.builds(dict, priority=st.sampled_from(PRIORITIES)),
    st.builds(dict, hidden=st.booleans()),
)


@st.composite
def histories(draw):
    moment = draw(st.sampled_from([at("2026-03-27T15:00"), at("2026-10-23T15:00"), at("2026-05-01T06:00")]))
    found = [begins(moment, draw(st.sampled_from(PRIORITIES)))]
    for number, act in enumerate(draw(st.lists(acts, max_size=8)), 2):
        moment += draw(st.integers(0, 700)) * MINUTE
        found.append(happen(number, moment, **act))
    return found, moment + draw(st.integers(0, 1500)) * MINUTE


@settings(max_examples=150, deadline=None)
@given(policies(), calendars(), histories())
def test_clocks_are_what_one_counts_who_lives_through_it(policy, known, told):
    history, now = told
    life = lived(policy, known, history, now)

    state = replay(policy, history)

    assert state.clocks.keys() == life.watches.keys()
    assert len(state.former) == len(life.past)
    for clock, watch in [(clock, life.watches[target]) for target, clock in state.clocks.items()] + list(
        zip(state.former, life.past, strict=True)
    ):
        found = reading(clock, known, policy, now)
        allowed = None if clock.allowed is None else int(clock.allowed / MINUTE)
        assert (allowed, clock.ended_at, found.spent) == (
            watch.allowed,
            watch.ended,
            len(watch.reached) * MINUTE,
        )
        if allowed and len(watch.reached) >= allowed:
            assert found.due_at == watch.reached[allowed - 1]
            assert found.left == timedelta()
        elif found.due_at is not None:
            assert found.runs
            assert found.due_at >= now


@settings(max_examples=100, deadline=None)
@given(policies(), histories(), st.integers(0, 8))
def test_going_on_from_a_state_is_replaying_it_all(policy, told, cut):
    history, _now = told

    half = replay(policy, history[:cut])

    assert replay(policy, history[cut:], since=half) == replay(policy, history)


@settings(max_examples=100, deadline=None)
@given(policies(), calendars(), histories(), st.integers(0, 3000))
def test_while_nothing_happens_time_is_only_ever_lost(policy, known, told, later):
    history, now = told
    for clock in replay(policy, history).promises:
        before, after = (reading(clock, known, policy, moment) for moment in (now, now + later * MINUTE))
        assert after.spent >= before.spent
        assert after.left <= before.left
        assert after.is_breached >= before.is_breached
        assert after.is_warned >= before.is_warned
        if before.due_at is not None:
            assert after.due_at == before.due_at


@settings(max_examples=100, deadline=None)
@given(calendars(), histories(), st.integers(0, 900), st.integers(0, 2000))
def test_a_pause_never_shortens_what_is_left(known, told, length, later):
    """The same history with a pause put in at its end is never further on than without it."""
    policy = Policy({Target.RESOLUTION: dict.fromkeys(PRIORITIES, 10 * HOUR)}, frozenset(WAITS))
    history, now = told
    paused = [
        *history,
        happen(90, now, category="waiting", waits_for="supplier"),
        happen(91, now + length * MINUTE, category="active"),
    ]
    running = [*history, happen(90, now, category="active")]
    then = now + (length + later) * MINUTE

    with_pause, without = (read(each, then, policy=policy, known=known) for each in (paused, running))

    assert with_pause.left >= without.left
    assert with_pause.is_breached <= without.is_breached
    if with_pause.due_at and without.due_at:
        assert with_pause.due_at >= without.due_at


@settings(max_examples=100, deadline=None)
@given(policies(), calendars(), histories(), st.integers(0, 20_000))
def test_a_reopened_ticket_goes_on_with_what_was_left(policy, known, told, later):
    history, now = told
    closed = [*history, happen(90, now, hidden=False), happen(91, now, category="done")]
    again = now + later * MINUTE
    for target in (Target.FIRST_RESPONSE, Target.RESOLUTION):
        before = read(closed, now, target, policy=policy, known=known)
        reopened = [*closed, happen(92, again, category="active")]
        after = read(reopened, again, target, policy=policy, known=known)
        assert after.spent == before.spent
        if after.clock.allowed == before.clock.allowed:
            assert after.left == before.left
            if before.left:
                assert not after.is_breached


@settings(max_examples=100, deadline=None)
@given(policies(), calendars(), histories())
def test_segments_leave_no_gap_and_name_an_event_that_there_was(policy, known, told):
    history, now = told
    events = {one.event_id for one in history}
    for clock in replay(policy, history).promises:
        found = segments(clock, known, now)
        end = min(now, clock.ended_at or now)
        assert sum((one.end - one.start for one in found), timedelta()) == max(
            end - clock.began_at, timedelta()
        )
        assert {one.cause for one in found} <= events
        worked = sum((one.end - one.start for one in found if one.kind is Time.WORKING), timedelta())
        assert worked == reading(clock, known, policy, now).spent


# What people would say.


def test_a_reply_of_the_desk_is_the_first_response():
    replied = [begins(), happen(2, MONDAY + HOUR / 2, replied="desk")]

    found = read(replied, MONDAY + 9 * HOUR, Target.FIRST_RESPONSE)

    assert found.ended_at == MONDAY + HOUR / 2
    assert not found.is_breached


def test_an_answer_to_the_minute_is_in_time_and_one_later_is_late():
    for minutes, is_late in ((60, False), (61, True)):
        replied = [begins(), happen(2, MONDAY + minutes * MINUTE, replied="desk")]
        assert read(replied, MONDAY + 5 * HOUR, Target.FIRST_RESPONSE).is_breached is is_late


def test_what_is_due_at_five_is_late_that_evening_although_nobody_works():
    history = [begins(at("2026-11-23T16:00"))]

    assert read(history, at("2026-11-23T16:59"), Target.FIRST_RESPONSE).is_breached is False
    assert read(history, at("2026-11-23T19:00"), Target.FIRST_RESPONSE).is_breached is True


def test_only_what_the_policy_names_stops_the_resolution_and_nothing_of_it_the_answers():
    for waits_for, paused in (("requester", Pause.WAITING), ("supplier", None)):
        waiting = [begins(), happen(2, MONDAY + HOUR / 2, category="waiting", waits_for=waits_for)]
        clocks = replay(POLICY, waiting).clocks
        assert clocks[Target.RESOLUTION].pause is paused
        assert clocks[Target.FIRST_RESPONSE].pause is None


def test_what_it_waits_for_may_change_while_it_waits():
    waiting = [
        begins(),
        happen(2, MONDAY + HOUR, category="waiting", waits_for="supplier"),
        happen(3, MONDAY + 2 * HOUR, waits_for="requester"),
    ]

    assert read(waiting, MONDAY + 8 * HOUR).spent == 2 * HOUR


def test_a_reopened_ticket_does_not_jump_to_breached():
    reopened = [
        begins(),
        happen(2, MONDAY + HOUR, category="done"),
        happen(3, MONDAY + timedelta(days=7), category="active"),
    ]

    found = read(reopened, MONDAY + timedelta(days=7))

    assert found.spent == HOUR
    assert found.due_at == at("2026-11-30T17:00")  # seven hours of work later


def test_a_higher_priority_counts_what_has_gone_by_already():
    raised = [begins(priority="low"), happen(2, MONDAY + 2 * HOUR, priority="high")]

    found = read(raised, MONDAY + 2 * HOUR, Target.FIRST_RESPONSE)

    assert found.due_at == MONDAY + HOUR
    assert found.is_breached


def test_the_next_response_is_owed_from_the_first_reply_that_nobody_answered():
    talk = [
        begins(),
        happen(2, MONDAY + HOUR / 2, replied="desk"),
        happen(3, MONDAY + HOUR, replied="requester"),
        happen(4, MONDAY + 2 * HOUR, replied="requester"),
    ]

    found = read(talk, MONDAY + 2 * HOUR, Target.NEXT_RESPONSE)

    assert found.clock.began_with == 3
    assert found.due_at == MONDAY + 3 * HOUR


def test_before_the_first_response_no_other_answer_is_owed():
    talk = [begins(), happen(2, MONDAY + HOUR / 2, replied="requester")]

    assert Target.NEXT_RESPONSE not in replay(POLICY, talk).clocks


def test_each_answer_that_was_owed_is_remembered():
    talk = [begins(), happen(2, MONDAY, replied="desk")]
    for number in range(3, 9, 2):
        talk += [
            happen(number, MONDAY + number * HOUR, replied="requester"),
            happen(number + 1, MONDAY + number * HOUR, replied="desk"),
        ]

    owed = [clock.began_with for clock in replay(POLICY, talk).promises if clock.target == "next_response"]

    assert owed == [3, 5, 7]


def test_it_tells_of_a_warning_and_of_a_breach_and_of_none_that_was_avoided():
    history = [begins()]
    assert list(read(history, MONDAY, Target.FIRST_RESPONSE).occasions()) == [
        (Notice.WARNING, MONDAY + 45 * MINUTE),
        (Notice.BREACH, MONDAY + HOUR),
    ]

    history.append(happen(2, MONDAY + 50 * MINUTE, replied="desk"))
    assert list(read(history, MONDAY + 3 * HOUR, Target.FIRST_RESPONSE).occasions()) == [
        (Notice.WARNING, MONDAY + 45 * MINUTE)
    ]


def test_nothing_tells_of_what_is_closed():
    closed = [begins(), happen(2, MONDAY + HOUR / 4, category="done")]

    assert list(read(closed, MONDAY + 90 * HOUR).occasions()) == []


def test_spam_stands_still():
    hidden = [begins(), happen(2, MONDAY + HOUR / 4, hidden=True)]

    found = read(hidden, MONDAY + 90 * HOUR, Target.FIRST_RESPONSE)

    assert (found.spent, found.clock.pause, found.is_breached) == (HOUR / 4, Pause.HIDDEN, False)


def test_a_priority_for_which_nothing_is_promised_has_no_clock():
    raised = [begins(priority="urgent"), happen(2, MONDAY + HOUR, priority="high")]

    assert [clock.target for clock in replay(POLICY, raised[:1]).promises] == []
    assert {clock.target for clock in replay(POLICY, raised).promises} == {"first_response", "resolution"}


def test_times_are_utc():
    assert read([begins()], datetime(2026, 11, 23, 9, tzinfo=UTC)).due_at.tzinfo is UTC
