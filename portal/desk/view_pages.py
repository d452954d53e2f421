"""Views: their list, saving, changing, sharing and deleting them, their columns, and their counts."""

import time
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.desk import actions
from portal.desk.blueprint import bp
from portal.desk.columns import COLUMNS, USUAL, orders
from portal.desk.counts import LIFE, counts_for
from portal.desk.models import View
from portal.desk.policy import may_change
from portal.desk.queries import hidden_views, others_views, own_views, view_or_404
from portal.desk.queues import QUEUES, Desk, Queue, listed, queue_or_404
from portal.desk.sidebar import side_views
from portal.desk.view_forms import ColumnsForm, ViewForm
from portal.errors import DomainError, NotAllowed
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets.lists import Sort
from portal.web.around import around
from portal.web.htmx import VARY, go_to, render
from portal.web.locale import language
from portal.web.session import me

LIST, NEW, EDIT, DELETE = "desk/views.html", "desk/view_new.html", "desk/view.html", "desk/view_deletion.html"
COLUMNS_PAGE, COLUMNS_FORM = "desk/columns.html", "desk/_columns.html"
VIEW = "/queue/view/<public_id>"


@bp.get("/queue/counts")
@requires(Permission.TICKET_WORK)
def count_views():
    """The sidebar's views with their counts. What was counted before is asked for once more by the
    browser, when it is too old to be given again: so the last news are in the end always counted."""
    began = time.monotonic()
    asked = around(me())
    links = side_views(language(), asked.saved, asked.hidden, has_promises=asked.has_promises)
    counts = counts_for(me(), dict.fromkeys(link.filter for link in links), language())
    shown = {"counts": counts, "again": LIFE + 1 if counts.are_older_than(began) else 0}
    here = request.args.get("here", "")
    return render_template("layouts/_views.html", view_here=here, **shown), 200, VARY


@bp.get("/queue/views")
@requires(Permission.TICKET_WORK)
def views():
    own, others = own_views(me()), others_views(me())
    built_in = listed(has_promises=around(me()).has_promises)
    shown = {"own": own, "others": others, "built_in": built_in, "hidden": hidden_views(me())}
    said = {str(sort): label for sort, label in orders(closed=True)}
    return render(LIST, LIST, most=actions.MOST, said=said, may_change=may_change, **shown)


@bp.route("/queue/views/new", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def new_view():
    """The list one comes from says what is filled in, and which columns the view has."""
    desk, came_from = Desk.of(me()), _came_from()
    sort = Sort.typed(request.args.get("sort", came_from.sort))
    filled = {"filter": request.args.get("filter", ""), "sort": str(sort), "shared": "nobody"}
    form = ViewForm(desk, data=filled)
    if not form.validate_on_submit():
        return _form(NEW, 422 if form.is_submitted() else 200, form=form, came_from=came_from)
    try:
        view = actions.save_view(form.wanted, came_from.columns_for(me()), owner=me())
    except DomainError as error:
        form.form_errors.append(str(error))
        return _form(NEW, 409, form=form, came_from=came_from)
    db.session.commit()
    flash(_("The view “%(name)s” is saved.", name=view.name), "success")
    return go_to(url_for(".view", public_id=view.public_id))


@bp.route(f"{VIEW}/edit", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def edit_view(public_id: str):
    """Nothing is lost where two change the view: the second sees what the first made of it, and decides."""
    view = _to_change(public_id)
    form = ViewForm.of(view, Desk.of(me()))
    if not form.validate_on_submit():
        if not form.is_submitted():
            form.filter.errors = _wrong_now(form)
        return _form(EDIT, 422 if form.is_submitted() else 200, form=form, view=view)
    if form.is_overtaken:
        form.saw(view)
        return _form(EDIT, 409, form=form, view=view, is_overtaken=True)
    actions.change_view(view, form.wanted, actor=me())
    db.session.commit()
    flash(_("The view “%(name)s” is saved.", name=view.name), "success")
    return go_to(url_for(".view", public_id=view.public_id))


@bp.route(f"{VIEW}/deletion", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def delete_view(public_id: str):
    view = _to_change(public_id)
    if request.method == "GET":
        return render(DELETE, DELETE, view=view)
    name = view.name
    actions.delete_view(view, actor=me())
    db.session.commit()
    flash(_("The view “%(name)s” is deleted. Its tickets are where they were.", name=name), "success")
    return go_to(url_for(".views"))


@bp.post(f"{VIEW}/position")
@requires(Permission.TICKET_WORK)
def move_view(public_id: str):
    view = view_or_404(public_id, seen_by=me())
    if view.owner_id != me().id:
        abort(404)
    actions.move(view, up=request.form.get("direction") == "up")
    db.session.commit()
    return redirect(url_for(".views"), 303)


@bp.post("/queue/views/<name>/sidebar")
@requires(Permission.TICKET_WORK)
def hide_view(name: str):
    """Leave a view out of one's own sidebar, or put it back."""
    if name not in QUEUES:
        view_or_404(name, seen_by=me())
    actions.hide(name, user=me(), is_hidden=request.form.get("shown") != "yes")
    db.session.commit()
    return redirect(url_for(".views"), 303)


@bp.route("/queue/<name>/columns", methods=["GET", "POST"])
@bp.route(f"{VIEW}/columns", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def choose_columns(name: str = "", public_id: str = ""):
    """Of one's own view for all who have it; of any other for oneself."""
    queue = queue_or_404(name, public_id, seen_by=me())
    form = ColumnsForm.of(queue.columns_for(me()))
    back = url_for(queue.endpoint, **queue.place, **_kept())
    if not form.validate_on_submit() or "move" in request.form:
        form.move(request.form.get("move", ""))
        shown = {"queue": queue, "form": form, "columns": COLUMNS, "back": back, "kept": _kept()}
        return render(COLUMNS_PAGE, COLUMNS_FORM, 422 if form.errors else 200, **shown)
    _choose(queue, None if "reset" in request.form else form.columns)
    db.session.commit()
    return go_to(back)


def _choose(queue: Queue, columns: tuple[str, ...] | None) -> None:
    view = queue.view
    if view is not None and view.owner_id == me().id:
        actions.choose_columns(view, columns or USUAL, actor=me())
    else:
        actions.choose_own_columns(queue.name, columns, user=me())


def _to_change(public_id: str) -> View:
    """What one does not see is not there; what one sees and may not change is refused."""
    view = view_or_404(public_id, seen_by=me(), to_change=request.method == "POST")
    if not may_change(me(), view):
        raise NotAllowed(_("This view belongs to %(name)s. Save it as a view of your own to change it.",
                           name=view.owner.name))  # fmt: skip
    return view


def _came_from() -> Queue:
    named = request.args.get("view", "open")
    return QUEUES.get(named) or queue_or_404(None, named, seen_by=me())


def _kept() -> dict[str, Any]:
    """What the address of the list one comes from said."""
    return {name: request.args[name] for name in ("q", "sort", "size") if name in request.args}


def _wrong_now(form: ViewForm) -> list[str]:
    """Why the filter that was saved is none any more, to be said before anybody sends it."""
    try:
        form.validate_filter(form.filter)
    except ValueError as error:
        return [str(error)]
    return []


def _form(page: str, status: int, *, form: ViewForm, **shown: Any):
    said = {str(sort): label for sort, label in orders(closed=True)}
    shown = {"is_overtaken": False, "said": said, "most": actions.MOST} | shown
    return render(page, page, status, form=form, **shown)
