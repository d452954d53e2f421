"""`flask seed`: the demo world, for trying out and showing."""

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.accounts.queries import has_no_people
from portal.config import Environment
from portal.extensions import db
from portal.seeding.actions import seed_demo_world
from portal.seeding.world import PASSWORD, PEOPLE


@click.command("seed")
@click.option("--if-empty", is_flag=True, help="Do nothing where there are people already.")
@click.option("--yes-a-demo", is_flag=True, help="Also where ENVIRONMENT is production.")
@with_appcontext
def seed(*, if_empty: bool, yes_a_demo: bool) -> None:
    """Make the demo world Nordwerk, or what is missing of it; a second time changes nothing."""
    if current_app.config["DESK"].environment is Environment.PRODUCTION and not yes_a_demo:
        raise click.ClickException(
            "This desk runs in production, and everybody knows the demo people's password."
            " If it is a demo all the same, say --yes-a-demo."
        )
    if if_empty and not has_no_people():
        click.echo("There are people already: nothing seeded.")
        return
    made = seed_demo_world()
    db.session.commit()
    click.echo(f"The demo world is there. {_what_was_missing(made)}")
    click.echo(f"Log in as {', '.join(person.email for person in PEOPLE[:4])}, … with {PASSWORD}.")


def _what_was_missing(tickets: int) -> str:
    if not tickets:
        return "Nothing was missing."
    return "1 ticket is new." if tickets == 1 else f"{tickets} tickets are new."
