"""The list that an agent looks at, as a file: at once while it is short, else from a worker."""

from flask import Blueprint, Response, abort, redirect, request, url_for
from flask_babel import gettext as _

from portal import clock
from portal.desk.queues import Desk, Queue, fitting, queue_or_404
from portal.errors import DomainError
from portal.exports import actions
from portal.exports.forms import ExportForm
from portal.exports.models import Format
from portal.exports.queries import export_or_404, own_exports
from portal.exports.rows import header, number, rows
from portal.exports.writing import write
from portal.extensions import db
from portal.filters import And, FilterError, to_text
from portal.gateways.storage import storage
from portal.permissions import Permission, requires
from portal.tickets.lists import Sort
from portal.web.htmx import go_to, is_own_path, problem, render
from portal.web.session import me
from portal.web.sheets import sent_as_file

bp = Blueprint("exports", __name__, url_prefix="/queue/exports")
NEW, ASK = "exports/new.html", "exports/_new.html"
LIST, LISTED = "exports/exports.html", "exports/_exports.html"
PAGE, FRAGMENT = "exports/export.html", "exports/_export.html"
CARRIED = ("queue", "view", "q", "sort", "back")  # what is exported: sent on from the list to the form


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def new():
    """Which format; what is asked for is what the list shows, in its order."""
    desk = Desk.of(me())
    queue = queue_or_404(request.values.get("queue", "open"), request.values.get("view"), seen_by=me())
    try:
        tree = desk.whole(queue, desk.read(request.values.get("q", queue.begins_with)))
    except FilterError as error:
        return problem(error, 422)
    form, total = ExportForm(), number(desk, tree, actions.AT_ONCE + 1)
    if not form.validate_on_submit():
        return _asking(form, queue, total, 422 if form.is_submitted() else 200)
    try:
        return _exported(desk, tree, queue, form.chosen, total)
    except DomainError as error:
        db.session.rollback()
        form.form_errors.append(str(error))
        return _asking(form, queue, total, 409)


def _exported(desk: Desk, tree: And, queue: Queue, form: Format, total: int):
    text = to_text(tree)
    if not total:
        raise DomainError(_("There is no ticket in this list, so there is nothing to export."))
    if total > actions.AT_ONCE:
        export = actions.begin(text, str(queue.label), form, owner=me())
        db.session.commit()
        return go_to(url_for(".show", public_id=export.public_id))
    sort = fitting(Sort.typed(request.values.get("sort", queue.sort)), tree)
    answer = _file(desk, tree, form, sort)
    actions.told(text, form, total, actor=me())
    db.session.commit()
    return answer


def _file(desk: Desk, tree: And, form: Format, sort: Sort) -> Response:
    return sent_as_file(
        _name(form), form.kind, lambda file: write(file, form, header(desk.reader), rows(desk, tree, sort))
    )


@bp.get("")
@requires(Permission.TICKET_WORK)
def exports():
    """Those that a worker has written or is writing."""
    return render(LIST, LISTED, page=own_exports(me(), cursor=request.args.get("cursor")))


@bp.get("/<public_id>")
@requires(Permission.TICKET_WORK)
def show(public_id: str):
    """How far it is; asked for again and again until it is done."""
    return render(PAGE, FRAGMENT, export=export_or_404(public_id, owner=me()))


@bp.post("/<public_id>/cancellation")
@requires(Permission.TICKET_WORK)
def cancel(public_id: str):
    actions.cancel(export_or_404(public_id, owner=me(), to_change=True))
    db.session.commit()
    return go_to(url_for(".show", public_id=public_id))


@bp.get("/<public_id>/file")
@requires(Permission.TICKET_WORK)
def file(public_id: str):
    """To the store, which hands it out for a minute."""
    export = export_or_404(public_id, owner=me())
    if not export.has_result:
        abort(404)
    return redirect(storage().link(str(export.result_key), name=_name(export.format)), 303)


def _asking(form: ExportForm, queue: Queue, total: int, status: int):
    back = request.values.get("back", "")
    return render(
        NEW,
        ASK,
        status,
        form=form,
        queue=queue,
        total=total,
        at_once=actions.AT_ONCE,
        sent=[(name, request.values[name]) for name in CARRIED if name in request.values],
        back=back if is_own_path(back) else url_for(queue.endpoint, **queue.place),
    )


def _name(form: Format) -> str:
    return f"{_('Tickets')} {clock.now():%Y-%m-%d %H%M}.{form}"
