"""What a ticket's page needs, for those who follow it and for those who work on it.

Knows the web, as views do; views.py and desk.py share it.
"""

import secrets
from functools import partial
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext as _

from portal import clock
from portal.accounts.throttle import TooOften
from portal.attachments.places import draft_of
from portal.attachments.queries import files_of_ticket, files_on_page, has_drafted
from portal.attachments.receiving import brings_files, described, receive
from portal.attachments.taking import Received
from portal.canned.filling import fill_for
from portal.canned.queries import usable_reply
from portal.tickets import once
from portal.tickets.drafts import drafts_of
from portal.tickets.family import family_of
from portal.tickets.following_up import begins_anew, follow_ups_of, reopens_until
from portal.tickets.forms import (
    CommentForm,
    NoteForm,
    ParticipantForm,
    RatingForm,
    ReplyForm,
    StatusForm,
)
from portal.tickets.latest import latest_of
from portal.tickets.links import links_of
from portal.tickets.models import Comment, Part, Priority, Ticket, TicketPerson
from portal.tickets.policy import Verb, acts_on, may, may_name_people, works_on
from portal.tickets.presence import present_besides
from portal.tickets.queries import get_ticket_or_404, is_watching, people_of, timeline
from portal.tickets.rating import ends_at, is_asked, rating_of
from portal.tickets.related_forms import LinkForm
from portal.tickets.steps import own_steps
from portal.tickets.tag_lists import names_of
from portal.tickets.track import steps
from portal.tickets.words import standing
from portal.web.htmx import done, go_to, is_fragment_request, render
from portal.web.session import me

FOLLOW, WORK = "tickets/show.html", "tickets/work.html"
LONG = 600  # letters of a description, which is folded where something was said after it
COMPOSER, COMMENTED = "tickets/_composer.html", "tickets/_commented.html"


def page_for(works: bool) -> str:
    """Whoever works on a ticket has another page of it than whoever follows it."""
    return WORK if works else FOLLOW


def fragment_for(works: bool) -> str:
    return "tickets/_work.html" if works else "tickets/_show.html"


def unsent(ticket: Ticket, form: CommentForm, refusal: TooOften | None = None, **context: Any):
    """The composer with what was typed and why it was not sent: it is nothing, there was too much before,
    or others have replied meanwhile (`newer`).

    Of the latter htmx gets the sentence alone: it leaves what was typed in place.
    """
    answer = {"HX-Retarget": "#composer", "HX-Reswap": "outerHTML"}
    if refusal and is_fragment_request():
        raise refusal
    if refusal:
        form.body.errors = [str(refusal)]
        answer["Retry-After"] = str(refusal.seconds)
    context |= {f"{form.place}_form": form}
    shown = about(ticket, **context)
    code = 429 if refusal else 409 if "newer" in context else 422
    page, status, headers = render(page_for(shown["works"]), COMPOSER, code, **shown)
    return page, status, headers | answer


def sent_as(form: CommentForm, ticket: Ticket) -> str | None:
    """What tells this form from others, for `once`: with its files, before it is checked."""
    return once.key_of(form.data | described(), place=f"{ticket.key}:{form.place}")


def take_in_files(form: CommentForm, ticket: Ticket, *, key: str | None) -> Received:
    """Keep the files that came with the form; its ticket is to be loaded again where there were some.

    What is refused stands with the form, which then is not valid. A form that came before has
    brought its files already.
    """
    if (form.is_blank or brings_files()) and once.is_known(key, user=me()):
        form.has_files = True
        return Received()
    draft = draft_of(ticket, form.place)
    received = receive(draft, is_internal=form.place == "note")
    form.form_errors += received.refused
    form.has_files = form.is_blank and has_drafted(me(), draft)
    return received


def say_untold(said: Comment) -> None:
    """Tell its writer whom it names and who was not told."""
    for sentence in said.untold:
        flash(sentence, "warning")


def redrawn(ticket: Ticket):
    """The answer to a change by somebody who still sees the ticket: its panel drawn again."""
    fragment = fragment_for(works_on(me(), ticket))
    return done(url_for("tickets.show", key=ticket.key), fragment, partial(about_now, ticket.key))


def redrawn_or_left(ticket: Ticket):
    """The same where they may have lost sight of it: they are told so, and led to their lists."""
    if may(me(), Verb.SEE, ticket):
        return redrawn(ticket)
    flash(_("You do not see %(key)s any more.", key=ticket.key), "info")
    return go_to(url_for("desk.queue" if me().is_staff else "tickets.mine"))


def about_now(key: str) -> dict[str, Any]:
    """For the answer to a change: the ticket with all that it refers to, in one statement."""
    return about(get_ticket_or_404(key, seen_by=me()))


def about(ticket: Ticket, **forms: Any) -> dict[str, Any]:
    """Everything the page and its fragments show; a form that failed replaces the fresh one."""
    works = works_on(me(), ticket)
    family = family_of(ticket, reader=me(), works=works)
    kinds = {kind: draft_of(ticket, kind) for kind in ("reply", "note")}
    files, drafted = files_on_page(ticket, seen_by=me(), drafts=kinds.values())
    people = people_of(ticket)  # before the timeline, which asks for nobody twice
    common = {
        "ticket": ticket,
        "files": files,
        "drafted": {kind: drafted.get(draft, []) for kind, draft in kinds.items()},
        "works": works,
        "fragment": fragment_for(works),
        "timeline": timeline(family, reader=me(), works=works),
        "family": family,
        "earlier_url": url_for("tickets.earlier", key=ticket.key),
    }
    acts = works or may(me(), Verb.REPLY, ticket)
    common["acts"] = acts
    common |= _participants(ticket, people, acts=acts)
    common["watching"] = is_watching(people, me())
    own = _for_work(ticket, people) if works else _for_following(ticket)
    return common | own | _rating(ticket, works=works, acts=acts) | _composer(ticket, works=works) | forms


def about_preview(ticket: Ticket, *, in_inbox: bool, stays: bool = False) -> dict[str, Any]:
    """What is shown beside a list: what the ticket is about, and what was said last.

    In the inbox it is decided on there. Once it `stays`, it follows the ticket's news.
    """
    works = works_on(me(), ticket)
    family = family_of(ticket, reader=me(), works=works)
    latest = latest_of(family)
    return {
        "ticket": ticket,
        "works": works,
        "family": family,
        "latest": latest,
        "files": files_of_ticket(ticket, seen_by=me()),
        "tags": names_of(ticket) if works else [],
        "folds": bool(latest.comments) and len(ticket.description) > LONG,
        "in_inbox": in_inbox,
        "stays": stays,
    }


def about_participants(ticket: Ticket, **forms: Any) -> dict[str, Any]:
    """What the part of the page shows that names who takes part."""
    acts = acts_on(me(), Verb.REPLY, ticket)
    return {"ticket": ticket} | _participants(ticket, people_of(ticket), acts=acts) | forms


def _participants(ticket: Ticket, people: list[TicketPerson], *, acts: bool) -> dict[str, Any]:
    return {
        "participants": [row.user for row in people if row.part == Part.PARTICIPANT],
        "may_name_people": may_name_people(me(), ticket, acts=acts),
        "participant_form": ParticipantForm(reader=me(), formdata=None),
    }


def _rating(ticket: Ticket, *, works: bool, acts: bool) -> dict[str, Any]:
    """What the requester thinks of it, for them and for who works on it; for them also the form."""
    is_theirs = ticket.requester_id == me().id
    rating = rating_of(ticket) if is_theirs or works else None
    asked = acts and is_asked(ticket, me())
    if not asked and not (acts and is_theirs and rating and clock.now() < ends_at(rating)):
        return {"rating": rating}
    now = {"score": str(rating.score), "comment": rating.comment} if rating else {}
    return {"rating": rating, "rating_form": RatingForm(formdata=None, data=now), "rating_asked": asked}


def _for_following(ticket: Ticket) -> dict[str, Any]:
    return {
        "standing": standing(ticket, me()),
        "steps": steps(ticket),
        "own_steps": own_steps(ticket, me()),
        "reopens_until": reopens_until(ticket),
        "begins_anew": begins_anew(ticket, me()),
        "follow_ups": follow_ups_of(ticket, reader=me()),
    }


def about_links(ticket: Ticket, **forms: Any) -> dict[str, Any]:
    """What the part of the page shows that names tickets which belong to this one."""
    return {
        "ticket": ticket,
        "links": links_of(ticket, reader=me()),
        "link_form": LinkForm(reader=me(), formdata=None),
    } | forms


def _for_work(ticket: Ticket, people: list[TicketPerson]) -> dict[str, Any]:
    return about_links(ticket) | {
        "people": people,
        "present": present_besides(me(), ticket),
        "watchers": [row.user for row in people if row.part == Part.WATCHER],
        "status_form": StatusForm.for_ticket(ticket, reader=me(), formdata=None),
        "priorities": tuple(Priority)[::-1],
        "tags": names_of(ticket),
    }


def _composer(ticket: Ticket, *, works: bool) -> dict[str, Any]:
    """Empty forms, or with what was half written, each with a key that is good for one comment.

    A canned reply that the address names begins one in which nothing is written yet.
    """
    scopes = {"reply": f"{ticket.key}:reply", "note": f"{ticket.key}:note"}
    drafts = drafts_of(me(), *scopes.values())
    seen = {"seen_replies": ticket.reply_count}
    forms: dict[str, Any] = _canned_tab() if works else {}
    for name, kind in (("reply", ReplyForm), ("note", NoteForm)):
        draft = drafts.get(scopes[name])
        written: dict[str, Any] = {"idempotency_key": secrets.token_urlsafe(16)} | seen
        if draft:
            written["body"] = draft.content.get("body", "")
        if forms.get("tab") == name:
            written["body"] = _begun(ticket, written.get("body", ""))
        forms[f"{name}_form"] = kind(formdata=None, data=written)
        forms[f"{name}_draft"] = draft
    return forms


def _canned_tab() -> dict[str, str]:
    """In which composer a canned reply was asked for, if one was."""
    if "canned" not in request.args:
        return {}
    return {"tab": "note" if request.args.get("place") == "note" else "reply"}


def _begun(ticket: Ticket, written: str) -> str:
    """The canned reply, filled in, where nothing is written; one that is not theirs to use is none."""
    reply = usable_reply(request.args["canned"], ticket, agent=me())
    if reply is None:
        return written
    if written.strip():
        flash(_("You have begun to write here, so “%(name)s” was not put in.", name=reply.name), "info")
        return written
    return fill_for(reply.body, ticket, agent=me())
