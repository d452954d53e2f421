"""A plan as a drawing: where its statuses stand, and which way the arrows between them take.

Statuses stand in columns, by what they mean: new, active, waiting, done. A step
to the next column is a curve; one that passes a column goes round it, above
forwards and below backwards, in a lane of its own, and through the gaps between
the columns. Arrows that meet at a side of a status end beside each other, in
the order of where they come from.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portal.lifecycles.models import Category
from portal.lifecycles.plan import Plan, PlannedStatus, PlannedStep

WIDTH, HEIGHT = 168, 44  # of a status, in the drawing's own units
GAP, DROP = 96, 32  # between columns, and between the statuses of one
LANE, MARGIN, EDGE = 12, 10, 44  # between arrows that go round; around it all; beside the outer columns
CORNER = 8


@dataclass(frozen=True)
class Box:
    """Where a status stands: its upper left corner."""

    status: PlannedStatus
    x: float
    y: float
    column: int

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + WIDTH / 2, self.y + HEIGHT / 2


@dataclass(frozen=True)
class Arrow:
    """`path` is that of an SVG (https://www.w3.org/TR/SVG2/paths.html); it ends at the status it leads to."""

    step: PlannedStep
    path: str


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


Boxes = dict[str, Box]
Point = tuple[float, float]


def draw(plan: Plan) -> Drawing:
    """The whole plan, but for steps to themselves, or from or to a status that is not there."""
    boxes = _placed(plan)
    steps = [step for step in plan.steps if {step.start, step.end} <= boxes.keys() and step.start != step.end]
    above = [step for step in steps if _onward(step, boxes) > 1]
    below = [step for step in steps if _onward(step, boxes) < -1]
    head = MARGIN + LANE * len(above)
    boxes = {name: replace(box, y=box.y + head) for name, box in boxes.items()}
    foot = max((box.y + HEIGHT for box in boxes.values()), default=head)
    lanes: dict[int, float] = {id(step): MARGIN + LANE * place for place, step in enumerate(above)}
    lanes |= {id(step): foot + LANE * (place + 1) for place, step in enumerate(below)}
    ends, turns = _ends(steps, boxes), _turns([*above, *below], boxes)
    arrows = tuple(
        Arrow(step, _round(*ends[id(step)], lanes[id(step)], *turns[id(step)]))
        if id(step) in lanes
        else Arrow(step, _curve(*ends[id(step)], bulges=_bulges(step, boxes)))
        for step in steps
    )
    width = max((box.x + WIDTH for box in boxes.values()), default=0) + EDGE
    return Drawing(width, foot + LANE * len(below) + MARGIN, tuple(boxes.values()), arrows)


def _placed(plan: Plan) -> Boxes:
    columns = [
        column
        for category in Category
        if (column := [status for status in plan.statuses if status.category == category])
    ]
    tallest = max((len(column) for column in columns), default=0)
    boxes: Boxes = {}
    for number, column in enumerate(columns):
        inset = (tallest - len(column)) * (HEIGHT + DROP) / 2
        for place, status in enumerate(column):
            x, y = EDGE + number * (WIDTH + GAP), inset + place * (HEIGHT + DROP)
            boxes.setdefault(status.name, Box(status, x, y, number))
    return boxes


def _onward(step: PlannedStep, boxes: Boxes) -> int:
    """How many columns further on it leads; less than none is back."""
    return boxes[step.end].column - boxes[step.start].column


def _is_forward(step: PlannedStep, boxes: Boxes) -> bool:
    """To a later column, or down its own."""
    onward = _onward(step, boxes)
    return onward > 0 or (onward == 0 and boxes[step.end].y > boxes[step.start].y)


def _sides(step: PlannedStep, boxes: Boxes) -> tuple[bool, bool]:
    """Whether it leaves, and whether it arrives, at the right side of a status; else at the left."""
    forward = _is_forward(step, boxes)
    return forward, forward if not _onward(step, boxes) else not forward


def _bulges(step: PlannedStep, boxes: Boxes) -> int:
    """Which way its curve goes out and comes in: to the right is more than 0."""
    leaves_right, arrives_right = _sides(step, boxes)
    return (1 if leaves_right else -1) * (1 if leaves_right is not arrives_right else 2)


def _ends(steps: Sequence[PlannedStep], boxes: Boxes) -> dict[int, tuple[Point, Point]]:
    """Of each step, the points at which it leaves and arrives."""
    meeting: dict[tuple[str, bool], list[tuple[PlannedStep, int]]] = defaultdict(list)
    for step in steps:
        for which, (name, side) in enumerate(zip((step.start, step.end), _sides(step, boxes), strict=True)):
            meeting[name, side].append((step, which))

    def order(one: tuple[PlannedStep, int]) -> tuple[float, float, bool]:
        step, which = one
        other = boxes[step.start if which else step.end]
        onward = _onward(step, boxes)
        around = -1 if onward > 1 else 1 if onward < -1 else 0  # what goes round above stands above
        return around, other.y, not _is_forward(step, boxes)

    points: dict[tuple[int, int], Point] = {}
    for (name, is_right), arriving in meeting.items():
        box = boxes[name]
        for number, (step, which) in enumerate(sorted(arriving, key=order), 1):
            share = number / (len(arriving) + 1)
            points[id(step), which] = (box.x + WIDTH if is_right else box.x, box.y + HEIGHT * share)
    return {id(step): (points[id(step), 0], points[id(step), 1]) for step in steps}


def _turns(steps: Sequence[PlannedStep], boxes: Boxes) -> dict[int, tuple[float, float]]:
    """Of each step that goes round, where in the gaps between the columns it goes up and down."""
    users: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for step in steps:
        start, end, forward = boxes[step.start], boxes[step.end], _onward(step, boxes) > 0
        users[start.column if forward else start.column - 1].append((id(step), 0))
        users[end.column - 1 if forward else end.column].append((id(step), 1))
    places: dict[tuple[int, int], float] = {}
    for gap, through in users.items():
        left = EDGE + gap * (WIDTH + GAP) + WIDTH
        for number, use in enumerate(through, 1):
            places[use] = left + GAP * number / (len(through) + 1)
    return {id(step): (places[id(step), 0], places[id(step), 1]) for step in steps}


def _round(start: Point, end: Point, lane: float, up_at: float, down_at: float) -> str:
    """Out into the gap, along it to the lane, along that, and back through another gap."""
    points = [start, (up_at, start[1]), (up_at, lane), (down_at, lane), (down_at, end[1]), end]
    path = [f"M{start[0]:g} {start[1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _near(corner, before), _near(corner, after)
        path.append(f"L{into[0]:g} {into[1]:g}Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}")
    return "".join([*path, f"L{end[0]:g} {end[1]:g}"])


def _near(corner: Point, other: Point) -> Point:
    """So far from the corner towards the other point that the corner is round."""
    (x, y), (to_x, to_y) = corner, other
    far = min(CORNER, abs(to_x - x) / 2 + abs(to_y - y) / 2)
    return (x + far * _sign(to_x - x), y + far * _sign(to_y - y))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _curve(start: Point, end: Point, *, bulges: int) -> str:
    (x, y), (to_x, to_y) = start, end
    out = _sign(bulges) * (GAP / 2 if abs(bulges) == 1 else EDGE - 4)
    back = -out if abs(bulges) == 1 else out
    return f"M{x:g} {y:g}C{x + out:g} {y:g} {to_x + back:g} {to_y:g} {to_x:g} {to_y:g}"
