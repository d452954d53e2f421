"""The drawing of a plan: everything is on it, and nothing on top of anything else."""

import re
from itertools import combinations

from hypothesis import given

from portal.lifecycles.diagram import HEIGHT, WIDTH, draw
from portal.lifecycles.plan import Plan
from tests.lifecycles.test_checks import STANDARD, plans

NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?")


def ends_of(path):
    """Where an arrow begins and where it ends."""
    numbers = [float(each) for each in NUMBER.findall(path)]
    return numbers[:2], numbers[-2:]


def is_at_its_edge(point, box):
    x, y = point
    inside = box.x <= x <= box.x + WIDTH and box.y <= y <= box.y + HEIGHT
    return inside and (x in (box.x, box.x + WIDTH) or y in (box.y, box.y + HEIGHT))


@given(plans())
def test_every_status_has_a_place_of_its_own_within_the_drawing(plan):
    drawing = draw(plan)

    assert {box.status.name for box in drawing.boxes} == set(plan.names)
    for box in drawing.boxes:
        assert 0 <= box.x <= drawing.width - WIDTH
        assert 0 <= box.y <= drawing.height - HEIGHT
    for one, other in combinations(drawing.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT


@given(plans())
def test_every_step_is_an_arrow_between_the_edges_of_its_statuses(plan):
    drawing = draw(plan)
    boxes = {box.status.name: box for box in drawing.boxes}

    assert [arrow.step for arrow in drawing.arrows] == [step for step in plan.steps if step.start != step.end]
    for arrow in drawing.arrows:
        begin, end = ends_of(arrow.path)
        assert is_at_its_edge(begin, boxes[arrow.step.start])
        assert is_at_its_edge(end, boxes[arrow.step.end])


@given(plans())
def test_no_two_arrows_end_at_the_same_point(plan):
    ends = [tuple(point) for arrow in draw(plan).arrows for point in ends_of(arrow.path)]
    assert len(set(ends)) == len(ends)


def test_an_empty_plan_is_an_empty_drawing():
    drawing = draw(Plan())
    assert (drawing.boxes, drawing.arrows) == ((), ())


def test_the_columns_follow_what_statuses_mean():
    columns = {box.status.name: box.column for box in draw(STANDARD).boxes}
    assert columns == {"open": 0, "in_progress": 1, "blocked": 2, "closed": 3}
