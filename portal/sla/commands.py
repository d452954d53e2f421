"""What is kept of the clocks, from the command line."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from portal import clock
from portal.extensions import db
from portal.sla.backtest import PARTS, Calibration, backtest
from portal.sla.forecast import PERIOD
from portal.sla.learning import lives
from portal.sla.recounting import next_open, recount

sla = AppGroup("sla", help="What was promised.")


@sla.command("recompute")
def recompute() -> None:
    """Reckon the clocks of all open tickets anew from their history; what is kept should be the same."""
    checked = changed = last = 0
    while tickets := next_open(last):
        checked, last = checked + len(tickets), tickets[-1].id
        changed += recount(tickets)
        db.session.commit()
        db.session.expunge_all()
    click.echo(f"{checked} open tickets looked at, {changed} were something else before.")


@sla.command("backtest")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 365), help="How far back.")
@click.option(
    "--at",
    "percent",
    default=50,
    show_default=True,
    type=click.IntRange(1, 99),
    help="After how many percent of its time each promise is asked about.",
)
def test_forecasts(days: int, percent: int) -> None:
    """Forecast past promises with what was known then, and say how right that was."""
    now = clock.now()
    known = list(lives(since=now - timedelta(days=days) - PERIOD))
    found = backtest(known, now=now, days=days, percent=percent)
    click.echo(
        f"{len(found.told)} forecasts of promises that had used {percent} % of their time in the last"
        f" {days} days. Of {found.silent} more there was too little history, and {found.open} are open yet."
    )
    if found.told:
        click.echo(_calibration(found))


def _calibration(found: Calibration) -> str:
    width = 100 // PARTS
    lines = ["forecast     number   mean   late"]
    for part in found.parts:
        least = round(100 * part.least)
        span = f"{least}-{least + width} %"
        lines.append(f"{span:<10} {part.number:>8} {part.said:>6.0%} {part.late:>6.0%}")
    base = f"of the base rate, {found.base_rate:.0%} late, {found.base_brier:.3f}"
    return "\n".join([*lines, f"Brier score {found.brier:.3f}; {base}."])
