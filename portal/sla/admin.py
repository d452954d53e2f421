"""What is promised, and when the desk works, as admins keep it: listed, ordered, changed, rolled back."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal import clock
from portal.admin.blueprint import bp
from portal.admin.words import FIELDS
from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.sla import actions
from portal.sla.definitions import told_of_calendar, told_of_policy, weekday_names
from portal.sla.forms import CalendarForm, PolicyForm
from portal.sla.models import SlaCalendar, SlaPolicy
from portal.sla.public_holidays import public_holidays
from portal.sla.queries import (
    MANY,
    all_calendars,
    all_policies,
    calendar_or_404,
    last_recount,
    listed,
    policies_by,
    policy_or_404,
    versions_of,
)
from portal.sla.replay import Target
from portal.web.htmx import VARY, done, go_to, render
from portal.web.locale import language
from portal.web.session import me

LIST, ROWS = "sla/index.html", "sla/_rows.html"
POLICY, CALENDAR, CALENDARS, VERSIONS = (
    "sla/policy.html",
    "sla/calendar.html",
    "sla/calendars.html",
    "sla/versions.html",
)
POLICY_PATH, CALENDAR_PATH = "/sla/<row:policy_id>", "/calendars/<row:calendar_id>"


@bp.get("/sla")
@requires(Permission.SLA_MANAGE)
def sla():
    return render(LIST, ROWS, **_listed(), walk=last_recount(), calendars=all_calendars())


@bp.route("/sla/new", methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def new_sla_policy():
    form = PolicyForm(calendars=all_calendars())
    if not form.validate_on_submit():
        return _policy_page(form, None, 422 if form.is_submitted() else 200)
    try:
        policy = actions.create_policy(form.wanted(), actor=me())
    except DomainError as error:
        return _policy_page(_refused(form, error), None, 409)
    db.session.commit()
    flash(_("The policy %(name)s is in force. Open tickets are looked at now.", name=policy.name), "success")
    return go_to(url_for(".sla"))


@bp.route(POLICY_PATH, methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def sla_policy(policy_id: int):
    """Nothing is lost where somebody else was faster."""
    policy = policy_or_404(policy_id, to_change=request.method == "POST")
    wanted = actions.wanted_of(policy)
    form = PolicyForm(calendars=all_calendars(), wanted=wanted, version=policy.version)
    if not form.validate_on_submit():
        return _policy_page(form, policy, 422 if form.is_submitted() else 200)
    if _is_overtaken(form, policy):
        return _policy_page(form, policy, 409, is_overtaken=True)
    try:
        actions.edit_policy(policy, form.wanted(), actor=me())
    except DomainError as error:
        return _policy_page(_refused(form, error), policy_or_404(policy_id), 409)
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=policy.name), "success")
    return go_to(url_for(".sla"))


@bp.post(f"{POLICY_PATH}/position")
@requires(Permission.SLA_MANAGE)
def move_sla_policy(policy_id: int):
    """One step up or down, or before another one, or with an empty name behind all of them."""
    policies = all_policies(to_change=True)
    order = [policy.id for policy in policies]
    if policy_id in order:
        wanted = _moved(order, policy_id, request.form)
        actions.order_policies(policies, wanted, actor=me())
        db.session.commit()
    return _list_again()


@bp.post(f"{POLICY_PATH}/state")
@requires(Permission.SLA_MANAGE)
def switch_sla_policy(policy_id: int):
    policy = policy_or_404(policy_id, to_change=True)
    actions.switch_policy(policy, on=request.form.get("enabled") == "yes", actor=me())
    db.session.commit()
    return _list_again()


@bp.post(f"{POLICY_PATH}/copies")
@requires(Permission.SLA_MANAGE)
def copy_sla_policy(policy_id: int):
    copy = actions.duplicate_policy(policy_or_404(policy_id), actor=me())
    db.session.commit()
    flash(_("%(name)s is made, and not in force yet.", name=copy.name), "success")
    return go_to(url_for(".sla_policy", policy_id=copy.id))


@bp.get(f"{POLICY_PATH}/versions")
@requires(Permission.SLA_MANAGE)
def sla_policy_versions(policy_id: int):
    policy = policy_or_404(policy_id)
    names = {calendar.id: calendar.name for calendar in all_calendars()}
    told = [
        (version, told_of_policy(version.definition, names[version.calendar_id]))
        for version in versions_of(policy)
    ]
    return _versions_page(policy, told, is_policy=True)


@bp.post(f"{POLICY_PATH}/versions/<row:number>/restoration")
@requires(Permission.SLA_MANAGE)
def restore_sla_policy(policy_id: int, number: int):
    policy = policy_or_404(policy_id, to_change=True)
    actions.roll_back_policy(policy, _version_or_404(policy, number), actor=me())
    return _rolled_back(policy, url_for(".sla_policy_versions", policy_id=policy.id), number)


@bp.get("/calendars")
@requires(Permission.SLA_MANAGE)
def sla_calendars():
    words = _words()
    return render(CALENDARS, CALENDARS, calendars=all_calendars(words), words=words)


@bp.route("/calendars/new", methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def new_sla_calendar():
    form = CalendarForm()
    if not form.is_submitted():
        form.zone.data = me().timezone or form.zone.choices[0].value
        form.monday.data = ""
    if _is_preview() or not form.validate_on_submit():
        return _calendar_page(form, None, 422 if form.is_submitted() and not _is_preview() else 200)
    try:
        calendar = actions.create_calendar(form.wanted(), actor=me())
    except DomainError as error:
        return _calendar_page(_refused(form, error), None, 409)
    db.session.commit()
    flash(_("The calendar %(name)s is made. Policies can go by it now.", name=calendar.name), "success")
    return go_to(url_for(".sla_calendars"))


@bp.route(CALENDAR_PATH, methods=["GET", "POST"])
@requires(Permission.SLA_MANAGE)
def sla_calendar(calendar_id: int):
    """Nothing is lost where somebody else was faster."""
    calendar = calendar_or_404(calendar_id, to_change=request.method == "POST")
    form = CalendarForm(calendar=calendar)
    if _is_preview() or not form.validate_on_submit():
        return _calendar_page(form, calendar, 422 if form.is_submitted() and not _is_preview() else 200)
    if _is_overtaken(form, calendar):
        return _calendar_page(form, calendar, 409, is_overtaken=True)
    try:
        actions.edit_calendar(calendar, form.wanted(), actor=me())
    except DomainError as error:
        return _calendar_page(_refused(form, error), calendar_or_404(calendar_id), 409)
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=calendar.name), "success")
    return go_to(url_for(".sla_calendars"))


@bp.post("/calendars/holidays")
@requires(Permission.SLA_MANAGE)
def preview_holidays():
    """The regions and the coming holidays of the country that is being chosen; nothing is kept."""
    form = CalendarForm()
    return render_template("sla/_holidays.html", form=form, holidays=_coming_holidays(form)), 200, VARY


@bp.post(f"{CALENDAR_PATH}/deletion")
@requires(Permission.SLA_MANAGE)
def delete_sla_calendar(calendar_id: int):
    calendar = calendar_or_404(calendar_id, to_change=True)
    name = calendar.name
    actions.delete_calendar(calendar, actor=me())
    db.session.commit()
    flash(_("The calendar %(name)s is deleted.", name=name), "success")
    return redirect(url_for(".sla_calendars"), 303)


@bp.get(f"{CALENDAR_PATH}/versions")
@requires(Permission.SLA_MANAGE)
def sla_calendar_versions(calendar_id: int):
    calendar = calendar_or_404(calendar_id)
    told = [(version, told_of_calendar(version.definition)) for version in versions_of(calendar)]
    return _versions_page(calendar, told, is_policy=False)


@bp.post(f"{CALENDAR_PATH}/versions/<row:number>/restoration")
@requires(Permission.SLA_MANAGE)
def restore_sla_calendar(calendar_id: int, number: int):
    calendar = calendar_or_404(calendar_id, to_change=True)
    actions.roll_back_calendar(calendar, _version_or_404(calendar, number), actor=me())
    return _rolled_back(calendar, url_for(".sla_calendar_versions", calendar_id=calendar.id), number)


def _words() -> str:
    return " ".join(request.args.get("q", "").split())[:80]


def _listed() -> dict[str, Any]:
    words = _words()
    return {"rows": listed(words), "words": words, "many": MANY}


def _list_again():
    return done(url_for(".sla", q=_words() or None), ROWS, _listed)


def _moved(order: list[int], policy_id: int, form: Any) -> list[int]:
    """The order with that one moved; what the form says of no other policy changes nothing."""
    place, others = order.index(policy_id), [each for each in order if each != policy_id]
    if form.get("direction") in {"up", "down"}:
        there = max(place - 1, 0) if form["direction"] == "up" else place + 1
    elif form.get("before") == "":
        there = len(others)
    else:
        there = next((at for at, each in enumerate(others) if str(each) == form.get("before")), place)
    return [*others[:there], policy_id, *others[there:]]


def _is_preview() -> bool:
    """The button of whoever has no script: shown, and not saved."""
    return "preview" in request.form


def _is_overtaken(form: PolicyForm | CalendarForm, thing: SlaPolicy | SlaCalendar) -> bool:
    if form.version.raw_data and form.version.data == thing.version:
        return False
    form.version.raw_data = [str(thing.version)]
    return True


def _refused(form: Any, error: DomainError) -> Any:
    """A rule of the desk was broken: said with the form, which keeps what was typed."""
    db.session.rollback()
    form.form_errors.append(str(error))
    return form


def _policy_page(form: PolicyForm, policy: SlaPolicy | None, status: int, *, is_overtaken: bool = False):
    shown = {"form": form, "policy": policy, "targets": Target, "is_overtaken": is_overtaken}
    return render(POLICY, POLICY, status, **shown)


def _calendar_page(
    form: CalendarForm, calendar: SlaCalendar | None, status: int, *, is_overtaken: bool = False
):
    shown = {
        "form": form,
        "calendar": calendar,
        "weekdays": list(zip(weekday_names(), form.weekdays, strict=True)),
        "holidays": _coming_holidays(form),
        "policies": policies_by(calendar) if calendar else [],
        "is_overtaken": is_overtaken,
    }
    return render(CALENDAR, CALENDAR, status, **shown)


def _coming_holidays(form: CalendarForm) -> list[tuple[Any, str]]:
    """Those of a year from today."""
    today = clock.now().date()
    country, region = form.country.data or "", form.region.data or ""
    both = {
        **public_holidays(country, region, today.year, language()),
        **public_holidays(country, region, today.year + 1, language()),
    }
    return [(day, name) for day, name in sorted(both.items()) if 0 <= (day - today).days < 365]


def _versions_page(thing: SlaPolicy | SlaCalendar, told: list, *, is_policy: bool):
    return render_template(VERSIONS, thing=thing, versions=told, is_policy=is_policy, fields=FIELDS)


def _version_or_404(thing: SlaPolicy | SlaCalendar, number: int) -> Any:
    return next((each for each in versions_of(thing) if each.number == number), None) or abort(404)


def _rolled_back(thing: SlaPolicy | SlaCalendar, url: str, number: int):
    db.session.commit()
    flash(_("%(name)s says what version %(number)s said.", name=thing.name, number=number), "success")
    return redirect(url, 303)
