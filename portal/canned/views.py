"""The canned replies that somebody of the desk keeps or shares: listed, made, changed, deleted."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.canned import actions
from portal.canned.filling import fill_example
from portal.canned.forms import CannedForm
from portal.canned.models import BODY_LIMIT, CannedReply
from portal.canned.placeholders import NAMES
from portal.canned.policy import may_edit
from portal.canned.queries import readable_rows, reply_or_404, version_or_404, versions_of
from portal.errors import DomainError
from portal.extensions import db
from portal.markdown import render_markdown
from portal.permissions import Permission, requires
from portal.tickets import throttle
from portal.web.htmx import go_to, render
from portal.web.paging import Order, keyset
from portal.web.session import me

bp = Blueprint("canned", __name__, url_prefix="/canned-replies")
LIST, PAGE, READ = "canned/index.html", "canned/reply.html", "canned/read.html"
VERSIONS = "canned/versions.html"
BY_NAME = Order(CannedReply.sort_name, CannedReply.id, descending=False)


@bp.get("")
@requires(Permission.TICKET_WORK)
def index():
    typed = " ".join(request.args.get("q", "").split())[:80]
    page = keyset(
        readable_rows(me(), typed),
        BY_NAME,
        cursor=request.args.get("cursor"),
        of=("sort_name", "id"),
        fetch=db.session.execute,
    )
    return render(LIST, LIST, page=page, typed=typed)


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def new():
    """With `copy`, the id of one that they read, it begins as a copy for themselves."""
    form = CannedForm(reader=me())
    if not form.is_submitted():
        _begin(form, request.args.get("copy"))
        return _page(form)
    if _is_preview() or not form.validate():
        return _page(form, status=200 if _is_preview() else 422)
    try:
        reply = actions.create(form.wanted(), actor=me())
    except DomainError as error:
        return _refused(form, error)
    db.session.commit()
    flash(_("The canned reply “%(name)s” is kept.", name=reply.name), "success")
    return go_to(url_for(".index"))


@bp.route("/<public_id>", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def reply(public_id: str):
    """Whoever may not change it reads it. Nothing is lost where somebody else was faster."""
    known = reply_or_404(public_id, seen_by=me(), to_change=request.method == "POST")
    if request.method == "GET" and not may_edit(me(), known):
        html = render_markdown(fill_example(known.body, agent=me()))
        return render(READ, READ, reply=known, html=html)
    form = CannedForm(reader=me(), reply=known)
    if not form.is_submitted() or _is_preview():
        return _page(form, known)
    if not form.validate():
        return _page(form, known, status=422)
    if not form.version.raw_data or form.version.data != known.version:
        form.version.raw_data = [str(known.version)]
        return _page(form, known, status=409, is_overtaken=True)
    return _changed(form, known)


def _changed(form: CannedForm, known: CannedReply):
    try:
        actions.edit(known, form.wanted(), actor=me())
    except DomainError as error:
        return _refused(form, error, known.public_id)
    db.session.commit()
    flash(_("Your changes to “%(name)s” are saved.", name=known.name), "success")
    return go_to(url_for(".index"))


@bp.get("/<public_id>/versions")
@requires(Permission.TICKET_WORK)
def versions(public_id: str):
    """For whoever may change it; to all others a reply is what it is now."""
    known = reply_or_404(public_id, seen_by=me())
    if not may_edit(me(), known):
        abort(404)
    return render(VERSIONS, VERSIONS, reply=known, versions=versions_of(known, seen_by=me()))


@bp.post("/<public_id>/versions/<row:number>/restore")
@requires(Permission.TICKET_WORK)
def restore(public_id: str, number: int):
    known = reply_or_404(public_id, seen_by=me(), to_change=True)
    actions.roll_back(known, version_or_404(known, number, seen_by=me()), actor=me())
    db.session.commit()
    flash(_("The canned reply is as it was in version %(number)s.", number=number), "success")
    return redirect(url_for(".reply", public_id=public_id), 303)


@bp.post("/<public_id>/deletion")
@requires(Permission.TICKET_WORK)
def delete(public_id: str):
    known = reply_or_404(public_id, seen_by=me(), to_change=True)
    name = known.name
    actions.delete(known, actor=me())
    db.session.commit()
    flash(_("The canned reply “%(name)s” is deleted.", name=name), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/preview")
@requires(Permission.TICKET_WORK)
def preview():
    """What a text would say at an example of a ticket; nothing is kept."""
    throttle.count_preview(me())
    return render_template("tickets/_preview.html", html=_example(request.form.get("text", "")))


def _begin(form: CannedForm, copied: str | None) -> None:
    if copied:
        source = reply_or_404(copied, seen_by=me())
        form.name.data, form.body.data = source.name, source.body


def _is_preview() -> bool:
    """The button of whoever has no script: shown, and not saved."""
    return "preview" in request.form


def _example(text: str) -> str:
    return render_markdown(fill_example(text[:BODY_LIMIT], agent=me()))


def _refused(form: CannedForm, error: DomainError, public_id: str | None = None):
    """A rule of the desk was broken: said with the form, which keeps what was typed."""
    db.session.rollback()
    form.form_errors.append(str(error))
    return _page(form, reply_or_404(public_id, seen_by=me()) if public_id else None, status=409)


def _page(
    form: CannedForm, known: CannedReply | None = None, *, status: int = 200, is_overtaken: bool = False
):
    shown = {
        "form": form,
        "reply": known,
        "names": {f"{{{{ {name} }}}}": meaning for name, meaning in NAMES.items()},
        "is_overtaken": is_overtaken,
        "html": _example(form.body.data or "") if _is_preview() else "",
    }
    return render(PAGE, PAGE, status, **shown)
