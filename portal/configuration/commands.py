"""The configuration as a file, from the command line."""

from typing import TextIO

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.accounts.models import User
from portal.configuration import bundle
from portal.configuration.reading import Faulty
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Permission

configuration = AppGroup("configuration", help="Workflows, SLA, canned replies and rules as one YAML file.")


@configuration.command("export")
def export() -> None:
    """Print the whole configuration; the same one is the same text, byte by byte."""
    click.echo(bundle.write(), nl=False)


@configuration.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--as", "email", required=True, help="The mail address of the admin in whose name it is done.")
@click.option("--check", is_flag=True, help="Only say what it would do.")
def import_file(file: TextIO, email: str, check: bool) -> None:
    """Put a file in place, whole or not at all; what it does not name stays as it is."""
    actor = db.session.scalar(select(User).where(User.email == email, User.is_active))
    if actor is None or not actor.may(Permission.SETTINGS_MANAGE):
        raise click.ClickException(f"{email} is no admin.")
    try:
        wanted = bundle.read(file.read())
        done = bundle.deeds(wanted) if check else bundle.put(wanted, actor=actor)
    except Faulty as error:
        for fault in error.faults:
            click.echo(f"line {fault.line}: {fault.place}: {fault.said}", err=True)
        raise click.ClickException(f"{len(error.faults)} faults; nothing was changed.") from error
    except (DomainError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()
    for deed in done:
        if deed.does_something:
            click.echo(f"{deed.label} {deed.name}: {'new' if deed.is_new else ' '.join(deed.changes)}")
