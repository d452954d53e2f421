"""The share that will be late: against plain counting, and against an oracle that moves weights by hand."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.sla.forecast import (
    MINIMUM,
    MOST,
    Breadth,
    Chance,
    Curve,
    Past,
    Samples,
    Traits,
    expected,
    wilson,
)
from portal.sla.replay import Target

HOUR = 3600
times = st.integers(0, 20)
met = st.builds(Past, times, st.just(True))
pasts = st.lists(st.builds(Past, times, st.booleans()), max_size=120)
early = st.integers(0, 6)
enough = st.lists(st.builds(Past, times, st.sampled_from([True, True, False])), min_size=60, max_size=120)
HIGH = Traits(Target.FIRST_RESPONSE, "high", 7, "incident")


def left_by_hand(some, time):
    """Redistribute to the right (Efron, 1967): who is lost sight of leaves their weight to all who go on."""
    waiting = sorted(some, key=lambda past: (past.spent, not past.is_met))
    weight = [Fraction(1, len(some))] * len(some)
    for place, past in enumerate(waiting):
        if past.is_met or past.spent > time:
            continue
        others = range(place + 1, len(waiting))
        for other in others:
            weight[other] += weight[place] / len(others)
        if others:
            weight[place] = Fraction(0)
    return sum(
        share
        for share, past in zip(weight, waiting, strict=True)
        if past.spent > time or (not past.is_met and share)
    )


@given(enough, early, times)
def test_the_share_is_that_of_the_weights_that_are_left(some, spent, more):
    allowed = spent + more
    chance = Curve.of(some).chance(spent, allowed)
    assume(chance)

    assert chance.late == pytest.approx(float(left_by_hand(some, allowed) / left_by_hand(some, spent)))


@given(st.lists(met, min_size=MINIMUM, max_size=120), times, times)
def test_where_all_were_met_it_is_counted(some, spent, more):
    allowed = spent + more
    as_long = [past.spent for past in some if past.spent > spent]
    chance = Curve.of(some).chance(spent, allowed)

    if len(as_long) < MINIMUM:
        assert chance is None
    else:
        assert chance.known == len(as_long)
        late = sum(time > allowed for time in as_long)
        assert chance.late == pytest.approx(late / len(as_long))


@given(enough, early, times)
def test_a_share_lies_within_its_interval_and_that_between_nothing_and_all(some, spent, more):
    chance = Curve.of(some).chance(spent, spent + more)
    assume(chance)

    assert 0 <= chance.least <= chance.late <= chance.most <= 1


@given(enough, early, early, early)
def test_more_time_never_makes_it_likelier_to_be_late(some, spent, more, yet_more):
    curve = Curve.of(some)
    soon, later = curve.chance(spent, spent + more), curve.chance(spent, spent + more + yet_more)
    assume(soon and later)

    assert later.late <= soon.late


@given(enough, early, early, early)
def test_the_longer_it_has_taken_the_likelier_it_is_late(some, spent, longer, more):
    curve, allowed = Curve.of(some), spent + longer + more
    before, now = curve.chance(spent, allowed), curve.chance(spent + longer, allowed)
    assume(before and now)

    assert now.late >= before.late


@given(pasts, times, times)
def test_of_fewer_than_the_minimum_nothing_is_said(some, spent, more):
    allowed = spent + more
    known = [past for past in some if (past.spent > spent if past.is_met else past.spent >= allowed)]
    chance = Curve.of(some).chance(spent, allowed)

    assert (chance is None) == (len(known) < MINIMUM)


def test_a_known_case():
    quick, slow = [Past(HOUR, is_met=True)] * 60, [Past(5 * HOUR, is_met=True)] * 40
    curve = Curve.of([*quick, *slow])

    assert curve.chance(0, 4 * HOUR).late == pytest.approx(0.4)
    assert curve.chance(2 * HOUR, 4 * HOUR) == Chance(1.0, *wilson(1.0, 40), 40)
    assert curve.chance(0, 6 * HOUR).late == 0


def test_what_is_still_open_counts_as_long_as_it_was_seen():
    curve = Curve.of(
        [Past(2, is_met=True)] * 20 + [Past(1, is_met=False)] * 500 + [Past(9, is_met=False)] * 20
    )

    chance = curve.chance(0, 5)

    assert chance.late == pytest.approx(0.5)
    assert chance.known == 40


def test_the_interval_is_wilsons():
    """The figures of Newcombe (1998), table I, method 3."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)


chances = st.builds(
    lambda parts, known: Chance(*[sorted(parts)[place] for place in (1, 0, 2)], known),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.integers(20, 300),
)


@given(st.lists(chances, max_size=40))
def test_as_many_are_expected_as_there_can_be(some):
    told = expected(some)

    assert 0 <= told.least <= told.number <= told.most <= len(some)


def test_what_is_certain_is_expected_without_a_doubt():
    sure, never = Chance(1, 1, 1, 300), Chance(0, 0, 0, 300)

    told = expected([sure] * 3 + [never] * 4)

    assert (told.number, told.least, told.most) == (3, 3, 3)


def test_similar_means_less_and_less():
    assert [HIGH.sample(each) for each in Breadth] == [
        "first_response:high:7:incident",
        "first_response:high:7",
        "first_response:high",
    ]
    nobodys = Traits(Target.RESOLUTION, "low", None, "task")
    assert nobodys.sample(Breadth.TEAM) == "resolution:low:-"


def test_a_sample_is_drawn_by_lot_and_always_the_same():
    def drawn(numbers):
        samples = Samples()
        for number in numbers:
            samples.offer(HIGH, number, number)
        return {name: sorted(some) for name, some in samples.drawn().items()}

    first, again = drawn(range(5 * MOST)), drawn(reversed(range(5 * MOST)))

    assert first == again
    for some in first.values():
        assert len(some) == MOST
        assert 2 * MOST < sum(some) / MOST < 3 * MOST  # neither the first nor the last of them
