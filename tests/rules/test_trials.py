"""Trials as an admin asks for them, and as workers do them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from jobs import housekeeping
from jobs import rules as jobs
from jobs.sweep import sweep
from portal import clock
from portal.extensions import db
from portal.rules import trials
from portal.rules.actions import wanted_of
from portal.rules.models import Rule, RuleTrial, RuleTrialCase, TrialState, TrialStep
from portal.tickets.models import Priority, Ticket
from tests import factories as make
from tests.rules.conftest import chosen
from tests.rules.test_admin import FORM, NEW

HIGH = ("priority", chosen("priority", "high"))
TRY = {"do": "try", "days": "30"}


@pytest.fixture
def browser(world, client_for):
    return client_for(make.admin(name="Olga Owner", email="olga@example.org"))


@pytest.fixture
def desk(shared_app):
    """With real commits: the worker's word of how far it is stands beside what it tries."""
    make.desk()
    return make.admin(name="Olga Owner")


def asked_for(owner, **wanted):
    rule = make.rule(owner, is_enabled=False, **wanted)
    trial = trials.ask(wanted_of(rule), 30, rule=rule, reader=owner)
    db.session.commit()
    return trial


def kept(trial):
    db.session.rollback()
    db.session.refresh(trial)
    return trial


def test_a_worker_tries_it_and_tells(desk):
    ticket = make.ticket(title="Printer on fire")
    trial = asked_for(desk, filter="title:fire", name="Fire is urgent")

    jobs.try_out()

    assert kept(trial).state is TrialState.DONE
    assert (trial.told["fits"], trial.told["played"], trial.step) == (1, 1, TrialStep.PLAYING)
    (case,) = db.session.scalars(select(RuleTrialCase))
    assert (case.ticket_id, case.deeds[0]["kind"]) == (ticket.id, "ticket.edited")
    assert db.session.get(Ticket, ticket.id).priority is Priority.MEDIUM


def test_a_worker_that_died_is_followed_by_another(desk):
    make.ticket()
    trial = asked_for(desk)
    trial.state, trial.attempts, trial.lease_until = TrialState.RUNNING, 1, clock.now() - timedelta(seconds=1)
    db.session.commit()

    sweep()
    jobs.try_out()

    assert kept(trial).state is TrialState.DONE
    assert trial.attempts == 2


def test_one_that_others_are_at_is_left_to_them(desk):
    trial = asked_for(desk)
    trial.state, trial.lease_until = TrialState.RUNNING, clock.now() + timedelta(minutes=1)
    db.session.commit()

    jobs.try_out()

    assert kept(trial).state is TrialState.RUNNING


def test_tried_too_often_it_is_given_up(desk):
    trial = asked_for(desk)
    trial.attempts = trials.MAX_ATTEMPTS
    db.session.commit()

    jobs.try_out()

    assert (kept(trial).state, trial.error) == (TrialState.FAILED, "died")


def test_cancelled_while_it_is_at_work_it_keeps_nothing(desk, monkeypatch):
    make.ticket()
    trial = asked_for(desk)
    note = trials._note

    def cancelled_meanwhile(claim, **values):
        trials.cancel(db.session.get(RuleTrial, claim[0]))
        db.session.commit()
        return note(claim, **values)

    monkeypatch.setattr(trials, "_note", cancelled_meanwhile)

    jobs.try_out()

    assert kept(trial).state is TrialState.CANCELLED
    assert db.session.scalar(select(func.count()).select_from(RuleTrialCase)) == 0


def test_one_whose_owner_is_gone_fails_and_says_so(desk):
    trial = asked_for(desk)
    trial.content = trial.content | {"owner": {"id": 999_999, "label": "Ann Gone"}}
    db.session.commit()

    jobs.try_out()

    assert (kept(trial).state, trial.error) == (TrialState.FAILED, "“Ann Gone” is not there any more.")


def test_after_some_days_it_is_forgotten(desk):
    asked_for(desk).created_at = clock.now() - timedelta(days=8)
    db.session.commit()
    young = asked_for(desk)

    housekeeping.tidy()

    assert db.session.scalars(select(RuleTrial.id)).all() == [young.id]


def ask(browser, **form):
    answer = browser.post(NEW, data=FORM | TRY | form)
    assert answer.status_code == 303
    return answer.location


def test_trying_saves_nothing(browser):
    url = ask(browser)

    assert "/admin/rule-trials/" in url
    assert db.session.scalar(select(func.count()).select_from(Rule)) == 0
    assert "Waiting for a worker" in browser.get(url).text


def test_what_is_mistyped_is_said_and_nothing_is_tried(browser):
    answer = browser.post(NEW, data=FORM | TRY | {"filter": "statsu:open"})

    assert answer.status_code == 422
    assert "Did you mean “status”?" in answer.text
    assert db.session.scalar(select(func.count()).select_from(RuleTrial)) == 0


def test_one_goes_on_with_what_one_had_typed(browser):
    url = ask(browser, name="As it is typed")
    trial = db.session.scalars(select(RuleTrial)).one()

    page = browser.get(f"{NEW}?kind=trigger&trial={trial.public_id}").text

    assert f"trial={trial.public_id}" in browser.get(url).text
    assert 'value="As it is typed"' in page
    assert 'value="title:fire"' in page
    assert "A ticket is created" in page
    assert "It is not saved yet." in page


def test_a_rule_that_is_kept_stays_as_it_is(browser):
    browser.post(NEW, data=FORM)
    rule = db.session.scalars(select(Rule)).one()

    answer = browser.post(
        f"/admin/rules/{rule.id}", data=FORM | TRY | {"filter": "title:smoke", "version": "1"}
    )

    assert answer.status_code == 303
    trial = db.session.scalars(select(RuleTrial)).one()
    assert (trial.rule_id, trial.content["filter"]) == (rule.id, "title:smoke")
    assert 'value="title:smoke"' in browser.get(f"/admin/rules/{rule.id}?trial={trial.public_id}").text
    db.session.refresh(rule)
    assert rule.filter == "title:fire"


def test_two_at_a_time(browser):
    ask(browser), ask(browser)

    answer = browser.post(NEW, data=FORM | TRY)

    assert answer.status_code == 409
    assert "2 are at work already" in answer.text


def test_a_macro_is_tried_by_a_click(browser):
    macro = {name: value for name, value in FORM.items() if not name.startswith("when")}

    answer = browser.post(f"{NEW}?kind=macro", data=macro | TRY)

    assert answer.status_code == 409
    assert "apply it to a ticket" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Rule)) == 0


def test_anothers_trial_does_not_exist(browser, client_for):
    url = ask(browser)

    other = client_for(make.admin())

    assert other.get(url).status_code == 404
    assert other.post(f"{url}/cancellation").status_code == 404
    assert other.get(f"{NEW}?trial={url.rpartition('/')[2]}").status_code == 404


def test_it_can_be_cancelled(browser):
    url = ask(browser)

    browser.post(f"{url}/cancellation")

    assert db.session.scalars(select(RuleTrial)).one().state is TrialState.CANCELLED
    assert "nothing is kept of it" in browser.get(url).text
