"""Two tickets become one, once somebody has looked at both; and apart again."""

from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.errors import DomainError
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import merging
from portal.tickets.blueprint import bp
from portal.tickets.family import comments_of, family_of
from portal.tickets.models import Comment, Ticket
from portal.tickets.page import redrawn
from portal.tickets.queries import Moved, get_work_or_404, held_together_or_404, held_with_merged_or_404
from portal.tickets.related_forms import MergeForm
from portal.web.htmx import go_to, render
from portal.web.session import me

PAGE, FRAGMENT = "tickets/merge.html", "tickets/_merge.html"


@bp.get("/<key:key>/merge")
@requires(Permission.TICKET_WORK)
def show_merge(key: str):
    """Which ticket it goes on in; once that is named, both side by side, and who will see what."""
    ticket = get_work_or_404(key, seen_by=me())
    asked = "into" in request.args
    form = MergeForm(reader=me(), formdata=request.args if asked else None, meta={"csrf": False})
    if not asked:
        form.into.render_kw = {"autofocus": True}
        return render(PAGE, FRAGMENT, ticket=ticket, form=form)
    if not form.validate():
        return render(PAGE, FRAGMENT, 422, ticket=ticket, form=form)
    return render(PAGE, FRAGMENT, ticket=ticket, form=form, **_compared(ticket, form.key))


@bp.post("/<key:key>/merge")
@requires(Permission.TICKET_WORK)
def merge(key: str):
    ticket = get_work_or_404(key, seen_by=me())
    form = MergeForm(reader=me())
    if not form.validate_on_submit():
        return render(PAGE, FRAGMENT, 422, ticket=ticket, form=form)

    source, into = held_together_or_404(key, form.key, seen_by=me())
    merging.merge(source, into, actor=me())
    db.session.commit()
    flash(_("%(key)s goes on in %(into)s now.", key=source.key, into=into.key), "success")
    return go_to(url_for(".show", key=into.key))


@bp.post("/<key:key>/merged/<row:ticket_id>/removal")
@requires(Permission.TICKET_WORK)
def unmerge(key: str, ticket_id: int):
    """Take a ticket that was merged into this one out of it again; one that was not is left as it is."""
    into = held_with_merged_or_404(key, seen_by=me())
    merged = select(Ticket).where(Ticket.id == ticket_id, Ticket.merged_into_id == into.id)
    source = db.session.scalar(merged.execution_options(populate_existing=True))
    if source is None:
        return redrawn(into)
    merging.unmerge(source, actor=me())
    db.session.commit()
    flash(_("%(key)s is a ticket of its own again.", key=source.key), "success")
    return go_to(url_for(".show", key=into.key))


def _compared(ticket: Ticket, key: str) -> dict[str, Any]:
    """Both tickets, and what the merge would mean or why there can be none."""
    try:
        into = get_work_or_404(key, seen_by=me())
    except Moved as moved:
        into = get_work_or_404(moved.key, seen_by=me())
    try:
        merging.refuse_to_merge(ticket, into, actor=me())
    except DomainError as error:
        return {"into": into, "refusal": str(error)}
    return {
        "into": into,
        "newest": {each.id: _newest(each) for each in (ticket, into)},
        "newcomers": merging.newcomers(ticket, into),
        "joining": merging.joining(ticket, into),
        "losing": merging.losing(ticket, into),
    }


def _newest(ticket: Ticket) -> Comment | None:
    written = comments_of(family_of(ticket, reader=me(), works=True)).options(joinedload(Comment.author))
    return db.session.scalar(written.order_by(Comment.id.desc()).limit(1))
