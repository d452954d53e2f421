"""A ticket for whoever may see it: ask, follow, reply, say that it is solved."""

import json
import secrets
from functools import partial

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.attachments.actions import attach, give, received_for, take_back
from portal.attachments.places import NEW as NEW_FILES
from portal.attachments.places import draft_of
from portal.attachments.queries import drafted_files, files_of_ticket
from portal.attachments.receiving import brings_files, described, receive
from portal.attachments.taking import Received
from portal.deletion.queries import deletion_or_404
from portal.errors import DomainError
from portal.extensions import db
from portal.markdown import render_markdown
from portal.notifications.actions import read_of_ticket
from portal.permissions import Permission, for_members, requires
from portal.settings.cache import site
from portal.tickets import actions, comments, once, rating, throttle, wishes
from portal.tickets.blueprint import bp
from portal.tickets.drafts import LIMIT, drafts_of, drop_draft, save_draft
from portal.tickets.family import family_ids, family_of
from portal.tickets.following_up import begins_anew, follow_up, refuse_to_reopen
from portal.tickets.forms import BODY_LIMIT, DraftForm, RatingForm, ReplyForm, TicketForm
from portal.tickets.models import Comment, Priority, Ticket, TicketType
from portal.tickets.page import (
    COMMENTED,
    about,
    about_now,
    fragment_for,
    page_for,
    redrawn,
    say_untold,
    sent_as,
    take_in_files,
    unsent,
)
from portal.tickets.policy import Verb, may, refuse_readers, works_on
from portal.tickets.queries import (
    Moved,
    get_ticket_or_404,
    last_organization_id,
    last_project_id,
    replies_since,
    timeline,
)
from portal.web.htmx import done, go_to, is_fragment_request, render, too_many
from portal.web.session import me

NEW, GONE = "ticket:new", "deletion/gone.html"


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.TICKET_SUBMIT)
def submit():
    form = TicketForm(reader=me())
    if request.method == "GET":
        _begin(form)
        return _asking(form, 200)
    key, received = once.key_of(form.data | described(), place=NEW), Received()
    if brings_files() and not once.is_known(key, user=me()):
        received = receive(NEW_FILES)
        form.form_errors += received.refused
    if form.validate() and not form.form_errors:
        return _submitted(form, key, received)
    return _asking(form, 422)


def _asking(form: TicketForm, status: int):
    draft = drafts_of(me(), NEW).get(NEW)
    drafted = drafted_files(me(), NEW_FILES).get(NEW_FILES, [])
    return render("tickets/new.html", "tickets/_form.html", status, form=form, draft=draft, drafted=drafted)


def _begin(form: TicketForm) -> None:
    """What the address and the draft already say, and a key that is good for one ticket."""
    draft = drafts_of(me(), NEW).get(NEW)
    known = (draft.content if draft else {}) | request.args.to_dict()
    known.setdefault("project_id", last_project_id(me()))
    if form.organization_id:
        known.setdefault("organization_id", last_organization_id(me()))
    form.process(data={name: known[name] for name in form.data if name in known and name != "csrf_token"})
    form.idempotency_key.data = secrets.token_urlsafe(16)
    if form.type.data not in {one.value for one in form.type.choices}:
        form.type.data = TicketType.INCIDENT.value
    if form.priority.data not in set(Priority):
        form.priority.data = Priority.MEDIUM.value


def _submitted(form: TicketForm, key: str | None, received: Received):
    """One ticket for one form, however often it is sent."""
    made = once.claim(key, user=me())
    drop_draft(me(), NEW)
    if made is None:
        if refusal := throttle.too_many_tickets(me()):
            db.session.rollback()  # the form's key is free again
            return too_many(refusal, form, lambda status: _asking(form, status))
        files = received_for(me(), NEW_FILES)
        ticket = actions.submit_ticket(form.person.person or me(), form.asked(), actor=me())
        give(files, ticket)
        made = ticket.key
        once.remember(key, made, user=me())
    else:
        take_back(received.files, sender=me())
    db.session.commit()
    return go_to(url_for(".show", key=made, sent=1))


@bp.get("/<key:key>")
@requires(Permission.TICKET_SUBMIT)
def show(key: str):
    """Of one that was deleted for good, the desk is told so."""
    try:
        ticket = get_ticket_or_404(key, seen_by=me())
    except NotFound:
        return render(GONE, GONE, 410, deletion=deletion_or_404(key, seen_by=me()), key=key)
    if not is_fragment_request() and not me().viewed_by and read_of_ticket(me(), *family_ids(ticket)):
        db.session.commit()
        ticket = get_ticket_or_404(key, seen_by=me())
    shown = about(ticket)
    return render(page_for(shown["works"]), fragment_for(shown["works"]), **shown)


@bp.errorhandler(Moved)
def lead_to_its_key(moved: Moved):
    """A ticket that is asked for by a former key: the same page of it, under the key it has now."""
    here = url_for(str(request.endpoint), **((request.view_args or {}) | {"key": moved.key}))
    asked = request.query_string.decode("ascii", "ignore")
    return redirect(f"{here}?{asked}" if asked else here, 301)


@bp.get("/<key:key>/timeline")
@requires(Permission.TICKET_SUBMIT)
def earlier(key: str):
    """The events before the ones that are shown."""
    ticket = get_ticket_or_404(key, seen_by=me())
    before = request.args.get("before", type=int)
    before = before if before and 0 < before < 2**63 else None
    works = works_on(me(), ticket)
    family = family_of(ticket, reader=me(), works=works)
    shown = {
        "works": works,
        "acts": works or may(me(), Verb.REPLY, ticket),
        "files": files_of_ticket(ticket, seen_by=me()),
        "timeline": timeline(family, reader=me(), works=works, before=before),
    }
    return render("tickets/timeline.html", "tickets/_entries.html", ticket=ticket, **shown)


@bp.post("/<key:key>/comments")
@requires(Permission.TICKET_SUBMIT)
def reply(key: str):
    """A public reply. The desk may say at once what is to happen to the status."""
    refusal = throttle.too_many_comments(me())
    ticket = _to_reply_to(key)
    form = ReplyForm()
    sent, received = sent_as(form, ticket), Received()
    if not refusal and (received := take_in_files(form, ticket, key=sent)):
        ticket = _to_reply_to(key)
    if refusal or not form.validate_on_submit() or form.form_errors:
        return unsent(ticket, form, refusal)
    if newer := _came_meanwhile(ticket, form, sent):
        form.seen_replies.raw_data = [str(ticket.reply_count)]
        return unsent(ticket, form, newer=newer)

    if begins_anew(ticket, me()):
        return _asked_anew(ticket, form, sent, received)
    if once.claim(sent, user=me()) is None:
        said = comments.reply(ticket, form.text, author=me())
        say_untold(said)
        attach(me(), draft_of(ticket, form.place), ticket, said)
        if works_on(me(), ticket):
            wishes.follow_up(ticket, form.then.data, actor=me(), said=said)
    else:
        take_back(received.files, sender=me())
    drop_draft(me(), f"{ticket.key}:reply", f"{key}:reply")
    db.session.commit()
    return done(url_for(".show", key=ticket.key), COMMENTED, partial(about_now, ticket.key))


def _asked_anew(ticket: Ticket, form: ReplyForm, sent: str | None, received: Received):
    """One follow-up for one form, however often it is sent."""
    made = once.claim(sent, user=me())
    if made is None:
        if refusal := throttle.too_many_tickets(me()):
            db.session.rollback()  # the form's key is free again
            return unsent(ticket, form, refusal)
        asked = follow_up(ticket, form.text, author=me())
        attach(me(), draft_of(ticket, form.place), asked)
        made = asked.key
        once.remember(sent, made, user=me())
    else:
        take_back(received.files, sender=me())
    drop_draft(me(), f"{ticket.key}:{form.place}")
    db.session.commit()
    return go_to(url_for(".show", key=made, sent=1))


def _came_meanwhile(ticket: Ticket, form: ReplyForm, sent: str | None) -> list[Comment]:
    """What others have replied since an agent began to: they read it, and send again or not."""
    seen = form.seen_replies.data
    if seen is None or not works_on(me(), ticket) or once.is_known(sent, user=me()):
        return []
    return replies_since(ticket, seen, besides=me())


def _to_reply_to(key: str) -> Ticket:
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True, wherever=True)
    refuse_readers(me(), Verb.REPLY, ticket)
    return ticket


@bp.post("/<key:key>/solution")
@requires(Permission.TICKET_SUBMIT)
def settle(key: str):
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
    refuse_readers(me(), Verb.SETTLE, ticket)
    wishes.settle(ticket, actor=me())
    db.session.commit()
    return redrawn(ticket)


@bp.post("/<key:key>/reopening")
@requires(Permission.TICKET_SUBMIT)
def reopen(key: str):
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
    refuse_readers(me(), Verb.SETTLE, ticket)
    refuse_to_reopen(ticket, me())
    actions.reopen(ticket, actor=me())
    db.session.commit()
    return redrawn(ticket)


@bp.post("/<key:key>/rating")
@requires(Permission.TICKET_SUBMIT)
def rate(key: str):
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
    refuse_readers(me(), Verb.REPLY, ticket)
    form = RatingForm()
    if not form.validate_on_submit():
        shown = about(ticket, rating_form=form)
        return render(page_for(shown["works"]), fragment_for(shown["works"]), 422, **shown)
    rating.rate(ticket, int(form.score.data), form.comment.data or "", by=me())
    db.session.commit()
    return redrawn(ticket)


@bp.post("/preview")
@for_members
def preview():
    """What a text will look like, as far as it could be sent; nothing is kept."""
    throttle.count_preview(me())
    text = request.form.get("text", "")[: max(BODY_LIMIT, site().description_limit)]
    return render_template("tickets/_preview.html", html=render_markdown(text))


@bp.post("/drafts")
@for_members
def keep_draft():
    """Keep what a browser has sent while its person still writes."""
    form = DraftForm()
    content = _content(form) if form.validate_on_submit() else None
    if content is None:
        return _("This draft cannot be kept."), 422
    draft = save_draft(me(), form.scope.data, content)
    db.session.commit()
    return {"saved_at": draft.updated_at.isoformat() if draft else None}


def _content(form: DraftForm) -> dict[str, str] | None:
    """The fields of the draft; None for anything that is not a small object of texts."""
    try:
        content = json.loads(form.content.data)
        json.dumps(content).encode()
        "".join(content.values()).encode()
    except (ValueError, TypeError, AttributeError):
        return None
    if sum(len(name) + len(value) for name, value in content.items()) > LIMIT:
        raise DomainError(_("This draft is too long to be kept."))
    return {name: value.replace("\0", "") for name, value in content.items()}
