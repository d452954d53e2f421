"""`flask import`: tickets from a CSV file."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.accounts.queries import user_by_email
from portal.extensions import db
from portal.importing.actions import Outcome, Target, note_import, take_over
from portal.importing.columns import WrongMapping, map_columns
from portal.importing.entries import Entry, Reader, Unusable
from portal.importing.queries import first_admin, open_project_keys
from portal.importing.reading import BrokenRow, Row, Sheet, Unreadable, open_sheet
from portal.settings.queries import site_settings

BATCH = 500  # rows of one transaction
SHOWN = 30  # sentences of a kind that are listed
SOME = 5  # lines that are named for each

imports = AppGroup("import", help="Take over what another desk kept.")


@imports.command("tickets")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "said", multiple=True, metavar="FIELD=HEADER", help="Which column holds what.")
@click.option("--id-column", metavar="HEADER", help="The column with the id: short for --map id=HEADER.")
@click.option("--project", default="IT", show_default=True, metavar="KEY", help="Where the tickets go.")
@click.option("--requester", default="", metavar="MAIL", help="Who asked, for rows that do not say.")
@click.option("--author", default="", metavar="MAIL", help="Who wrote resolutions; else the first admin.")
@click.option("--source", metavar="NAME", help="What the ids are unique in; else the file's name.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def tickets(
    *,
    file: Path,
    said: tuple[str, ...],
    id_column: str | None,
    project: str,
    requester: str,
    author: str,
    source: str | None,
    dry_run: bool,
) -> None:
    """Make a ticket of each row of FILE, a CSV file with a header.

    Columns are found by their usual names. A row with a resolution becomes a closed
    ticket with a public reply. Imported tickets notify nobody. A second run makes only
    what is missing: a row is known by --source and its id, or by its content where no
    column holds an id.
    """
    try:
        sheet = open_sheet(file)
        columns = map_columns(sheet.header, [*said, *([f"id={id_column}"] if id_column else [])])
    except (Unreadable, WrongMapping) as error:
        raise click.ClickException(str(error)) from error
    _show_columns(sheet, columns)
    target = _target(project, requester, author, source or file.name, columns)
    click.echo(f"  into {target.project}, as source “{target.source}”")
    outcome = Outcome()
    try:
        _run(sheet, columns, target, outcome, for_real=not dry_run)
    except KeyboardInterrupt:
        db.session.rollback()
        click.echo("\nInterrupted. What is made stays made; run it again to go on.")
    _conclude(target, outcome, for_real=not dry_run)


def _target(project: str, requester: str, author: str, source: str, columns: dict[str, str]) -> Target:
    if project.upper() not in (keys := open_project_keys()):
        raise click.ClickException(f"There is no project {project}. There are: {', '.join(keys) or 'none'}.")
    if not requester and "requester" not in columns:
        raise click.ClickException(
            "No column says who asked. Name the one that does, --map requester=…,"
            " or say it for all rows: --requester MAIL."
        )
    author = author or _first_admins_address()
    for option, address in (("--requester", requester), ("--author", author)):
        if address and user_by_email(address) is None:
            raise click.ClickException(f"{option}: nobody has the address {address}.")
    return Target(project.upper(), source[:80], requester.strip().lower(), author.strip().lower())


def _first_admins_address() -> str:
    if admin := first_admin():
        return admin.email
    raise click.ClickException("There is no admin to write resolutions. Name somebody: --author MAIL.")


def _show_columns(sheet: Sheet, columns: dict[str, str]) -> None:
    separator = {"\t": "tabs"}.get(sheet.separator, f"“{sheet.separator}”")
    click.echo(f"{sheet.name}: {sheet.encoding}, columns separated by {separator}")
    for thing, column in columns.items():
        click.echo(f"  {thing:<12} from {column}")
    if unused := [name for name in sheet.header if name not in columns.values()]:
        click.echo(f"  not used: {', '.join(unused)}")


def _run(sheet: Sheet, columns: dict[str, str], target: Target, outcome: Outcome, *, for_real: bool) -> None:
    reader = Reader(columns, ZoneInfo(site_settings().default_timezone), clock.now())
    with click.progressbar(length=sheet.count(), label="Tickets") as bar:
        for rows in _batches(sheet.rows()):
            outcome.add(_one_transaction(_entries(rows, reader, outcome), target, for_real=for_real))
            bar.update(len(rows))


def _batches(rows: Iterable[Row | BrokenRow]) -> Iterator[list[Row | BrokenRow]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def _entries(rows: list[Row | BrokenRow], reader: Reader, outcome: Outcome) -> list[Entry]:
    entries = []
    for row in rows:
        if isinstance(row, BrokenRow):
            outcome.errors.append((row.line, row.why))
            continue
        try:
            entries.append(reader.entry(row))
        except Unusable as why:
            outcome.errors.append((row.line, str(why)))
    return entries


def _one_transaction(entries: list[Entry], target: Target, *, for_real: bool) -> Outcome:
    """All of them together; where the database refuses that, each on its own."""
    try:
        outcome = take_over(entries, target, for_real=for_real)
        db.session.commit()
    except SQLAlchemyError as error:
        db.session.rollback()
        if len(entries) == 1:
            why = str(getattr(error, "orig", error)).splitlines()[0]
            return Outcome(errors=[(entries[0].line, f"The database refuses it: {why}")])
        outcome = Outcome()
        for entry in entries:
            outcome.add(_one_transaction([entry], target, for_real=for_real))
    return outcome


def _conclude(target: Target, outcome: Outcome, *, for_real: bool) -> None:
    """Say what became of it, and leave it in the audit trail; exit 1 where a row was left out."""
    if for_real and outcome.made:
        note_import(target.source, outcome)
        db.session.commit()
    done = "made" if for_real else "to be made"
    there = {0: "none was", 1: "1 was"}.get(outcome.known, f"{outcome.known} were")
    made, left_out = _counted(outcome.made, "ticket"), _counted(len(outcome.errors), "row")
    click.echo(f"{made.capitalize()} {done}, {there} there already, {left_out} left out.")
    if names := outcome.categories:
        click.echo(f"{'Category' if len(names) == 1 else 'Categories'} {done}: {', '.join(names)}.")
    _list("Worth a look", outcome.remarks)
    _list("Left out", outcome.errors)
    if outcome.errors:
        raise SystemExit(1)


def _counted(number: int, noun: str) -> str:
    """`no tickets`, `1 ticket`, `2 tickets`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _list(title: str, said: list[tuple[int, str]]) -> None:
    """Each sentence once, with the lines it is said of."""
    if not said:
        return
    lines: dict[str, list[int]] = {}
    for line, sentence in sorted(said):
        lines.setdefault(sentence, []).append(line)
    click.echo(f"{title}:")
    for sentence, where in itertools.islice(lines.items(), SHOWN):
        more = f" and {len(where) - SOME} more" if len(where) > SOME else ""
        named = "line" if len(where) == 1 else "lines"
        click.echo(f"  {named} {', '.join(map(str, where[:SOME]))}{more}: {sentence}")
    if len(lines) > SHOWN:
        click.echo(f"  … and {_counted(len(lines) - SHOWN, 'more sentence')}")
