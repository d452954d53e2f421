"""What is kept of the clocks, from the command line."""

import click
from flask.cli import AppGroup

from portal.extensions import db
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
