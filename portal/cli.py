"""Commands for whoever operates the desk: `flask --help` lists them."""

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from portal import schema
from portal.attachments.commands import reconcile
from portal.configuration.commands import configuration
from portal.doctor import doctor
from portal.gateways.storage import StorageAway, storage
from portal.importing.commands import imports
from portal.seeding.commands import seed
from portal.sla.commands import sla

ops = AppGroup("ops", help="Keep the schema right: migrate, verify, wait.")
store = AppGroup("storage", help="The object store.")


def init_app(app: Flask) -> None:
    store.add_command(reconcile)
    for command in (ops, store, seed, imports, configuration, sla, doctor):
        app.cli.add_command(command)


@ops.command("migrate")
@click.option("--wait", default=60, show_default=True, help="Seconds to wait for the database.")
def migrate(wait: int) -> None:
    """Bring the schema to head; one at a time, however many are started."""
    try:
        for line in schema.migrate(patience=wait):
            click.echo(line)
    except schema.SchemaError as error:
        raise click.ClickException(str(error)) from error


@ops.command("verify-head")
def verify_head() -> None:
    """Print the schema's revision and the expected one; exit 1 where they differ."""
    try:
        current, expected = schema.current_head(), schema.expected_head()
    except schema.SchemaError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"current:  {current or 'none'}\nexpected: {expected}")
    sys.exit(0 if current == expected else 1)


@ops.command("wait-for-head")
@click.option("--timeout", default=60, show_default=True, help="Seconds to wait.")
def wait_for_head(timeout: int) -> None:
    """Return once the schema is at head; exit 1 after the time-out."""
    if not schema.wait_for_head(patience=timeout):
        raise click.ClickException(
            f"The schema is not at {schema.expected_head()} after {timeout} s. Run `flask ops migrate`."
        )
    click.echo("The schema is at head.")


@store.command("prepare")
def prepare() -> None:
    """Make the buckets that are missing."""
    try:
        made = storage().prepare()
    except StorageAway as error:
        raise click.ClickException(f"The store does not answer: {error}") from error
    click.echo(f"Made: {', '.join(made)}" if made else "Both buckets are there.")
