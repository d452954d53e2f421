"""Automation rules, as admins keep them: listed, ordered, made, changed, switched, rolled back."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from wtforms import ValidationError

from portal.admin.blueprint import bp
from portal.desk.forms import WITHIN, ControlsForm
from portal.desk.queues import Desk, selection
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.extensions import db
from portal.filters import And, FilterError
from portal.organizations.forms import SearchForm
from portal.permissions import Permission, requires
from portal.rules import actions, ordering, trials
from portal.rules.actions import Wanted, wanted_from
from portal.rules.forms import RuleForm
from portal.rules.models import Rule, RuleKind
from portal.rules.queries import (
    change_or_404,
    rule_or_404,
    rules_called,
    there_are,
    undoable_changes,
    version_or_404,
    versions_of,
)
from portal.rules.words import lines_said
from portal.tickets.selections import count_of
from portal.web.forms import whole_number
from portal.web.htmx import done, go_to, render
from portal.web.session import me

LIST, ROWS = "rules/index.html", "rules/_rows.html"
PAGE, FORM = "rules/rule.html", "rules/_form.html"
VERSIONS, CHANGES = "rules/versions.html", "rules/changes.html"
RULE = "/rules/<row:rule_id>"
CONDITIONS = "conditions"  # the button that puts what was chosen into the filter
CHECK = "check"  # the button that asks how many tickets fit it
TRY = "try"  # the button that asks what it would have done
COUNTED = 1_000  # tickets; counting goes no further


@bp.get("/rules")
@requires(Permission.RULE_MANAGE)
def rules():
    return render(LIST, ROWS, **_listed())


@bp.route("/rules/new", methods=["GET", "POST"])
@requires(Permission.RULE_MANAGE)
def new_rule():
    like = _tried_before()
    form = RuleForm(like.kind if like else _kind(), reader=me(), like=like)
    if form.is_submitted() and _is_rearranged(form):
        return _form_page(form, 200)
    if not form.validate_on_submit():
        return _form_page(form, 422 if form.is_submitted() else 200)
    try:
        if _is_to_be_tried():
            return _try_out(form)
        rule = actions.create(form.wanted, actor=me())
    except DomainError as error:
        form.form_errors.append(str(error))
        return _form_page(form, 409)
    db.session.commit()
    flash(_("The rule “%(name)s” is kept.", name=rule.name), "success")
    return go_to(url_for(".rule", rule_id=rule.id))


@bp.route(RULE, methods=["GET", "POST"])
@requires(Permission.RULE_MANAGE)
def rule(rule_id: int):
    """Nothing is lost where two change the rule: the second is told, and decides."""
    rule = rule_or_404(rule_id, to_change=request.method == "POST")
    like = _tried_before()
    form = RuleForm(rule.kind, reader=me(), rule=rule, like=like)
    if form.is_submitted() and _is_rearranged(form):
        return _form_page(form, 200)
    if not form.validate_on_submit():
        if not form.is_submitted():
            form.say_what_is_wrong_now()
        return _form_page(form, 422 if form.is_submitted() else 200)
    if _is_to_be_tried():
        try:
            return _try_out(form)
        except DomainError as error:
            form.form_errors.append(str(error))
            return _form_page(form, 409)
    if form.is_overtaken:
        form.saw(rule)
        return _form_page(form, 409, is_overtaken=True)
    actions.edit(rule, form.wanted, actor=me())
    db.session.commit()
    flash(_("The rule “%(name)s” is saved.", name=rule.name), "success")
    return go_to(url_for(".rule", rule_id=rule.id))


@bp.post(f"{RULE}/enabled")
@requires(Permission.RULE_MANAGE)
def switch_rule(rule_id: int):
    """One that could not run is not let loose: its form says what is wrong with it."""
    rule, is_enabled = rule_or_404(rule_id, to_change=True), request.form.get("enabled") == "yes"
    if is_enabled and RuleForm.of(rule, reader=me()).say_what_is_wrong_now():
        db.session.rollback()
        flash(_("“%(name)s” cannot run as it is. Look at what its form says.", name=rule.name), "error")
        return go_to(url_for(".rule", rule_id=rule_id))
    actions.switch(rule, is_enabled=is_enabled, actor=me())
    db.session.commit()
    return _list_again()


@bp.post(f"{RULE}/position")
@requires(Permission.RULE_MANAGE)
def move_rule(rule_id: int):
    """Past its neighbour (`direction`), or right before another one (`before`), else to the end."""
    rule, direction = rule_or_404(rule_id), request.form.get("direction")
    if direction in {"up", "down"}:
        ordering.move(rule, up=direction == "up", actor=me())
    else:
        ordering.move(rule, before=_before(), actor=me())
    db.session.commit()
    return _list_again()


@bp.post(f"{RULE}/copy")
@requires(Permission.RULE_MANAGE)
def copy_rule(rule_id: int):
    copied = actions.copy(rule_or_404(rule_id), actor=me())
    db.session.commit()
    flash(_("“%(name)s” is kept, and not enabled yet.", name=copied.name), "success")
    return go_to(url_for(".rule", rule_id=copied.id))


@bp.post(f"{RULE}/delete")
@requires(Permission.RULE_MANAGE)
def delete_rule(rule_id: int):
    rule = rule_or_404(rule_id, to_change=True)
    name = rule.name
    actions.delete(rule, actor=me())
    db.session.commit()
    flash(_("The rule “%(name)s” is deleted. What it has done stays.", name=name), "success")
    return go_to(url_for(".rules"))


@bp.get(f"{RULE}/versions")
@requires(Permission.RULE_MANAGE)
def rule_versions(rule_id: int):
    rule = rule_or_404(rule_id)
    return render(VERSIONS, VERSIONS, rule=rule, versions=versions_of(rule), lines_said=lines_said)


@bp.post(f"{RULE}/versions/<row:number>/restore")
@requires(Permission.RULE_MANAGE)
def restore_rule(rule_id: int, number: int):
    """As it was then; that is a new version, which its form looks at again."""
    rule = rule_or_404(rule_id, to_change=True)
    actions.roll_back(rule, version_or_404(rule, number), actor=me())
    db.session.commit()
    flash(_("The rule is as it was in version %(number)s.", number=number), "success")
    return redirect(url_for(".rule", rule_id=rule_id), 303)


@bp.get("/rules/changes")
@requires(Permission.RULE_MANAGE)
def rule_changes():
    """Changes of the order and deletions: what the versions of a rule do not tell."""
    events = undoable_changes()
    deleted = (event.data["rule_id"] for event in events if event.kind == Kind.RULE_DELETED)
    return render(CHANGES, CHANGES, events=events, there=there_are(deleted))


@bp.post("/rules/changes/<row:event_id>/undo")
@requires(Permission.RULE_MANAGE)
def undo_rule_change(event_id: int):
    event = change_or_404(event_id)
    if event.kind == Kind.RULES_ORDERED:
        ordering.put_back(event, actor=me())
        db.session.commit()
        flash(_("The rules are asked in the order of then again."), "success")
        return go_to(url_for(".rules"))
    rule = actions.bring_back(event, actor=me())
    db.session.commit()
    flash(_("“%(name)s” is there again, and not enabled yet.", name=rule.name), "success")
    return go_to(url_for(".rule", rule_id=rule.id))


def _listed() -> dict[str, Any]:
    form = SearchForm(request.args)
    found = rules_called(form.words)
    return {"form": form, "rules": found, "kinds": list(RuleKind), "is_whole": not form.words}


def _list_again():
    return done(url_for(".rules", q=request.args.get("q")), ROWS, _listed)


def _kind() -> RuleKind:
    asked = request.args.get("kind", "")
    return RuleKind(asked) if asked in {kind.value for kind in RuleKind} else RuleKind.TRIGGER


def _before() -> Rule | None:
    try:
        wanted = whole_number(request.form.get("before", ""))
    except ValueError:
        return None
    return db.session.get(Rule, wanted) if wanted else None


def _is_to_be_tried() -> bool:
    return request.form.get("do") == TRY


def _try_out(form: RuleForm):
    """A worker does it, and its page tells how far it is. Raises DomainError."""
    trial = trials.ask(form.wanted, form.days.data or trials.DAYS[0], rule=form.rule, reader=me())
    db.session.commit()
    return go_to(url_for(".rule_trial", public_id=trial.public_id))


def _tried_before() -> Wanted | None:
    """What somebody has tried and goes on with, as they had typed it."""
    public_id = request.args.get("trial", "")
    if not public_id or request.method == "POST":
        return None
    trial = trials.trial_or_404(public_id, reader=me())
    return wanted_from(trial.content, trial.kind)


def _is_rearranged(form: RuleForm) -> bool:
    """Whether a button was pressed that changes the form alone."""
    if request.form.get("do") == CHECK:
        return True
    if request.form.get("do") != CONDITIONS:
        return form.rearrange()
    controls = ControlsForm(prefix=WITHIN)
    controls.q.data = form.filter.data
    try:
        form.filter.data = controls.text(Desk.of(me()))
    except FilterError as error:
        form.filter.errors = [error.message]
    return True


def _form_page(form: RuleForm, status: int, *, is_overtaken: bool = False):
    desk = Desk.of(me())
    tree = _tree(desk, form)
    shown = {
        "form": form,
        "rule": form.rule,
        "controls": ControlsForm.showing(desk, tree, prefix=WITHIN),
        "fits": count_of(selection(desk, tree), COUNTED) if _is_checked(form) else None,
        "counted": COUNTED,
        "is_overtaken": is_overtaken,
        "is_like_a_trial": form.like is not None and "trial" in request.args,
    }
    return render(PAGE, FORM, status, **shown)


def _is_checked(form: RuleForm) -> bool:
    """Whether it was asked how many fit; what is no filter says so instead."""
    if request.form.get("do") != CHECK:
        return False
    try:
        form.validate_filter(form.filter)
    except ValidationError as error:
        form.filter.errors = [str(error)]
    return not form.filter.errors


def _tree(desk: Desk, form: RuleForm) -> And:
    """What the controls show; of a text that is no filter, nothing."""
    try:
        return desk.read(form.filter.data or "")
    except FilterError:
        return And()
