"""A new ticket of a comment, by the agents who work on it."""

from flask import flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import throttle
from portal.tickets.blueprint import bp
from portal.tickets.family import comments_of, family_of
from portal.tickets.models import Comment, Ticket
from portal.tickets.queries import get_work_or_404
from portal.tickets.related_forms import SplitForm
from portal.tickets.relations import Relation
from portal.tickets.splitting import asker_of, refuse_to_split
from portal.tickets.splitting import split as split_off
from portal.web.htmx import go_to, render, too_many
from portal.web.session import me

PAGE, FRAGMENT = "tickets/split.html", "tickets/_split.html"


@bp.route("/<key:key>/comments/<comment_id>/ticket", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def split(key: str, comment_id: str):
    """What was said is a matter of its own."""
    if request.method == "GET":
        ticket = get_work_or_404(key, seen_by=me())
        comment = _comment_or_404(comment_id, ticket)
        refuse_to_split(comment)
        form = SplitForm.of(comment, ticket, reader=me(), asker=asker_of(comment))
        return _asking(ticket, comment, form, 200)

    ticket = get_work_or_404(key, seen_by=me(), to_change=True, wherever=True)
    comment = _comment_or_404(comment_id, ticket)
    form = SplitForm(reader=me(), original=ticket)
    if not form.validate():
        return _asking(ticket, comment, form, 422)
    if refusal := throttle.too_many_tickets(me()):
        return too_many(refusal, form, lambda status: _asking(ticket, comment, form, status))
    made = split_off(
        comment,
        ticket,
        form.asked(),
        requester=form.asker,
        relation=Relation(form.relation.data),
        actor=me(),
    )
    db.session.commit()
    flash(_("%(key)s was made of the comment.", key=made.key), "success")
    return go_to(url_for(".show", key=made.key))


def _asking(ticket: Ticket, comment: Comment, form: SplitForm, status: int):
    return render(PAGE, FRAGMENT, status, ticket=ticket, comment=comment, form=form)


def _comment_or_404(public_id: str, ticket: Ticket) -> Comment:
    written = comments_of(family_of(ticket, reader=me(), works=True))
    found = written.where(Comment.public_id == public_id)
    return db.one_or_404(found.options(joinedload(Comment.author), joinedload(Comment.ticket)))
