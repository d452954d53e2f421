"""Where the lines of the chart run: numbers in, points of the drawing out. Units are the drawing's own."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 180
LINES = 4  # of the grid, above the axis


@dataclass(frozen=True)
class Line:
    path: str
    end: tuple[float, float]
    last: int


@dataclass(frozen=True)
class Chart:
    """Two lines over the same days; `grid` pairs numbers with their heights, `ticks` days with places."""

    created: Line
    closed: Line
    area: str
    grid: list[tuple[int, float]]
    ticks: list[tuple[str, float]]
    labels: tuple[float, float]  # heights of the words at the lines' ends, apart from each other


def chart(created: Sequence[int], closed: Sequence[int], days: Sequence[str]) -> Chart:
    """Both series against one axis that begins at nought and ends at a round number."""
    top = round_up(max(*created, *closed, LINES))
    first, second = _line(created, top), _line(closed, top)
    step = WIDTH / (len(days) - 1)
    return Chart(
        created=first,
        closed=second,
        area=f"{first.path}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z",
        grid=[(top * part // LINES, _height(top * part / LINES, top)) for part in range(LINES + 1)],
        ticks=[(day, round(place * step, 1)) for place, day in enumerate(days)][::3],
        labels=_apart(first.end[1], second.end[1]),
    )


def round_up(number: int) -> int:
    """The next number that `LINES` equal steps of whole numbers lead to, and that reads well."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power * LINES >= number:
                return step * power * LINES
        power *= 10


def _line(values: Sequence[int], top: int) -> Line:
    step = WIDTH / (len(values) - 1)
    points = [(round(place * step, 1), _height(value, top)) for place, value in enumerate(values)]
    return Line("M" + "L".join(f"{x} {y}" for x, y in points), points[-1], values[-1])


def _height(value: float, top: int) -> float:
    return round(HEIGHT - value / top * HEIGHT, 1)


def _apart(first: float, second: float) -> tuple[float, float]:
    """The heights of two labels, moved apart where they would lie on each other."""
    if abs(first - second) >= 16:
        return first + 4, second + 4
    middle = (first + second) / 2
    return (middle - 4, middle + 12) if first <= second else (middle + 12, middle - 4)
