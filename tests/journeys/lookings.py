"""Where pages stand that are looked at: behind mailed links, and of rows that are made first."""

import re
from contextlib import contextmanager

import psycopg

from tests.journeys.conftest import PASSWORD, new_page

LINK = re.compile(r"https?://[^/\s]+(/[a-z]+/[\w-]{43})")
NEWCOMER = {
    "#name": "Noor Newcomer",
    "#email": "noor.newcomer@example.org",
    "#password": "a long walk by the sea",
}
PROVIDER = {
    "#name": "The house",
    "#slug": "house",
    "#issuer": "https://login.example.org",
    "#client_id": "desk",
}


PROMISES = {
    "/admin/calendars/new": {
        "#name": "Bürozeiten der Hauptverwaltung mit Mittagspause",
        "#monday": "09:00-12:00, 13:00-17:00",
        "#thursday": "09:00-12:00, 13:00-18:30",
        "#saturday": "00:00-24:00",
        "#sunday": "00:00-24:00",
        "#days": "2026-12-24 Heiligabend",
    },
    "/admin/sla/new": {
        "#name": "Vereinbarung mit allen, die im Haupthaus arbeiten",
        "#filter": "requester:ines@example.org",
        "#first_response_medium": "4h",
        "#first_response_critical": "30m",
        "#next_response_medium": "1h 30m",
        "#resolution_medium": "40h",
    },
}
ASKED = {"#title": "The projector in the big meeting room shows everything in green"}
UNASKED = {"#title": "You have won a projector"}  # after the other: what waits the longest is no spam


def made(desk, chromium):
    """The addresses by the names that stand in braces in the list of pages."""
    asked = _ask_for_links(desk, chromium) | _anonymized(desk, chromium)
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:

        def one(statement, *values):
            return connection.execute(statement, values).fetchone()[0]

        def link_to(address, path):
            like = f"%{path}%"
            return LINK.search(
                one("SELECT body FROM mails WHERE to_address = %s AND body LIKE %s ORDER BY id DESC LIMIT 1",
                    address, like)
            )[1]  # fmt: skip

        ticket = one("SELECT id FROM tickets WHERE key = %s", asked["own"].rpartition("/")[2])
        return asked | {
            "file": f"/attachments/{one(FILE, ticket)}",
            "linked": f"/tickets/{one(LINKED)}",
            "merge": f"/tickets/{one(LINKED)}/merge?into={asked['own'].rpartition('/')[2]}",
            "split": one(SPLIT),
            "new": f"/tickets/{one(NEW)}",
            "beside": f"/queue/triage?preview={one(NEW)}",
            "spam": f"/tickets/{one(SPAM, UNASKED['#title'])}",
            "sender": f"/admin/senders/{one('SELECT max(id) FROM spam_notes')}",
            "deleted": f"/tickets/{one(DELETED)}",
            "verify": link_to("noor.newcomer@example.org", "/verify/"),
            "reset": link_to("hana@example.org", "/reset/"),
            "invitation": link_to("guest@example.org", "/invitations/"),
            "address": link_to("ines.new@example.org", "/address/"),
            "held": f"/admin/files/{one(HELD)}",
            "view": f"/queue/view/{one(VIEW)}",
            "bulk": f"/queue/bulk/{one(BULK)}",
            "export": f"/queue/exports/{one(EXPORT)}",
            "mail": f"/admin/mail/{one('SELECT max(id) FROM mails')}",
            "provider": f"/admin/providers/{one('SELECT max(id) FROM identity_providers')}",
            "project": f"/admin/projects/{one('SELECT min(id) FROM projects')}",
            "category": f"/admin/categories/{one('SELECT min(id) FROM ticket_categories')}",
            "tag": f"/admin/tags/{one('SELECT min(id) FROM tags')}",
            "policy": f"/admin/sla/{one('SELECT max(id) FROM sla_policies')}",
            "calendar": f"/admin/calendars/{one('SELECT max(id) FROM sla_calendars')}",
            "promised": f"/tickets/{one(PROMISED, ASKED['#title'])}",
            "canned": f"/canned-replies/{one(CANNED)}",
            "lifecycle": f"/admin/lifecycles/{one(LIFECYCLE)}",
            "step": f"/tickets/{one(STEP, ticket)}",
            "team": f"/admin/teams/{one('SELECT min(id) FROM teams')}",
            **_ruled(one(RULE)),
            "trial": one(TRIAL),
        }


def _ruled(found):
    """A rule, and a ticket with what it has answered there."""
    rule_id, key, event_id = found
    return {
        "rule": f"/admin/rules/{rule_id}",
        "rule_id": rule_id,
        "ruled": f"/tickets/{key}",
        "woken": event_id,
    }


LIFECYCLE = """
    WITH other AS (
        INSERT INTO lifecycles (name) VALUES ('Für die Haustechnik') RETURNING id
    ), kept AS (
        INSERT INTO lifecycle_versions (lifecycle_id, number, content, published_at)
        SELECT other.id, 1, content, now() FROM other, lifecycle_versions WHERE lifecycle_id = 1 LIMIT 1
    ), stood AS (
        INSERT INTO statuses (lifecycle_id, name, label, category, colour, position)
        SELECT other.id, name, label, category, colour, position FROM other, statuses WHERE lifecycle_id = 1
    )
    INSERT INTO lifecycle_drafts (lifecycle_id, content, based_on, version, changed_at)
    SELECT lifecycle_id, jsonb_insert(content #- '{statuses,2}', '{statuses,0}',
        '{"name": "vendor", "label": "Wartet auf den Hersteller und seinen Vertreter im Außendienst",
          "category": "waiting", "colour": "orange"}'), 1, 1, now()
    FROM lifecycle_versions WHERE lifecycle_id = 1 AND number = 1
    RETURNING lifecycle_id
"""
STEP = """
    SELECT key || '/steps/' || to_status_id FROM tickets
    JOIN transitions ON from_status_id = status_id WHERE tickets.id = %s ORDER BY to_status_id LIMIT 1
"""
PROMISED = "SELECT key FROM tickets WHERE title = %s AND sla_state IS NOT NULL"
LINKED = "SELECT key FROM tickets JOIN ticket_links ON from_id = tickets.id ORDER BY key LIMIT 1"
SPLIT = """
    SELECT '/tickets/' || key || '/comments/' || public_id || '/ticket'
    FROM comments JOIN tickets ON tickets.id = ticket_id WHERE NOT is_internal ORDER BY comments.id LIMIT 1
"""
NEW = """
    SELECT key FROM tickets WHERE inbox_since IS NOT NULL AND status_category <> 'done'
    AND NOT is_confidential AND starts_with(key, 'IT-') ORDER BY id LIMIT 1
"""
SPAM = """
    WITH marked AS (
        UPDATE tickets SET hidden_as = 'spam', hidden_at = now(), hidden_by_id = agent.id
        FROM users agent WHERE agent.email = 'agent@example.org' AND title = %s
        RETURNING tickets.id, key, requester_id, hidden_by_id
    ), noted AS (
        INSERT INTO spam_notes (address, ticket_id, noted_by_id, noted_at)
        SELECT email, marked.id, hidden_by_id, now() FROM marked JOIN users ON users.id = requester_id
    )
    SELECT key FROM marked
"""
RULE = """
    WITH made AS (
        INSERT INTO rules (kind, name, description, position, is_enabled, stops, owner_id, project_ids,
            triggers, filter, actions, version, failures, runs, last_run_at, last_error, armed_at,
            created_at, updated_at)
        SELECT 'trigger', 'Störungen des Netzes im Hauptgebäude gehen sofort an das Team, das Dienst hat',
            'Damit niemand nachts suchen muss, wer zuständig ist', 1, false, true, id, '{}',
            '[{"name": "changed", "values": {"fields": ["priority", "team"]}},
              {"name": "created", "values": {}}]',
            'priority>=high type:incident -team:none printer',
            '[{"name": "in_turn", "values": {"team": {"id": "1", "label": "Network"}}},
              {"name": "team", "values": {"team": {"id": "999999", "label": "Night shift"}}},
              {"name": "note", "values": {"body": "Assigned by itself."}}]',
            2, 20, 1204, now(), 'Das Team „Night shift“ gibt es nicht mehr.', now(), now(), now()
        FROM users WHERE email = 'admin@example.org' RETURNING id, owner_id
    ), kept AS (
        INSERT INTO rule_versions (rule_id, version, content, changed_by_id, created_at)
        SELECT made.id, version, jsonb_build_object('name', 'Störungen des Netzes', 'description', '',
            'is_enabled', version = 2, 'stops', false,
            'owner', jsonb_build_object('id', owner_id, 'label', 'Aylin'),
            'projects', '[]'::jsonb, 'triggers', '[{"name": "created", "values": {}}]'::jsonb,
            'filter', 'priority>=high',
            'asks', '["priority>=high", "type:incident", "-team:none", "printer"]'::jsonb,
            'actions', '[{"name": "unassign", "values": {}}]'::jsonb), owner_id, now()
        FROM made, generate_series(1, 2) AS version
    ), woken AS (
        SELECT events.id, ticket_id, key FROM events JOIN tickets ON tickets.id = ticket_id
        WHERE events.kind = 'ticket.submitted' AND starts_with(key, 'IT-') AND NOT is_confidential
        AND hidden_as IS NULL ORDER BY events.id LIMIT 1
    ), answered AS (
        INSERT INTO rule_traces (event_id, ticket_id, answers, created_at)
        SELECT woken.id, ticket_id, jsonb_build_array(
            jsonb_build_array(made.id, 2, 'no', '11001'),
            jsonb_build_array(made.id, 1, 'ran', '11111'),
            jsonb_build_array(made.id, 1, 'failed', '11111', 'Das Team „Night shift“ gibt es nicht mehr.'),
            jsonb_build_array(made.id, 1, 'stopped', '11111'),
            jsonb_build_array(999999, 1, 'unseen', '0')), now()
        FROM woken, made
        ON CONFLICT (event_id) DO UPDATE SET answers = EXCLUDED.answers
    )
    SELECT ARRAY[made.id::text, woken.key, woken.id::text] FROM made, woken
"""
TRIAL = """
    WITH made AS (
        INSERT INTO rule_trials (public_id, reader_id, rule_id, kind, content, days, state, step, total, done,
            attempts, told, created_at)
        SELECT which.id, users.id, NULL, 'trigger',
            jsonb_build_object('name', 'Störungen des Netzes im Hauptgebäude gehen sofort an das Team',
                'description', '', 'is_enabled', true, 'stops', false,
                'owner', jsonb_build_object('id', users.id, 'label', users.name), 'projects', '[]'::jsonb,
                'triggers', '[{"name": "created", "values": {}}]'::jsonb,
                'filter', 'priority>=high type:incident -team:none',
                'asks', '["priority>=high", "type:incident", "-team:none"]'::jsonb,
                'actions', '[{"name": "note", "values": {"body": "Bitte sofort ansehen."}}]'::jsonb),
            30, which.state, 'playing', 1000, 300, 1,
            CASE which.state WHEN 'done' THEN '{
                "since": "2026-10-24T08:00:00+00:00", "until": "2026-11-23T08:00:00+00:00", "is_cut": true,
                "woken": 120300, "tickets": 40100, "unseen": 17, "not_so": [90000, 1200, 5], "fits": 1200,
                "fits_on": 1100, "played": 60, "outcomes": {"ran": 58, "failed": 2},
                "idle": 3, "came_back": 1,
                "conflicts": [{"rule_id": 1, "rule": "Alles, was brennt, ist dringend und bleibt es auch",
                    "field": "priority", "times": 12}],
                "others": [{"rule_id": 1, "rule": "Alles, was brennt, ist dringend", "times": 30}]}'::jsonb
                ELSE '{}'::jsonb END, now()
        FROM users, (VALUES ('looked-at', 'done'), ('at-work', 'running')) AS which (id, state)
        WHERE users.email = 'admin@example.org' RETURNING id, public_id
    ), cases AS (
        INSERT INTO rule_trial_cases (trial_id, position, ticket_id, at, outcome, error, came_back, deeds)
        SELECT made.id, place, tickets.id, now(),
            CASE WHEN mod(place, 30) = 0 THEN 'failed' ELSE 'ran' END,
            CASE WHEN mod(place, 30) = 0 THEN 'Das Team „Night shift“ gibt es nicht mehr.' ELSE '' END, false,
            CASE WHEN mod(place, 30) = 0 THEN '[]'::jsonb ELSE '[
                {"kind": "ticket.edited", "rule_id": 0, "rule": "Störungen", "key": "", "text": "", "data":
                    {"changes": {"priority": {"old": {"id": "low", "label": "low"},
                        "new": {"id": "high", "label": "high"}}}}},
                {"kind": "note.added", "rule_id": 0, "rule": "Störungen", "key": "",
                    "text": "Bitte sofort ansehen.\\n\\nDanke", "data": {}},
                {"kind": "ticket.submitted", "rule_id": 0, "rule": "Störungen", "key": "IT-4711", "text": "",
                    "data": {"values": {"title": {"id": "x", "label": "Ersatzteil bestellen"}}}}]'::jsonb END
        FROM made, tickets, generate_series(0, 59) AS place
        WHERE public_id = 'looked-at' AND tickets.id = (SELECT min(id) FROM tickets)
    )
    SELECT count(*) FROM made
"""
DELETED = """
    WITH made AS (
        INSERT INTO ticket_deletions (ticket_id, key, project_id, is_confidential, comments, files, reason,
            deleted_by_id, deleted_at, attempts, lease_until, error)
        SELECT 999999, 'IT-999999', min(projects.id), false, 12, 1,
            'Auf Verlangen der betroffenen Person, nach Artikel 17 der Datenschutz-Grundverordnung',
            min(users.id), now(), 3, now() + interval '1 hour', 'OperationalError'
        FROM projects, users WHERE users.email = 'admin@example.org' RETURNING id, key
    ), kept AS (
        INSERT INTO deleted_keys (key, deletion_id) SELECT key, id FROM made
    )
    SELECT key FROM made
"""
CANNED = "SELECT public_id FROM canned_replies ORDER BY id LIMIT 1"
HELD = """
    INSERT INTO attachments (public_id, is_internal, uploader_id, original_filename, mime, size,
        scanned_status, reason, object_key, sha256, has_excerpt, attempts, created_at, expires_at, scanned_at)
    SELECT 'held-file', false, min(id), 'salaries.zip', 'application/zip', 4711,
        'UNSCANNABLE', 'encrypted', 'q/held', repeat('0', 64), false, 1, now(), now(), now()
    FROM users RETURNING public_id
"""
VIEW = """
    INSERT INTO views (public_id, owner_id, name, filter, sort, columns, shared_with, position, version,
        created_at, updated_at)
    SELECT 'looked-at', id, 'Dringende Störungen, die noch niemand angenommen hat', 'is:open', '-updated',
        '["priority", "key", "title", "requester", "organization", "project", "tags", "status"]', 'everyone',
        1, 1, now(), now()
    FROM users WHERE email = 'agent@example.org' RETURNING public_id
"""
BULK = """
    WITH made AS (
        INSERT INTO bulk_operations (public_id, owner_id, act, what, filter, place, state, total, changed,
            unchanged, refused, undone, kept, attempts, created_at, lease_until, finished_at, undo_until)
        SELECT 'looked-at', id, 'priority', '{"priority": "high"}', 'is:open', 'Alle offenen', 'running', 400,
            20, 1, 2, 0, 0, 0, now(), now() + interval '1 day', NULL, NULL
        FROM users WHERE email = 'agent@example.org' RETURNING id, public_id, owner_id
    ), noted AS (
        INSERT INTO bulk_items (operation_id, ticket_id, position, outcome, reason)
        SELECT made.id, tickets.id, tickets.id,
            CASE WHEN mod(tickets.id, 3) = 0 THEN 'refused' ELSE 'changed' END,
            CASE WHEN mod(tickets.id, 3) = 0 THEN 'A ticket that is Closed can become: Open, In progress.' END
        FROM made, tickets
    )
    SELECT public_id FROM made
"""
EXPORT = """
    INSERT INTO ticket_exports (public_id, owner_id, filter, place, format, state, total, done, attempts,
        lease_until, created_at)
    SELECT 'looked-at', id, 'is:open', 'Alle offenen', 'xlsx', 'running', 250000, 90000, 1,
        now() + interval '1 day', now() - interval '1 minute'
    FROM users WHERE email = 'agent@example.org' RETURNING public_id
"""
LEFT = """
    INSERT INTO users (email, name, sort_name, role, is_active, theme, density, shortcuts_enabled, created_at)
    VALUES (%s, %s, 'left', 'employee', false, 'system', 'comfortable', true, now()) RETURNING id
"""


FILE = """
    INSERT INTO attachments (public_id, ticket_id, is_internal, uploader_id, original_filename, mime, size,
        scanned_status, object_key, clean_key, sha256, has_excerpt, excerpt, attempts, created_at, expires_at)
    SELECT 'looked-at', id, false, requester_id, 'A very long name of a protocol, with äöü and much more.log',
        'text/plain', 12, 'CLEAN', 'q/looked-at', 'c/looked-at', repeat('0', 64), true, 'Line one', 1,
        now(), now()
    FROM tickets WHERE id = %s RETURNING public_id
"""


def _anonymized(desk, chromium):
    """Two who have left: one is still known, of the other the texts are listed that may name them."""
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        ids = [
            connection.execute(LEFT, [f"{name.lower()}@example.org", f"{name} Printer"]).fetchone()[0]
            for name in ("Lara", "Otto")
        ]
    with _browser_of(desk, chromium, "admin") as page:
        page.goto(f"/admin/people/{ids[1]}/anonymizing")
        page.fill("#name", "Otto Printer")
        with page.expect_navigation():
            page.click("form[action$='/anonymizing'] button")
        job = re.search(r"/admin/person-jobs/\d+", page.url)[0]
        page.locator(f"a[href='{job}/mentions']").wait_for()
        page.goto(f"{job}/mentions")
        mention = page.locator("a[href*='/mentions/']").first.get_attribute("href")
    return {"anonymizing": f"/admin/people/{ids[0]}/anonymizing", "person_job": job, "mention": mention}


@contextmanager
def _browser_of(desk, chromium, who=None):
    page = new_page(desk, chromium, who)
    yield page
    page.context.close()


def _ask_for_links(desk, chromium):
    def send(who, path, fields, form):
        with _browser_of(desk, chromium, who) as page:
            page.goto(path)
            for field, typed in fields.items():
                page.fill(field, typed)
            with page.expect_navigation():
                page.locator(f"form[action$='{form}'] button:not([type=button])").last.click()

    send(None, "/register", NEWCOMER, "/register")
    send(None, "/forgot", {"#email": "hana@example.org"}, "/forgot")
    send("lucia", "/organizations/2", {"#email": "guest@example.org"}, "/invitations")
    change = {"#new_email": "ines.new@example.org", "#address-password": PASSWORD}
    send("ines", "/account", change, "/account/address")
    send("admin", "/admin/providers/new", PROVIDER, "/admin/providers/new")
    for path, fields in PROMISES.items():
        send("admin", path, fields, path)
    for asked in (ASKED, UNASKED):
        send("ines", "/tickets/new", asked, "/tickets/new")
    with _browser_of(desk, chromium, "employee") as page:
        page.goto("/tickets?show=done")
        return {"own": page.locator("a[href^='/tickets/IT-']").first.get_attribute("href")}
