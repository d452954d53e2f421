"""What was promised for the tickets in the shadow, as lists would have told it then: by a replay of their
events until then, of the policy and the calendar that hold for them today."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from portal import clock
from portal.extensions import db
from portal.rules.recalling import Case
from portal.rules.shadow import Shadow
from portal.sla.calendar import Calendar
from portal.sla.keeping import account, columns_of
from portal.sla.queries import histories
from portal.sla.replay import Policy

FIELDS = ("sla", "sla_due")  # of a filter
_KEPT = """
    SELECT ticket_id, policies.definition AS policy, calendars.definition AS calendar
    FROM {schema}.sla_clocks JOIN {schema}.sla_policy_versions policies ON policies.id = policy_version_id
    JOIN {schema}.sla_calendar_versions calendars ON calendars.id = calendar_version_id
    WHERE ticket_id = ANY(:ids)
"""
_EVENTS = """
    INSERT INTO pg_temp.events (id, ticket_id, kind, actor_id, depth, is_public, created_at, data)
    OVERRIDING SYSTEM VALUE
    SELECT row_number() OVER (ORDER BY was.id, cases.id), cases.id, kind, actor_id, depth, is_public,
        created_at, data
    FROM cases JOIN {schema}.events was ON was.ticket_id = cases.ticket_id AND was.id <= after_id
"""
_CLOCKS = text("""
    UPDATE pg_temp.tickets SET sla_state = :sla_state, sla_target = :sla_target, sla_warn_at = :sla_warn_at,
        sla_due_at = :sla_due_at
    WHERE id = :id
""")


def put_clocks_in(cases: Sequence[Case], stands_in: Shadow) -> None:
    """Of the cases that stand there; tickets to which nothing is promised have no clocks."""
    ids = sorted({case.ticket_id for case in cases})
    kept = {row.ticket_id: row for row in stands_in.run(_KEPT.format(schema=stands_in.schema), ids=ids)}
    if not kept:
        return
    stands_in.run(_EVENTS.format(schema=stands_in.schema))
    promised = [case for case in cases if case.ticket_id in kept]
    known = histories([case.id for case in promised])
    rows: list[dict[str, Any]] = []
    for case in promised:
        row = kept[case.ticket_id]
        with clock.travelling_to(case.at):
            found = account(Policy.of(row.policy), Calendar.of(row.calendar), known[case.id])
        rows.append(columns_of(found) | {"id": case.id})
    db.session.execute(_CLOCKS, rows)
    stands_in.empty("events")
