"""The people of a ticket: who takes part, who may know of it, and who sees it why."""

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from portal.extensions import db
from portal.organizations.queries import people_like
from portal.permissions import Permission, requires
from portal.tickets import confidentiality, participants, throttle
from portal.tickets.audience import audience
from portal.tickets.blueprint import bp
from portal.tickets.forms import ParticipantForm
from portal.tickets.models import Ticket
from portal.tickets.page import about, about_participants, page_for
from portal.tickets.policy import Verb, keeps_sight_of, may, works_on
from portal.tickets.queries import get_ticket_or_404, get_work_or_404
from portal.web.htmx import VARY, done, go_to, is_fragment_request, render
from portal.web.session import me

PEOPLE = "tickets/_participants.html"
AUDIENCE_PAGE, AUDIENCE = "tickets/people.html", "tickets/_people.html"


@bp.get("/people")
@requires(Permission.TICKET_SUBMIT)
def suggest_people():
    """A few of those whom the reader may look up, for the field in which somebody is named."""
    typed = next((value for name, value in request.args.items() if name.rpartition("-")[2] == "person"), "")
    found = people_like(" ".join(typed.split()), by=me())
    return render_template("tickets/_suggested.html", people=found), 200, VARY


@bp.post("/<key:key>/participants")
@requires(Permission.TICKET_SUBMIT)
def add_participant(key: str):
    """Whoever is added is told so: it counts as a comment, of which there may be too many."""
    if refusal := throttle.too_many_comments(me()):
        raise refusal
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True, wherever=True)
    participants.refuse_to_add(ticket, actor=me())
    form = ParticipantForm(reader=me())
    if not form.validate_on_submit():
        return _refused(ticket, form)

    participants.add_participant(ticket, form.participant, actor=me())
    db.session.commit()
    return _drawn(ticket)


@bp.post("/<key:key>/participants/<row:user_id>/removal")
@requires(Permission.TICKET_SUBMIT)
def remove_participant(key: str, user_id: int):
    """Also one's own part: whoever sees the ticket for no other reason leaves it by that."""
    ticket = get_ticket_or_404(key, seen_by=me(), to_change=True)
    participants.remove_participant(ticket, user_id, actor=me())
    db.session.commit()
    if may(me(), Verb.SEE, ticket):
        return _drawn(ticket)
    flash(_("You take no part in %(key)s any more.", key=ticket.key), "success")
    return go_to(url_for("desk.queue" if me().is_staff else ".mine"))


@bp.get("/<key:key>/people")
@requires(Permission.TICKET_WORK)
def show_people(key: str):
    """Who can see the ticket, and why."""
    ticket = get_work_or_404(key, seen_by=me())
    context = {"reasons": audience(ticket), "keeps_sight": keeps_sight_of(me(), ticket)}
    return render(AUDIENCE_PAGE, AUDIENCE, ticket=ticket, **context)


@bp.post("/<key:key>/confidentiality")
@requires(Permission.TICKET_WORK)
def change_confidentiality(key: str):
    """Confidential, or with `stop` no longer."""
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    if "stop" in request.form:
        confidentiality.make_open(ticket, actor=me())
        said = _("%(key)s is not confidential any more.", key=ticket.key)
    else:
        kept = keeps_sight_of(me(), ticket)
        confidentiality.make_confidential(ticket, actor=me())
        said = _said_of_secret(ticket, kept=kept)
    db.session.commit()
    flash(said, "success")
    return go_to(url_for(".show_people", key=ticket.key))


def _said_of_secret(ticket: Ticket, *, kept: bool) -> str:
    if kept:
        return _("%(key)s is confidential now.", key=ticket.key)
    return _(
        "%(key)s is confidential now. You watch it, because you would not see it otherwise.", key=ticket.key
    )


def _refused(ticket: Ticket, form: ParticipantForm):
    if is_fragment_request():
        context = about_participants(ticket, participant_form=form)
        return render_template(PEOPLE, **context), 422, VARY
    return render(page_for(works_on(me(), ticket)), PEOPLE, 422, **about(ticket, participant_form=form))


def _drawn(ticket: Ticket):
    return done(url_for(".show", key=ticket.key), PEOPLE, lambda: about_participants(ticket))
