"""How long it takes to try a rule on a long past."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from portal import clock
from portal.extensions import db
from portal.rules.evaluating import known
from portal.rules.finding import Draft
from portal.rules.rehearsal import PLAYED, try_out
from portal.tickets import tagging
from tests import factories as make
from tests.rules.conftest import chosen, tags

MINUTE = 60.0
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICKETS, CHANGES = 20_000, 5  # each was made, changed so often and answered once: 140,000 events in all

# Tickets of today, and how they came to be so; each change is told with what was before.
FILL = (
    """
    INSERT INTO tickets (key, project_id, number, title, type, priority, status_id, status_category,
        requester_id, is_confidential, reply_count, version, created_at, updated_at, tag_ids, description,
        description_html)
    SELECT 'IT-' || n, :project, n, CASE n % 3 WHEN 0 THEN 'Printer on fire' ELSE 'VPN drops' END, 'request',
        (ARRAY['low', 'medium', 'high', 'critical'])[1 + (n + 5) % 4], :status, 'new', :requester,
        false, 1, 6, :until - interval '60 days' + n * interval '2 minutes', :until, '{}', 'It burns', ''
    FROM generate_series(1, :tickets) n
    """,
    """
    INSERT INTO ticket_people (user_id, ticket_id, part) SELECT requester_id, id, 'requester' FROM tickets
    """,
    """
    INSERT INTO events (kind, ticket_id, actor_id, depth, is_public, data, created_at)
    SELECT 'ticket.submitted', id, requester_id, 0, true, '{"values": {}}', created_at FROM tickets
    """,
    """
    INSERT INTO events (kind, ticket_id, actor_id, depth, is_public, data, created_at)
    SELECT 'ticket.edited', id, :agent, 0, true,
        jsonb_build_object('version', step + 1, 'changes', jsonb_build_object('priority', jsonb_build_object(
            'old', jsonb_build_object('id', ranks.known[1 + (id + step - 1) % 4]),
            'new', jsonb_build_object('id', ranks.known[1 + (id + step) % 4])))),
        created_at + step * interval '3 hours'
    FROM (SELECT ARRAY['low', 'medium', 'high', 'critical'] AS known) ranks, tickets,
        generate_series(1, :changes) step
    ORDER BY id, step
    """,
    """
    INSERT INTO events (kind, ticket_id, actor_id, depth, is_public, data, created_at)
    SELECT 'comment.added', id, :agent, 0, true, '{"side": "desk"}', created_at + interval '20 hours'
    FROM tickets ORDER BY id
    """,
    "ANALYZE",
)


@pytest.mark.long
def test_a_hundred_thousand_events_take_less_than_a_minute(rule, deliver):
    """Of 100,000 changes it would have run on a third of a half; the latest cases are played."""
    project, agent, requester = make.desk(), make.agent(), make.employee()
    given = {
        "project": project.id, "status": make.status("open").id, "requester": requester.id, "until": UNTIL,
        "agent": agent.id, "tickets": TICKETS, "changes": CHANGES,
    }  # fmt: skip
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    for statement in FILL:
        db.session.execute(text(statement), given)
    tagging.tags_called(["seen"], maker=None)
    high = rule(
        "priority>=high title:fire created<7d -tag:seen",
        on=[{"name": "changed", "values": {"fields": ["priority"]}}],
        does=[("add_tags", tags("seen")), ("priority", chosen("priority", "low"))],
        is_enabled=False,
    )
    db.session.flush()

    with clock.travelling_to(UNTIL):
        began = time.perf_counter()
        found = try_out(Draft(known(high), high.kind), reader_id=high.owner_id, days=90, tell=lambda *_: None)
        took = time.perf_counter() - began

    assert found.woken == TICKETS * CHANGES
    assert found.fits == sum(
        (n + step) % 4 >= 2 for n in range(3, TICKETS + 1, 3) for step in range(1, CHANGES + 1)
    )
    assert len(found.played) == PLAYED
    assert took < MINUTE, f"{found.woken} events, {found.fits} cases: {took:.1f} s"
