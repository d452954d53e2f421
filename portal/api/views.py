"""What programs can ask and do: the same tickets, rules and actions as on the pages."""

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.api import shapes
from portal.api.blueprint import bp
from portal.api.door import needs, owner, the_token
from portal.api.queries import comment_of, comments_of, sort, ticket_page
from portal.api.sent import asked, moment_in, names_in, sent, text_of, version_in
from portal.errors import NotAllowed
from portal.extensions import db
from portal.filters import And, FilterError, read
from portal.permissions import Scope
from portal.tickets import comments, conflicts, deadlines, once, tagging, throttle
from portal.tickets.filtering import fields_for
from portal.tickets.following_up import refuse_to_reopen
from portal.tickets.links import links_for
from portal.tickets.models import Comment, Ticket
from portal.tickets.policy import Verb, acts_on, works_on
from portal.tickets.queries import Moved, get_ticket_or_404
from portal.tickets.vocabulary import vocabulary
from portal.web.machines import ApiError
from portal.web.paging import read_cursor

KEY = "<key:key>"


@bp.get("/me")
@needs(Scope.PROFILE_READ)
def me():
    return shapes.of_person(owner(), the_token())


@bp.get("/tickets")
@needs(Scope.TICKETS_READ)
def tickets():
    wanted = asked("filter", "cursor")
    page = ticket_page(owner(), _tree(wanted.get("filter", "")), cursor=_cursor(wanted.get("cursor")))
    known = vocabulary()
    return {"tickets": [shapes.of_row(row, known) for row in page.rows], "next_cursor": page.older}


@bp.get(f"/tickets/{KEY}")
@needs(Scope.TICKETS_READ)
def ticket(key: str):
    """With its last comments; `comments_before` names the comment before which to go on."""
    before = asked("comments_before").get("comments_before")
    ticket = _ticket(key)
    return _told(ticket, before=_id_of(before, ticket))


@bp.put(f"/tickets/{KEY}/tags")
@needs(Scope.TICKETS_WRITE)
def put_tags(key: str):
    """These tags and no others; with the `version` that the program saw, what others did since stays so."""
    asked()
    wanted = sent("tags", "version")
    names, seen = names_in(wanted, "tags"), version_in(wanted)
    ticket = _worked_on(key)
    tagging.change_tags(ticket, names, actor=owner(), seen=seen)
    db.session.commit()
    return _told(ticket)


@bp.put(f"/tickets/{KEY}/due")
@needs(Scope.TICKETS_WRITE)
def put_due(key: str):
    """By when, or null. With the `version` that the program saw, 409 where somebody else set it since."""
    asked()
    wanted = sent("due_at", "version")
    due_at, seen = moment_in(wanted, "due_at"), version_in(wanted)
    ticket = _worked_on(key)
    merged = conflicts.merge(ticket, {"due_at": due_at}, seen=ticket.version if seen is None else seen)
    if merged.clashes:
        theirs = shapes.moment(ticket.due_at)
        words = _("Somebody set another day meanwhile")
        raise ApiError(409, words, code="E_CONFLICT", details={"due_at": theirs, "version": ticket.version})
    deadlines.set_due(ticket, merged.values.get("due_at", ticket.due_at), actor=owner())
    db.session.commit()
    return _told(ticket)


@bp.post(f"/tickets/{KEY}/comments")
@needs(Scope.TICKETS_WRITE)
def add_comment(key: str):
    """A public reply, by the same action as on the page. With an `Idempotency-Key` it counts once."""
    asked()
    body = text_of(sent("body"), "body")
    if refusal := throttle.too_many_comments(owner()):
        raise refusal
    ticket = _ticket(key, to_change=True)
    if not acts_on(owner(), Verb.REPLY, ticket):
        raise NotAllowed(_("You can read this request, but you take no part in it."))
    written, status = _written_once(ticket, body)
    db.session.commit()
    return shapes.of_comment(written), status


@bp.errorhandler(Moved)
def lead_to_its_key(moved: Moved):
    """A ticket that is asked for by a former key."""
    asked_for = request.query_string.decode("ascii", "ignore")
    here = url_for(".ticket", key=moved.key)
    return redirect(f"{here}?{asked_for}" if asked_for else here, 301)


def _written_once(ticket: Ticket, body: str) -> tuple[Comment, int]:
    """The new comment, and 201; what the same request has made before, and 200."""
    said = {"idempotency_key": request.headers.get("Idempotency-Key", "")[:200], "body": body}
    key = once.key_of(said, place=f"api:{ticket.key}:reply")
    made = once.claim(key, user=owner())
    before = comment_of(ticket, made, seen_by=owner()) if made else None
    if before is not None:
        return before, 200
    refuse_to_reopen(ticket, owner())
    written = comments.reply(ticket, body, author=owner())
    once.remember(key, written.public_id, user=owner())
    return written, 201


def _ticket(key: str, *, to_change: bool = False) -> Ticket:
    try:
        return get_ticket_or_404(key, seen_by=owner(), to_change=to_change, wherever=True)
    except NotFound:
        words = _("There is no ticket %(key)s, or none that you may see.", key=key)
        raise ApiError(404, words, code="E_TICKET_NOT_FOUND") from None


def _told(ticket: Ticket, *, before: int | None = None) -> dict[str, Any]:
    comments = comments_of(ticket, seen_by=owner(), before=before)
    links = links_for(ticket, reader=owner())
    return shapes.of_ticket(ticket, comments, links, works=works_on(owner(), ticket))


def _worked_on(key: str) -> Ticket:
    """To be changed. Raises NotAllowed for one that the owner only follows."""
    ticket = _ticket(key, to_change=True)
    if not works_on(owner(), ticket):
        raise NotAllowed(_("You take part in this ticket, but you do not work in its project."))
    return ticket


def _tree(text: str) -> And:
    """The filter, in the language of the queue."""
    try:
        return read(text, fields_for(owner()))
    except FilterError as error:
        raise ApiError(
            422,
            error.message,
            code="E_FILTER",
            details={
                "filter": [error.message],
                "word": error.word,
                "position": error.at,
                "nearest": error.nearest or None,
                "corrected": error.corrected or None,
            },
        ) from None


def _cursor(text: str | None) -> str | None:
    """One that leads nowhere is told: from the first page on again, a program would never end."""
    if text is None:
        return None
    place, _backwards = read_cursor(text)
    if place is None or sort().order.fitting(place[0]) is None:
        raise ApiError(422, code="E_CURSOR", details={"cursor": [_("This leads to no page.")]})
    return text


def _id_of(public_id: str | None, ticket: Ticket) -> int | None:
    if public_id is None:
        return None
    found = comment_of(ticket, public_id[:24], seen_by=owner())
    if found is None:
        words = _("There is no such comment.")
        raise ApiError(422, code="E_COMMENT", details={"comments_before": [words]})
    return found.id
