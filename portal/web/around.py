"""What stands around a page for one person: their places, the bell, the views at the side.

All of it that depends on more than the role is one statement, asked when the
first of it is wanted: a fragment wants none, and a list its columns.
"""

import json
from functools import cache
from typing import Any, NamedTuple

from flask import g, has_request_context, request
from sqlalchemy import Label, Select, String, cast, false, null, select

from portal.accounts.reader import Anybody, Reader
from portal.desk.queries import choices_of, hidden_of, sidebar_of
from portal.extensions import db
from portal.gateways.database import KEEPS_PLAN, READS
from portal.notifications.queries import unread
from portal.organizations.policy import has_place
from portal.sla.queries import has_policies


class Around(NamedTuple):
    """`saved`, `hidden` and `chosen` are as `desk.queries` gives them; None for an employee."""

    bell_count: int
    has_organization: bool
    has_promises: bool
    saved: str | None
    hidden: str | None
    chosen: str | None

    def columns_of(self, view: str) -> list[str] | None:
        """What they have chosen for a view that is built in, or another's."""
        return json.loads(self.chosen).get(view) if self.chosen else None


def around(person: Anybody) -> Around:
    """Asked once for a request that only reads."""
    reader = Reader.of(person)
    if not has_request_context() or request.method not in READS:
        return _asked(reader)
    known: dict[Reader, Around] = g.setdefault("around", {})
    if reader not in known:
        known[reader] = _asked(reader)
    return known[reader]


def _asked(reader: Reader) -> Around:
    asked = _statement(reader.anybody)
    return Around(*db.session.execute(asked, reader.given, execution_options=KEEPS_PLAN).one())


@cache
def _statement(reader: Reader) -> Select[int, bool, bool, str | None, str | None, str | None]:
    """Made once, for it is asked with every page."""
    always = (unread(reader), has_place(reader))
    if not reader.is_staff:
        return select(*always, false(), _nothing("saved"), _nothing("hidden"), _nothing("chosen"))
    return select(*always, has_policies(), sidebar_of(reader), hidden_of(reader), choices_of(reader))


def _nothing(name: str) -> Label[Any]:
    return cast(null(), String).label(name)
