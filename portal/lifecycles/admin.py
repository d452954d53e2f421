"""Workflows, as admins shape them: a draft that says what is wrong with it, and versions that come again."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.admin.blueprint import bp
from portal.errors import DomainError
from portal.extensions import db
from portal.lifecycles import actions, publishing
from portal.lifecycles.checks import Finding, Surroundings, findings
from portal.lifecycles.diagram import draw
from portal.lifecycles.differences import differences
from portal.lifecycles.forms import DraftForm, LifecycleForm, NewLifecycleForm, PublishForm, VersionsForm
from portal.lifecycles.models import Category, Colour, Lifecycle, LifecycleDraft
from portal.lifecycles.plan import Need, Plan
from portal.lifecycles.publishing import followed
from portal.lifecycles.queries import (
    draft_of,
    is_in_use,
    lifecycle_or_404,
    lifecycles_listed,
    published_plan,
    version_or_404,
    versions_of,
)
from portal.lifecycles.typed import LABEL_LIMIT, MOST, after, plan_of, targets_of
from portal.lifecycles.words import CATEGORY_LABELS, COLOUR_LABELS, NEED_LABELS, said_of, sentence, who
from portal.organizations.forms import SearchForm
from portal.organizations.queries import all_teams
from portal.permissions import STAFF, Permission, Role, requires
from portal.projects.queries import all_lifecycles
from portal.tickets.catching_up import MANY, let_follow, moves_of, open_tickets_of, surroundings
from portal.web.htmx import VARY, is_fragment_request, render
from portal.web.session import me

LIST, ROWS = "admin/lifecycles.html", "admin/_lifecycles.html"
PAGE, EDITOR = "admin/lifecycle.html", "admin/_lifecycle.html"
NAME, DISCARD = "admin/lifecycle_name.html", "admin/lifecycle_discard.html"
PUBLISH, VERSIONS = "admin/lifecycle_publication.html", "admin/lifecycle_versions.html"
ID = "<row:lifecycle_id>"
WORDS = {"category": CATEGORY_LABELS, "colour": COLOUR_LABELS, "need": NEED_LABELS}


@bp.get("/lifecycles")
@requires(Permission.SETTINGS_MANAGE)
def lifecycles():
    form = SearchForm(request.args)
    rows = lifecycles_listed(form.words)
    numbers = open_tickets_of(row.id for row in rows)
    return render(LIST, ROWS, form=form, rows=rows, open_tickets=numbers, many=MANY)


@bp.route("/lifecycles/new", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def new_lifecycle():
    form = NewLifecycleForm(lifecycles=all_lifecycles(), data={"like_id": request.args.get("like", type=int)})
    if not form.validate_on_submit():
        return render_template(NAME, form=form, lifecycle=None), 422 if form.is_submitted() else 200
    lifecycle = actions.create_lifecycle(
        form.name.data or "", description=form.text, like=form.like, actor=me()
    )
    db.session.commit()
    flash(_("The workflow %(name)s is there; no project has it yet.", name=lifecycle.name), "success")
    return _to_editor(lifecycle)


@bp.get(f"/lifecycles/{ID}")
@requires(Permission.SETTINGS_MANAGE)
def lifecycle(lifecycle_id: int):
    lifecycle = lifecycle_or_404(lifecycle_id)
    draft = draft_of(lifecycle)
    plan = Plan.read(draft.content) if draft else published_plan(lifecycle)
    return _editor(lifecycle, plan, draft)


@bp.route(f"/lifecycles/{ID}/name", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def name_lifecycle(lifecycle_id: int):
    lifecycle = lifecycle_or_404(lifecycle_id, to_change=request.method == "POST")
    form = LifecycleForm(data={"name": lifecycle.name, "description": lifecycle.description})
    if not form.validate_on_submit():
        shown = {"form": form, "lifecycle": lifecycle, "is_used": is_in_use(lifecycle)}
        return render_template(NAME, **shown), 422 if form.is_submitted() else 200
    actions.edit_lifecycle(lifecycle, name=form.name.data or "", description=form.text, actor=me())
    db.session.commit()
    flash(_("Your changes to %(name)s are saved.", name=lifecycle.name), "success")
    return _to_editor(lifecycle)


@bp.post(f"/lifecycles/{ID}/removal")
@requires(Permission.SETTINGS_MANAGE)
def delete_lifecycle(lifecycle_id: int):
    lifecycle = lifecycle_or_404(lifecycle_id, to_change=True)
    name = lifecycle.name
    actions.delete_lifecycle(lifecycle, actor=me())
    db.session.commit()
    flash(_("The workflow %(name)s is deleted.", name=name), "success")
    return redirect(url_for(".lifecycles"), 303)


@bp.post(f"/lifecycles/{ID}/draft")
@requires(Permission.SETTINGS_MANAGE)
def change_lifecycle(lifecycle_id: int):
    """Every change of the form comes here, and is kept as it is: a draft may be as wrong as it likes."""
    lifecycle, form = lifecycle_or_404(lifecycle_id, to_change=True), DraftForm()
    typed = request.form.to_dict(flat=False)
    plan = after(plan_of(typed), request.form.get("do", ""), typed)
    if not form.validate_on_submit() or form.version.data is None:
        raise DomainError(_("Load the page again: it does not say which draft you saw."))
    targets, now = targets_of(typed), published_plan(lifecycle)
    draft = publishing.change_draft(lifecycle, plan, targets=targets, seen=form.version.data, actor=me())
    if not (is_other := bool(differences(now, plan))):
        publishing.discard_draft(lifecycle)
    db.session.commit()
    if is_fragment_request():
        new = None if request.form.get("do") == "add" else request.form
        return _editor(lifecycle, plan, draft if is_other else None, new)
    return _to_editor(lifecycle)


@bp.route(f"/lifecycles/{ID}/draft/removal", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def discard_lifecycle_draft(lifecycle_id: int):
    """Asks first, for what is discarded is gone."""
    lifecycle = lifecycle_or_404(lifecycle_id, to_change=request.method == "POST")
    if request.method == "GET":
        return render_template(DISCARD, lifecycle=lifecycle, changes=_changes(lifecycle))
    publishing.discard_draft(lifecycle)
    db.session.commit()
    flash(_("The draft is discarded; what was published holds as before."), "success")
    return _to_editor(lifecycle)


@bp.route(f"/lifecycles/{ID}/publication", methods=["GET", "POST"])
@requires(Permission.SETTINGS_MANAGE)
def publish_lifecycle(lifecycle_id: int):
    """What it will change, before it does."""
    lifecycle = lifecycle_or_404(lifecycle_id, to_change=request.method == "POST")
    draft = draft_of(lifecycle)
    if draft is None:
        raise DomainError(_("There is no draft to be published."))
    plan, now = Plan.read(draft.content), published_plan(lifecycle)
    around = surroundings(lifecycle, now, plan, targets=draft.targets if draft else {})
    form = PublishForm(data={"version": draft.version})
    if not form.validate_on_submit():
        return _publication(lifecycle, now, plan, around, form)
    if form.version.data != draft.version:
        raise DomainError(_("Somebody else has changed this draft meanwhile. Look at what it is now."))
    event = publishing.publish(lifecycle, around, note=form.note.data or "", actor=me())
    let_follow(event)
    db.session.commit()
    said = _("Version %(number)s of %(name)s holds now.", number=lifecycle.number, name=lifecycle.name)
    flash(said, "success")
    return _to_editor(lifecycle)


@bp.get(f"/lifecycles/{ID}/versions")
@requires(Permission.SETTINGS_MANAGE)
def lifecycle_versions(lifecycle_id: int):
    """All of them, and what any two of them do not have in common."""
    lifecycle = lifecycle_or_404(lifecycle_id)
    versions = versions_of(lifecycle)
    form = VersionsForm(numbers=[version.number for version in versions], formdata=request.args)
    is_asked = bool(request.args.keys() & {"old", "new"})
    if is_asked and not form.validate():
        return render_template(VERSIONS, lifecycle=lifecycle, versions=versions, form=form), 422
    plans = {version.number: Plan.read(version.content) for version in versions}
    old, new = plans[form.old.data], plans[form.new.data]
    shown = {
        "changes": [said_of(each, old, new) for each in differences(old, new)],
        "drawing": draw(new),
        "words": WORDS,
    }
    return render_template(VERSIONS, lifecycle=lifecycle, versions=versions, form=form, **shown)


@bp.post(f"/lifecycles/{ID}/versions/<row:number>/draft")
@requires(Permission.SETTINGS_MANAGE)
def roll_back_lifecycle(lifecycle_id: int, number: int):
    """An older version becomes the draft, to be looked at and published like any other."""
    lifecycle = lifecycle_or_404(lifecycle_id, to_change=True)
    version_or_404(lifecycle, number)
    publishing.roll_back(lifecycle, number, actor=me())
    db.session.commit()
    flash(
        _("The draft is version %(number)s now. Publish it to let it hold again.", number=number), "success"
    )
    return _to_editor(lifecycle)


@bp.get(f"/lifecycles/{ID}/moves")
@requires(Permission.SETTINGS_MANAGE)
def lifecycle_moves(lifecycle_id: int):
    """How far the tickets are that follow; asked again and again while there are some."""
    lifecycle = lifecycle_or_404(lifecycle_id)
    if not is_fragment_request():
        return _to_editor(lifecycle)
    return (
        render_template("admin/_lifecycle_moves.html", lifecycle=lifecycle, moves=moves_of(lifecycle)),
        200,
        VARY,
    )


def _editor(
    lifecycle: Lifecycle, plan: Plan, draft: LifecycleDraft | None, new: Mapping[str, str] | None = None
):
    """`new` is what is half typed of a status that is not added yet."""
    typed = {"label": (new or {}).get("new_label", ""), "category": (new or {}).get("new_category")}
    typed["category"] = typed["category"] or Category.ACTIVE
    return render(PAGE, EDITOR, 200, **_shown(lifecycle, plan, draft), typed=typed)


def _changes(lifecycle: Lifecycle) -> list[str]:
    """What the draft would change, in words."""
    draft, now = draft_of(lifecycle), published_plan(lifecycle)
    plan = Plan.read(draft.content) if draft else now
    return [said_of(each, now, plan) for each in differences(now, plan)]


def _shown(lifecycle: Lifecycle, plan: Plan, draft: LifecycleDraft | None) -> dict[str, Any]:
    now = published_plan(lifecycle)
    around = surroundings(lifecycle, now, plan, targets=draft.targets if draft else {})
    found = findings(plan, around)
    return {
        "lifecycle": lifecycle,
        "plan": plan,
        "now": now,
        "has_draft": draft is not None,
        "form": DraftForm.of(draft),
        "drawing": draw(plan),
        "findings": _said(found, plan, now),
        "is_sound": not any(each.is_error for each in found),
        "stray": _stray(found),
        "leaving": [
            (status, around.standing.get(status.name, 0), around.targets.get(status.name, ""))
            for status in now.statuses
            if plan.status(status.name) is None
        ],
        "teams": all_teams(),
        "moves": moves_of(lifecycle),
        "who": who,
        "words": WORDS,
        "offered": {
            "categories": list(Category),
            "colours": list(Colour),
            "needs": list(Need),
            "roles": [role for role in Role if role in STAFF],
        },
        "limits": {"label": LABEL_LIMIT, "statuses": MOST},
    }


def _said(found: list[Finding], plan: Plan, now: Plan) -> list[tuple[Finding, str]]:
    """Each in words; a status that goes is called as it is now."""
    return [(each, sentence(each, plan if plan.status(each.status) else now)) for each in found]


def _stray(found: list[Finding]) -> set[str]:
    """The names of the statuses that the drawing marks."""
    return {each.status for each in found if each.is_error and each.status}


def _publication(lifecycle: Lifecycle, now: Plan, plan: Plan, around: Surroundings, form: PublishForm):
    found = findings(plan, around)
    shown = {
        "lifecycle": lifecycle,
        "form": form,
        "changes": [said_of(each, now, plan) for each in differences(now, plan)],
        "findings": _said(found, plan, now),
        "is_sound": not any(each.is_error for each in found),
        "following": [
            (now.label_of(name), plan.label_of(around.targets.get(name, name)), around.standing[name])
            for name in followed(now, plan)
            if around.standing.get(name) and (plan.status(name) or around.targets.get(name))
        ],
        "drawing": draw(plan),
        "words": WORDS,
    }
    return render_template(PUBLISH, **shown), 422 if form.is_submitted() else 200


def _to_editor(lifecycle: Lifecycle):
    return redirect(url_for(".lifecycle", lifecycle_id=lifecycle.id), 303)
