"""Macros: one click does several things, with the rights of whoever clicks."""

import pytest
from sqlalchemy import select

from portal.bulk.models import BulkItem
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.rules.models import RuleKind
from portal.tickets.models import Priority
from portal.tickets.tag_lists import names_of
from tests import factories as make
from tests.rules.conftest import chosen, tags

DOES = [("priority", chosen("priority", "high")), ("add_tags", tags("hot"))]


@pytest.fixture
def macro(rule):
    def keep(asks="", *, does=DOES, **more):
        return rule(asks, on=(), does=does, kind=RuleKind.MACRO, **more)

    return keep


def test_a_click_does_all_of_it_as_the_person_who_clicks(macro, client_for):
    hot, ticket, agent = macro(name="Hot"), make.ticket(), make.agent()
    db.session.commit()

    answer = client_for(agent).post(f"/tickets/{ticket.key}/macros/{hot.id}")

    assert answer.status_code == 303
    assert (ticket.priority, names_of(ticket)) == (Priority.HIGH, ["hot"])
    applied, edited, tagged = list(
        db.session.scalars(select(Event).where(Event.ticket_id == ticket.id, Event.id > 1).order_by(Event.id))
    )[-3:]
    assert (applied.kind, applied.is_public, applied.data["macro"]) == (Kind.MACRO_APPLIED, False, "Hot")
    assert {(event.actor_id, event.cause_id) for event in (edited, tagged)} == {(agent.id, applied.id)}
    assert hot.runs == 1


def test_the_ticket_offers_the_macros_that_fit_it(macro, client_for):
    macro("type:incident", name="For incidents")
    macro("type:request", name="For requests")
    macro(name="For elsewhere", project_ids=(make.project().id,))
    macro(name="Asleep", is_enabled=False)
    ticket = make.ticket()
    db.session.commit()

    page = client_for(make.agent()).get(f"/tickets/{ticket.key}/macros").text

    assert "For requests" in page
    for name in ("For incidents", "For elsewhere", "Asleep"):
        assert name not in page


def test_a_macro_that_does_not_fit_is_refused(macro, client_for):
    hot, ticket = macro("type:incident"), make.ticket()
    db.session.commit()

    answer = client_for(make.agent()).post(f"/tickets/{ticket.key}/macros/{hot.id}")

    assert answer.status_code == 409
    assert ticket.priority is Priority.MEDIUM


def test_where_one_action_cannot_be_done_nothing_is(macro, client_for):
    broken = macro(
        does=[*DOES, ("status", chosen("status", "closed") | {"waiting_for": None})], name="Broken"
    )
    ticket = make.ticket(status="in_progress")
    make.walk(ticket, "blocked")
    db.session.commit()

    answer = client_for(make.agent()).post(f"/tickets/{ticket.key}/macros/{broken.id}")

    assert answer.status_code == 409
    assert (ticket.priority, names_of(ticket)) == (Priority.MEDIUM, [])


@pytest.mark.parametrize("kind", [RuleKind.TRIGGER, RuleKind.MACRO])
def test_nothing_but_an_enabled_macro_can_be_applied(rule, client_for, kind):
    other, ticket = rule(does=DOES, kind=kind, is_enabled=kind is RuleKind.TRIGGER), make.ticket()
    db.session.commit()

    assert client_for(make.agent()).post(f"/tickets/{ticket.key}/macros/{other.id}").status_code == 404


def test_who_does_not_work_on_the_ticket_applies_none(macro, client_for):
    hot, ticket = macro(), make.ticket(team=make.team())
    db.session.commit()

    stranger = client_for(make.agent(team=make.team()))
    assert stranger.post(f"/tickets/{ticket.key}/macros/{hot.id}").status_code == 404
    assert client_for(ticket.requester).post(f"/tickets/{ticket.key}/macros/{hot.id}").status_code == 403


def test_a_macro_is_applied_to_many_tickets(macro, client_for):
    hot = macro("type:request", name="Hot")
    fits, other = make.ticket(), make.ticket(type="incident")
    db.session.commit()
    sent = {"act": "macro", "macro": str(hot.id), "ticket": [fits.key, other.key], "queue": "all"}

    client_for(make.agent()).post("/queue/bulk", data=sent)

    outcomes = {item.ticket_id: item.outcome for item in db.session.scalars(select(BulkItem))}
    assert outcomes == {fits.id: "changed", other.id: "refused"}
    assert (fits.priority, other.priority) == (Priority.HIGH, Priority.MEDIUM)


def test_an_admin_makes_a_macro_without_saying_what_wakes_it(world, client_for):
    admin = make.admin()
    db.session.commit()
    form = {"name": "Hot", "owner": admin.email, "then-0-is": "priority", "then-0-priority": "high"}

    answer = client_for(admin).post("/admin/rules/new?kind=macro", data=form)

    assert answer.status_code == 303
    assert "Macro" in client_for(admin).get("/admin/rules").text
