"""Why a rule ran on a ticket, or did not, and the macros that fit it: for whoever works on it."""

from flask import abort, flash, request
from flask_babel import gettext as _

from portal.events.kinds import Kind
from portal.extensions import db
from portal.permissions import Permission, requires
from portal.rules.macros import apply_macro as apply
from portal.rules.macros import macro_or_none, macros_for
from portal.rules.models import Rule
from portal.rules.queries import names_of_rules, rule_or_404, trace_or_404, traces_of
from portal.rules.registry import registered
from portal.rules.traces import KEPT
from portal.rules.words import line_said
from portal.tickets.blueprint import bp
from portal.tickets.models import Ticket
from portal.tickets.page import redrawn_or_left
from portal.tickets.policy import works_on
from portal.tickets.queries import get_ticket_or_404, get_work_or_404
from portal.web.forms import whole_number
from portal.web.htmx import render
from portal.web.session import me

ALL, ONE, WHY = "rules/traces.html", "rules/trace.html", "rules/why.html"
MACROS, MENU = "rules/macros.html", "rules/_macros.html"


@bp.get("/<key:key>/rules")
@requires(Permission.TICKET_WORK)
def rules(key: str):
    """What all rules answered to what happened on the ticket: to one `event`, or one `rule` to all of it."""
    ticket = _worked_on_or_404(key)
    shown = {"ticket": ticket, "names": names_of_rules(), "kept_days": KEPT.days, "happened": _happened}
    if event_id := _asked("event"):
        return render(ONE, ONE, traced=trace_or_404(ticket, event_id), **shown)
    traces, earlier = traces_of(ticket, before=_asked("before"))
    shown |= {"traces": traces, "earlier": earlier}
    if rule_id := _asked("rule"):
        rule = rule_or_404(rule_id)
        return render(
            WHY, WHY, rule=rule, wakes=_wakes(rule), is_elsewhere=_is_elsewhere(rule, ticket), **shown
        )
    return render(ALL, ALL, **shown)


@bp.get("/<key:key>/macros")
@requires(Permission.TICKET_WORK)
def macros(key: str):
    """To htmx the menu; as a page for whom nothing is fetched into it."""
    ticket = _worked_on_or_404(key)
    return render(MACROS, MENU, ticket=ticket, macros=macros_for(ticket, reader=me()))


@bp.post("/<key:key>/macros/<row:rule_id>")
@requires(Permission.TICKET_WORK)
def apply_macro(key: str, rule_id: int):
    ticket = get_work_or_404(key, seen_by=me(), to_change=True)
    macro = macro_or_none(rule_id) or abort(404)
    apply(macro, ticket, actor=me())
    name = macro.name
    db.session.commit()
    flash(_("“%(name)s” is applied.", name=name), "success")
    return redrawn_or_left(ticket)


def _worked_on_or_404(key: str) -> Ticket:
    """Whoever only follows a ticket learns nothing of what the desk has arranged."""
    ticket = get_ticket_or_404(key, seen_by=me())
    if not works_on(me(), ticket):
        abort(404)
    return ticket


def _asked(name: str) -> int | None:
    """The id in the address; what is none is nothing that there is."""
    try:
        return whole_number(request.args.get(name, ""))
    except ValueError:
        abort(404)


def _wakes(rule: Rule) -> list[str]:
    return [line_said(line, is_trigger=True) for line in rule.triggers]


def _is_elsewhere(rule: Rule, ticket: Ticket) -> bool:
    return bool(rule.project_ids) and ticket.project_id not in rule.project_ids


def _happened(kind: str) -> str:
    """What an event is, in the words of what it wakes."""
    if kind == Kind.RULE_CAME_DUE:
        return _("A rule came due")
    named = (trigger.label for trigger in registered.triggers.values() if kind in trigger.kinds)
    return str(next(named, _("Something else happened")))
