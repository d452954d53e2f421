"""Files that are not served, as admins see them; what is in them is fetched by nobody."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.admin import health
from portal.admin.blueprint import bp
from portal.attachments import actions, releasing
from portal.attachments.forms import ReleaseForm
from portal.attachments.held import (
    LISTS,
    MANY,
    counts,
    file_or_404,
    held,
    keys_of,
    long_waiting,
    named,
    names_of_projects,
)
from portal.attachments.models import Attachment, State
from portal.attachments.queries import held_with_its_ticket_or_404
from portal.attachments.upkeep import report, still_lost
from portal.extensions import db
from portal.gateways.queue import enqueue_after_commit
from portal.permissions import Permission, requires
from portal.web.htmx import go_to, render
from portal.web.paging import Order, keyset
from portal.web.session import me

ONE = "admin/one_file.html"
MOST_NAMED = 50  # lost files that are listed


@bp.get("/files")
@requires(Permission.OPERATE)
def files():
    asked = request.args.get("state", "")
    name = asked if asked in LISTS else State.INFECTED.value
    page = keyset(
        held(name),
        Order(Attachment.id, Attachment.id),
        cursor=request.args.get("cursor"),
        of=("id", "id"),
        fetch=db.session.scalars,
    )
    return render(
        "admin/files.html",
        "admin/_files.html",
        page=page,
        name=name,
        counts=counts(),
        many=MANY,
        ticket_keys=keys_of(page.rows, seen_by=me()),
        long_waiting=long_waiting(),
        lost=len(still_lost()),
    )


@bp.get("/files/scanner")
@requires(Permission.OPERATE)
def scanner():
    """A part of the page of files, and fetched by it: the scanner may take seconds to answer."""
    return render_template("admin/_scanner.html", check=health.scanner())


@bp.get("/files/storage")
@requires(Permission.OPERATE)
def files_storage():
    """What takes how much, as the last comparison has counted."""
    found, missing = report(), still_lost()
    largest, lost = named(found.largest), named(missing[:MOST_NAMED])
    return render_template(
        "admin/files_storage.html",
        report=found,
        names=names_of_projects(project for project, _number, _size in found.projects),
        largest=largest,
        lost=lost,
        lost_count=len(missing),
        ticket_keys=keys_of([*largest, *lost], seen_by=me()),
    )


@bp.post("/files/storage")
@requires(Permission.OPERATE)
def count_files():
    enqueue_after_commit("jobs.file_store.compare", queue="slow")
    db.session.commit()
    flash(_("Store and desk are being compared. Look here again in a few minutes."), "info")
    return redirect(url_for(".files_storage"), 303)


@bp.get("/files/<public_id>")
@requires(Permission.OPERATE)
def one_file(public_id: str):
    return _page_of(file_or_404(public_id), ReleaseForm())


@bp.post("/files/<public_id>/release")
@requires(Permission.OPERATE)
def release_file(public_id: str):
    """With a reason; who agrees with another admin need give none."""
    file, form = file_or_404(public_id, to_change=True), ReleaseForm()
    if file.release_asked_by_id in {None, me().id} and not form.validate():
        return _page_of(file, form, 422)
    is_on_its_way = releasing.release(file, why=form.why.data or "", actor=me())
    db.session.commit()
    words = _("It is being released.") if is_on_its_way else _("Another admin has to agree now.")
    flash(words, "success")
    return redirect(url_for(".one_file", public_id=public_id), 303)


@bp.post("/files/<public_id>/retry")
@requires(Permission.OPERATE)
def retry_file(public_id: str):
    file = file_or_404(public_id, to_change=True)
    actions.try_again(file, actor=me())
    db.session.commit()
    flash(_("%(name)s is being checked again.", name=file.original_filename), "success")
    return redirect(url_for(".one_file", public_id=public_id), 303)


@bp.post("/files/retry")
@requires(Permission.OPERATE)
def retry_files():
    """All whose check failed: a job does it, for there may be thousands after a bad night."""
    enqueue_after_commit("jobs.file_checks.retry_failed", me().id, queue="slow")
    db.session.commit()
    words = _("All files whose check failed are being checked again. Look here again in a few minutes.")
    flash(words, "info")
    return redirect(url_for(".files", state=State.FAILED.value), 303)


@bp.post("/files/<public_id>/removal")
@requires(Permission.OPERATE)
def delete_file(public_id: str):
    file = held_with_its_ticket_or_404(public_id)
    name, state = file.original_filename, file.state.value
    actions.delete(file, actor=me())
    db.session.commit()
    flash(_("%(name)s is deleted.", name=name), "success")
    return go_to(url_for(".files", state=state))


def _page_of(file: Attachment, form: ReleaseForm, status: int = 200):
    """The page of one file, with what can be done about it."""
    return render(
        ONE,
        ONE,
        status,
        file=file,
        form=form,
        key=keys_of([file], seen_by=me()).get(file.ticket_id or 0),
        needs_another=releasing.needs_another(file, me()),
        name="WAITING" if file.state.is_on_its_way else file.state.value,
    )
