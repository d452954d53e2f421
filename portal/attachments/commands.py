"""`flask storage reconcile`: do the desk and its store speak of the same files?"""

import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

import click
from flask.cli import with_appcontext

from portal.attachments import reconciling, upkeep
from portal.extensions import db
from portal.gateways.storage import Area, StorageAway

Stray = TypeVar("Stray")


@click.command("reconcile")
@click.option("--verify", is_flag=True, help="Read every file and compare its SHA-256: may take hours.")
@click.option("--repair", is_flag=True, help="Remove objects and parts that belong to no file.")
@with_appcontext
def reconcile(*, verify: bool, repair: bool) -> None:
    """Count the objects and unfinished uploads that belong to no file, and the files that have no object.

    Exit code 1 where something is wrong, such as after a backup of one of them was brought back.
    """
    try:
        left = _orphans(repair=repair) + _unfinished(repair=repair)
        wrong = sum([left, _lost(), _damaged() if verify else 0])
    except StorageAway as error:
        raise click.ClickException(f"The store does not answer: {error}") from error
    click.echo("Something is wrong." if wrong else "Desk and store agree.")
    sys.exit(1 if wrong else 0)


def _orphans(*, repair: bool) -> int:
    """How many are left."""
    left = 0
    for area in Area:
        sizes = [each.size for each in _seen(area, reconciling.orphans, reconciling.remove, repair=repair)]
        left += _told(area, len(sizes), f"objects of no file ({sum(sizes)} bytes)", repair=repair)
    return left


def _unfinished(*, repair: bool) -> int:
    """The same for uploads in parts that nobody finishes any more."""
    left = 0
    for area in Area:
        number = sum(1 for _each in _seen(area, reconciling.unfinished, reconciling.drop, repair=repair))
        left += _told(area, number, "unfinished uploads of no file", repair=repair)
    return left


def _seen(
    area: Area,
    find: Callable[[Area], Iterator[list[Stray]]],
    remove: Callable[[Area, list[Stray]], None],
    *,
    repair: bool,
) -> Iterator[Stray]:
    """Each one, and where it is to be repaired, some at a time, had removed."""
    for found in find(area):
        yield from found
        if repair:
            remove(area, found)
            db.session.commit()


def _told(area: Area, number: int, what: str, *, repair: bool) -> int:
    removed = ", which a job removes now" if repair and number else ""
    click.echo(f"{area.value}: {number} {what}{removed}")
    return 0 if repair else number


def _lost() -> int:
    found = reconciling.lost()
    more = " or more" if len(found) == reconciling.MOST_LOST else ""
    click.echo(f"{len(found)}{more} files without their object{_listed(found)}")
    upkeep.write_report(found)
    db.session.commit()
    return len(found)


def _damaged() -> int:
    """A lost file counts as damaged, too, and is named twice."""
    checked = [(file_id, reconciling.is_whole(key, digest)) for file_id, key, digest in _shown()]
    found = [file_id for file_id, is_whole in checked if not is_whole]
    click.echo(f"{len(found)} of {len(checked)} files are not what was checked{_listed(found)}")
    return len(found)


def _shown() -> Iterator[tuple[int, str, str]]:
    """Each file that is served, with a word now and then for whoever waits."""
    for number, each in enumerate(reconciling.served(), 1):
        yield each
        if number % 1000 == 0:
            click.echo(f"{number} files read …", err=True)


def _listed(ids: list[int]) -> str:
    if not ids:
        return ""
    return f": {', '.join(map(str, ids[:20]))}{' …' if len(ids) > 20 else ''}"
