"""A new ticket of a comment, by the agents who work on it."""

from flask import flash, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal.attachments.actions import attach, take_back
from portal.attachments.copying import copy, copyable, new_draft
from portal.attachments.taking import Received
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import once, throttle
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
    """What was said is a matter of its own. One ticket for one form, however often it is sent."""
    if request.method == "GET":
        ticket = get_work_or_404(key, seen_by=me())
        comment = _comment_or_404(comment_id, ticket)
        refuse_to_split(comment)
        form = SplitForm.of(comment, ticket, reader=me(), asker=asker_of(comment))
        return _asking(ticket, comment, form, 200)

    ticket, comment = _held(key, comment_id)
    form = SplitForm(reader=me(), original=ticket)
    sent_as = once.key_of(form.data, place=f"split:{comment_id}")
    if not form.validate():
        return _asking(ticket, comment, form, 422)
    refuse_to_split(comment)
    copied, draft = Received(), new_draft()
    if form.with_files.data and not once.is_known(sent_as, user=me()) and (files := copyable(comment)):
        copied = copy(files, draft, by=me())
        ticket, comment = _held(key, comment_id)
    if (made := once.claim(sent_as, user=me())) is None:
        if refusal := throttle.too_many_tickets(me()):
            db.session.rollback()  # the form's key is free again
            return too_many(refusal, form, lambda status: _asking(ticket, comment, form, status))
        new = split_off(
            comment,
            ticket,
            form.asked(),
            requester=form.asker,
            relation=Relation(form.relation.data),
            actor=me(),
        )
        attach(me(), draft, new)
        made = new.key
        once.remember(sent_as, made, user=me())
        flash(_("%(key)s was made of the comment.", key=made), "success")
        for why in copied.refused:
            flash(_("Not copied: %(file)s", file=why), "warning")
    else:
        take_back(copied.files, sender=me())
    db.session.commit()
    return go_to(url_for(".show", key=made))


def _held(key: str, comment_id: str) -> tuple[Ticket, Comment]:
    ticket = get_work_or_404(key, seen_by=me(), to_change=True, wherever=True)
    return ticket, _comment_or_404(comment_id, ticket)


def _asking(ticket: Ticket, comment: Comment, form: SplitForm, status: int):
    shown = {"ticket": ticket, "comment": comment, "form": form, "files": copyable(comment)}
    return render(PAGE, FRAGMENT, status, **shown)


def _comment_or_404(public_id: str, ticket: Ticket) -> Comment:
    written = comments_of(family_of(ticket, reader=me(), works=True))
    found = written.where(Comment.public_id == public_id)
    return db.one_or_404(found.options(joinedload(Comment.author), joinedload(Comment.ticket)))
