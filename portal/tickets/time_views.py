"""The page on which the desk notes how long it worked on a ticket."""

from datetime import date

from flask import abort, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from portal import clock
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.tickets import spent
from portal.tickets.blueprint import bp
from portal.tickets.filtering import zone_of
from portal.tickets.models import Ticket, TimeEntry
from portal.tickets.queries import get_work_or_404
from portal.web.durations import minutes_of
from portal.web.forms import DeskForm, at_most, tidy
from portal.web.htmx import go_to, render
from portal.web.session import me

PAGE, FRAGMENT = "tickets/time.html", "tickets/_time.html"


class TimeForm(DeskForm):
    """How long, when, and at what."""

    length = StringField(_l("How long?"), [InputRequired(_l("Enter how long."))], [tidy])
    worked_on = DateField(_l("When?"), [InputRequired(_l("Enter a day."))])
    note = StringField(_l("At what?"), [Optional(), at_most(200)], [tidy])

    def validate_length(self, field: StringField) -> None:
        if not 0 < (minutes_of(field.data) or 0) <= spent.A_DAY:
            raise ValidationError(_("Enter how long, such as 1h 30m or 45; at most 24 hours."))

    def validate_worked_on(self, field: DateField) -> None:
        if field.data > _today():
            raise ValidationError(_("That day is still to come."))

    @property
    def minutes(self) -> int:
        return minutes_of(self.length.data or "") or 0


@bp.route("/<key:key>/time", methods=["GET", "POST"])
@requires(Permission.TICKET_WORK)
def spend_time(key: str):
    ticket = get_work_or_404(key, seen_by=me(), to_change=request.method == "POST")
    form = TimeForm(data={"worked_on": _today()})
    if not form.validate_on_submit():
        return _page(ticket, form, 422 if form.errors else 200)
    spent.spend(ticket, form.minutes, by=me(), on=form.worked_on.data, note=form.note.data or "")
    db.session.commit()
    return go_to(url_for(".spend_time", key=ticket.key))


@bp.post("/<key:key>/time/<row:entry_id>/removal")
@requires(Permission.TICKET_WORK)
def take_time_back(key: str, entry_id: int):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    entry = db.session.get(TimeEntry, entry_id)
    if entry is None or entry.ticket_id != ticket.id:
        abort(404)
    spent.take_back(ticket, entry, by=me())
    db.session.commit()
    return go_to(url_for(".spend_time", key=ticket.key))


def _page(ticket: Ticket, form: TimeForm, status: int):
    manages = me().may(Permission.TICKET_SEE_ALL)
    entries = spent.entries_of(ticket)
    return render(PAGE, FRAGMENT, status, ticket=ticket, form=form, entries=entries, manages=manages)


def _today() -> date:
    return clock.now().astimezone(zone_of(me())).date()
