"""What a ticket can be, as a filter says it: `is:open`."""

from collections.abc import Callable, Collection, Hashable
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, bindparam, true

from portal import clock
from portal.accounts.models import User
from portal.filters import Value
from portal.filters.fields import Columns
from portal.filters.moments import present
from portal.lifecycles.models import Category
from portal.tickets.clocked import STANDING_LABELS, SlaState, Standing
from portal.tickets.due import order_of
from portal.tickets.hiding import Hidden
from portal.tickets.inbox import is_in_inbox, is_put_off
from portal.tickets.lists import MERGED, SPAM, is_open
from portal.tickets.models import Ticket


def flags(reader: User, shut: Collection[int]) -> list[Value]:
    """What this reader may ask; what only the desk knows of, nobody else. Of projects that are shut to
    them it is not theirs to know what waits there for a decision, and until when, or what is spam."""
    of_all = [
        _lasting("open", _l("open"), is_open),
        _lasting("closed", _l("closed"), lambda tickets: tickets.status_category == Category.DONE),
        _lasting("unassigned", _l("unassigned"), lambda tickets: tickets.assignee_id.is_(None)),
        _lasting("mine", _l("assigned to me"), lambda tickets: tickets.assignee_id == reader.id, reader.id),
        _lasting("confidential", _l("confidential"), lambda tickets: tickets.is_confidential.is_(True)),
        _lasting(MERGED, _l("merged into another"), lambda tickets: tickets.merged_into_id.is_not(None)),
    ]
    return [*of_all, *_of_the_desk(shut)] if reader.is_staff else of_all


def _lasting(
    name: str, label: str, meaning: Callable[[Columns], ColumnElement[bool]], of: Hashable = ()
) -> Value:
    """What means the same at any moment, and is made of nothing but its columns and `of`."""
    return Value(name, label, meaning, lasts=of)


def _of_the_desk(shut: Collection[int]) -> list[Value]:
    def worked_on(tickets: Columns) -> ColumnElement[bool]:
        return tickets.project_id.not_in(sorted(shut)) if shut else true()

    def in_triage(tickets: Columns) -> ColumnElement[bool]:
        return is_in_inbox(tickets, _now(tickets)) & worked_on(tickets)

    def is_overdue(tickets: Columns) -> ColumnElement[bool]:
        return is_open(tickets) & (order_of(tickets.due_at) < _now(tickets))

    flags: list[tuple[str, Any, Callable[[Columns], ColumnElement[bool]]]] = [
        ("overdue", _l("overdue"), is_overdue),
        ("triage", _l("waiting for triage"), in_triage),
        (SPAM, _l("spam"), lambda tickets: (tickets.hidden_as == Hidden.SPAM) & worked_on(tickets)),
        ("snoozed", _l("snoozed"), lambda tickets: is_put_off(tickets, _now(tickets)) & worked_on(tickets)),
    ]
    return [_lasting(*flag, of=frozenset(shut)) for flag in flags]


def promises() -> list[Value]:
    """How it stands with what was promised; of a list's column `clocked.standing_of` says the same."""

    def is_late(tickets: Columns) -> ColumnElement[bool]:
        return _runs(tickets) & (order_of(tickets.sla_due_at) < _now(tickets))

    def is_due_soon(tickets: Columns) -> ColumnElement[bool]:
        is_near = tickets.sla_warn_at < _now(tickets)
        return _runs(tickets) & (order_of(tickets.sla_due_at) >= _now(tickets)) & is_near

    def has_time(tickets: Columns) -> ColumnElement[bool]:
        is_near = tickets.sla_warn_at < _now(tickets)
        return _runs(tickets) & (order_of(tickets.sla_due_at) >= _now(tickets)) & is_near.is_not(true())

    conditions: dict[Standing, Callable[[Columns], ColumnElement[bool]]] = {
        Standing.BREACHED: is_late,
        Standing.SOON: is_due_soon,
        Standing.RUNNING: has_time,
        Standing.PAUSED: lambda tickets: tickets.sla_state == SlaState.PAUSED,
        Standing.KEPT: lambda tickets: tickets.sla_state == SlaState.KEPT,
        Standing.MISSED: lambda tickets: tickets.sla_state == SlaState.MISSED,
    }
    named = [_lasting(one.value, STANDING_LABELS[one], meaning) for one, meaning in conditions.items()]
    return [*named, _lasting("none", _l("nothing promised"), lambda tickets: tickets.sla_state.is_(None))]


def _runs(tickets: Columns) -> ColumnElement[bool]:
    return is_open(tickets) & (tickets.sla_state == SlaState.RUNNING)


def _now(tickets: Columns) -> ColumnElement[datetime]:
    """The time at which the statement is executed, whenever it was made; of rows of the past, theirs."""
    now = bindparam(None, callable_=lambda: clock.now(), type_=Ticket.created_at.type)
    return present(tickets, now)
