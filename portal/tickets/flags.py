"""What a ticket can be, as a filter says it: `is:open`."""

from collections.abc import Collection
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, true

from portal import clock
from portal.accounts.models import User
from portal.filters import Value
from portal.filters.fields import Columns
from portal.lifecycles.models import Category
from portal.tickets.due import order_of
from portal.tickets.hiding import Hidden
from portal.tickets.inbox import is_in_inbox, is_put_off
from portal.tickets.lists import MERGED, SPAM, is_open


def flags(reader: User, shut: Collection[int]) -> list[Value]:
    """What this reader may ask; what only the desk knows of, nobody else. Of projects that are shut to
    them it is not theirs to know what waits there for a decision, and until when, or what is spam."""
    of_all = [
        Value("open", _l("open"), is_open),
        Value("closed", _l("closed"), lambda tickets: tickets.status_category == Category.DONE),
        Value("unassigned", _l("unassigned"), lambda tickets: tickets.assignee_id.is_(None)),
        Value("mine", _l("assigned to me"), lambda tickets: tickets.assignee_id == reader.id),
        Value("confidential", _l("confidential"), lambda tickets: tickets.is_confidential.is_(True)),
        Value(MERGED, _l("merged into another"), lambda tickets: tickets.merged_into_id.is_not(None)),
    ]
    return [*of_all, *_of_the_desk(clock.now(), shut)] if reader.is_staff else of_all


def _of_the_desk(now: datetime, shut: Collection[int]) -> list[Value]:
    def worked_on(tickets: Columns) -> ColumnElement[bool]:
        return tickets.project_id.not_in(sorted(shut)) if shut else true()

    return [
        Value("overdue", _l("overdue"), lambda tickets: is_open(tickets) & (order_of(tickets.due_at) < now)),
        Value(
            "triage",
            _l("waiting for triage"),
            lambda tickets: is_in_inbox(tickets, now) & worked_on(tickets),
        ),
        Value(SPAM, _l("spam"), lambda tickets: (tickets.hidden_as == Hidden.SPAM) & worked_on(tickets)),
        Value("snoozed", _l("snoozed"), lambda tickets: is_put_off(tickets, now) & worked_on(tickets)),
    ]
