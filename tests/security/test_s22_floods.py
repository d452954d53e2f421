"""Nobody keeps the desk busy all by themselves."""

import time

from portal.extensions import db
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from portal.tickets.forms import BODY_LIMIT
from tests import factories as make


def test_tickets_of_an_hour_are_limited_as_the_admin_says(world, client_for):
    ann = make.employee()
    change_settings(actor=None, tickets_per_hour=2)
    db.session.commit()
    forget_site()
    client = client_for(ann)
    form = {"type": "incident", "title": "One", "priority": "low", "project_id": world.id}

    answers = [client.post("/tickets/new", data=form).status_code for _ in range(3)]

    assert answers == [303, 303, 429]


def test_a_preview_is_as_long_as_what_can_be_sent(client_for):
    ann = make.employee()
    db.session.commit()

    answer = client_for(ann).post("/tickets/preview", data={"text": "x" * 4 * BODY_LIMIT})

    assert answer.text.count("x") < BODY_LIMIT + 100


def test_odd_filters_are_answered_at_once(world, client_for):
    boss = make.admin()
    db.session.commit()
    client = client_for(boss)
    odd = ["(" * 999, '"' * 999, '\\"' * 333, "a:" * 333, "-" * 999, "," * 999, "is:" + "open," * 190,
           "%_" * 400, "' OR 1=1 --", "'; SELECT pg_sleep(9); --", "key:" + "IT-1," * 190,
           "created:9999d", "replies>" + "9" * 900]  # fmt: skip

    for path in ("/queue/all", "/tickets", "/admin/people", "/admin/audit"):
        for typed in odd:
            started = time.perf_counter()
            answer = client.get(path, query_string={"q": typed, "person": typed})
            assert answer.status_code < 500, (path, typed)
            assert time.perf_counter() - started < 1.5, (path, typed)
