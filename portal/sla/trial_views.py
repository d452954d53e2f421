"""Test this moment: when something would be due by a calendar or a policy, as it is typed or as it is saved.

Nothing is changed by it. A script sends what stands in the form of the calendar or policy along; without
one, it is a page of its own that goes by what is saved.
"""

from typing import Any

from flask import request

from portal.admin.blueprint import bp
from portal.permissions import Permission, requires
from portal.sla.actions import wanted_of
from portal.sla.forms import CalendarForm, PolicyForm
from portal.sla.queries import all_calendars, calendar_or_404, policy_or_404
from portal.sla.trying import (
    CalendarTrialForm,
    MomentForm,
    PolicyTrialForm,
    Tried,
    by_calendar,
    by_policy,
    faults_of,
)
from portal.sla.words import in_zone
from portal.web.htmx import render

PAGE, BOX = "sla/trial.html", "sla/_trial.html"


@bp.route("/calendars/trial", defaults={"calendar_id": None}, methods=["GET", "POST"])
@bp.route("/calendars/<row:calendar_id>/trial", methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def try_sla_calendar(calendar_id: int | None):
    calendar = calendar_or_404(calendar_id) if calendar_id else None
    form = CalendarTrialForm.sent(request.values)
    definition = calendar.current.definition if calendar else None
    faults = []
    if is_typed := "zone" in request.form:
        typed = CalendarForm()
        faults = faults_of(typed, besides=("name",))
        definition = None if faults else typed.wanted().definition()
    tried = by_calendar(definition, form) if form.validate() and definition else None
    return _answer(form, tried, faults, calendar, is_typed=is_typed)


@bp.route("/sla/trial", defaults={"policy_id": None}, methods=["GET", "POST"])
@bp.route("/sla/<row:policy_id>/trial", methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def try_sla_policy(policy_id: int | None):
    """By the times that are typed and the calendar that is chosen, as that one is saved."""
    policy = policy_or_404(policy_id) if policy_id else None
    form = PolicyTrialForm.sent(request.values)
    wanted, faults = wanted_of(policy) if policy else None, []
    calendars = all_calendars()
    if is_typed := "calendar_id" in request.form:
        typed = PolicyForm(calendars=calendars)
        faults = faults_of(typed, besides=("name", "description", "filter", "pauses", "warn_at"))
        wanted = None if faults else typed.wanted()
    definitions = {calendar.id: calendar.current.definition for calendar in calendars}
    tried = None
    if form.validate() and wanted:
        tried = by_policy(wanted.targets, definitions[wanted.calendar_id], form)
    return _answer(form, tried, faults, policy, is_typed=is_typed)


def _answer(form: MomentForm, tried: Tried | None, faults: list[str], saved: Any, *, is_typed: bool):
    is_wrong = bool(faults or form.errors)
    shown = {"form": form, "tried": tried, "faults": faults, "saved": saved, "is_typed": is_typed}
    shown["in_zone"] = in_zone
    shown["url"] = request.path
    return render(PAGE, BOX, 422 if is_wrong else 200, **shown)
