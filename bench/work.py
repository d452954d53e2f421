"""Measure what is left to workers: python -m bench.work, or bin/bench work.

On the database that pages are measured on: a list of all tickets is written as CSV and as XLSX,
and a bulk operation changes as many tickets as it may, and is undone.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable

from sqlalchemy import select

from bench.generate import is_generated
from bench.house import EVERYWHERE
from bench.memory import memory, most
from bench.run import ADDRESSES, on_database
from portal import create_app
from portal.accounts.models import User
from portal.bulk import actions as bulk
from portal.bulk.acts import ACTS
from portal.bulk.queries import MOST, Chosen
from portal.bulk.running import work_off
from portal.desk.queues import QUEUES, Desk
from portal.exports import actions as exports
from portal.exports import running
from portal.exports.models import ExportState, Format
from portal.extensions import db
from portal.gateways.storage import storage
from portal.tickets.models import Ticket

LONG = 3600.0  # seconds; nothing here takes that long


def main() -> int:
    options = _options()
    for name in ADDRESSES:
        os.environ[name] = on_database(options.database, os.environ.get(name, ""))
    if not is_generated(os.environ[ADDRESSES[1]] or os.environ[ADDRESSES[0]], scale=options.scale):
        print("There is no such desk yet: bin/bench makes it.", file=sys.stderr)
        return 2
    with create_app().app_context():
        storage().prepare()
        owner = db.session.scalars(select(User).where(User.email == EVERYWHERE)).one()
        for form in Format:
            _export(owner, form)
        _bulk(owner)
    return 0


def _export(owner: User, form: Format) -> None:
    begun = exports.begin("", "bench", form, owner=owner)
    db.session.commit()
    claimed = running.claim_next()
    assert claimed is begun, "another export is due"
    db.session.commit()
    idle = memory(os.getpid())
    with most(os.getpid()) as taken:
        seconds = _seconds(lambda: running.work_on(claimed))
    assert begun.state is ExportState.DONE, begun.error
    _say(f"{begun.done:,} tickets as {form.label}", f"{seconds:.0f} s, {begun.done / seconds:,.0f}/s")
    _say("its file", f"{(begun.result_size or 0) / 2**20:.0f} MB")
    _say("memory above idle meanwhile", f"{taken[0] - idle} MB")
    storage().forget(str(begun.result_key))
    db.session.delete(begun)
    db.session.commit()


def _bulk(owner: User) -> None:
    desk = Desk.of(owner)
    asked = Chosen.by_filter(desk, QUEUES["open"], desk.read("priority:low,medium"))
    newest = asked.ids().order_by(Ticket.id.desc()).limit(MOST).subquery()
    chosen = Chosen(owner, (Ticket.id.in_(select(newest)),), asked.filter, asked.place)
    operation = bulk.begin(chosen, ACTS["priority"], {"priority": "high", "label": "high"}, owner=owner)
    db.session.commit()
    seconds = _seconds(lambda: work_off(LONG))
    changed = operation.changed
    _say(f"{changed:,} tickets changed in bulk", f"{seconds:.0f} s, {changed / seconds:.0f}/s")
    bulk.begin_undo(operation, actor=owner)
    db.session.commit()
    seconds = _seconds(lambda: work_off(LONG))
    _say("and undone", f"{seconds:.0f} s, {changed / seconds:.0f}/s")


def _seconds(do: Callable[[], object]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


def _say(what: str, figure: str) -> None:
    print(f"{what:<45}{figure:>20}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench work", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--database", default="bench", help="its name, beside that of DATABASE_URL")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
