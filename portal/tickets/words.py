"""Where a request stands, in the words of people who do not read statuses."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.lifecycles.models import Category
from portal.tickets.models import Outcome, WaitingFor


@dataclass(frozen=True)
class Standing:
    """`label` and `category` for a pill, `sentence` and `hint` for the head of the page."""

    label: str
    category: str
    sentence: str
    hint: str = ""
    is_turn: bool = False


def standing(ticket: Any, viewer: User) -> Standing:
    """Where it stands for this person: the requester's turn is only the requester's.

    The ticket is one, or a row of a list: `assignee_name` and `team_name` instead of both.
    """
    assignee, team = _name_of(ticket, "assignee"), _name_of(ticket, "team")
    if ticket.status_category == Category.NEW:
        return _received(team, is_own=ticket.requester_id == viewer.id)
    if ticket.status_category == Category.ACTIVE:
        return _in_work(assignee, team)
    if ticket.outcome is not None:
        return _unsolved(ticket.outcome)
    if ticket.status_category == Category.DONE:
        return Standing(_("Solved"), "solved", _("This is solved."), _("If it is not, reply or reopen it."))
    return _waiting(ticket, viewer, assignee)


def _name_of(ticket: Any, part: str) -> str | None:
    if hasattr(ticket, f"{part}_name"):
        return getattr(ticket, f"{part}_name")
    named = getattr(ticket, part)
    return named.name if named else None


def _received(team: str | None, *, is_own: bool) -> Standing:
    sentence = _("We have received your request.") if is_own else _("We have received the request.")
    if team:
        return Standing(_("Received"), "new", sentence, _("It is with the team %(team)s.", team=team))
    return Standing(
        _("Received"), "new", sentence, _("Somebody will look at it and bring it to the right team.")
    )


def _in_work(assignee: str | None, team: str | None) -> Standing:
    if assignee:
        sentence = _("%(name)s is working on it.", name=assignee)
    elif team:
        sentence = _("The team %(team)s is working on it.", team=team)
    else:
        sentence = _("We are working on it.")
    return Standing(_("In progress"), "active", sentence)


def _unsolved(outcome: Outcome) -> Standing:
    if outcome == Outcome.WITHDRAWN:
        return Standing(
            _("Withdrawn"), "done", _("This was withdrawn."), _("If you need it after all, reopen it.")
        )
    return Standing(
        _("Declined"), "done", _("This was declined."), _("The reason stands below. If you disagree, reply.")
    )


def _waiting(ticket, viewer: User, assignee: str | None) -> Standing:
    if ticket.waiting_for == WaitingFor.REQUESTER:
        if ticket.requester_id != viewer.id:
            return Standing(
                _("Waiting for the requester"), "waiting", _("We wait for an answer of the requester.")
            )
        who = assignee or _("The desk")
        return Standing(
            _("Your turn"),
            "waiting",
            _("It's your turn: %(name)s asked you a question.", name=who),
            _("Reply below, and we go on."),
            is_turn=True,
        )
    return {
        WaitingFor.SUPPLIER: Standing(
            _("Waiting for a supplier"),
            "waiting",
            _("We wait for a supplier."),
            _("We go on as soon as they have answered."),
        ),
        WaitingFor.APPROVAL: Standing(
            _("Waiting for approval"),
            "waiting",
            _("We wait for an approval."),
            _("We go on as soon as it is given."),
        ),
    }.get(
        ticket.waiting_for,
        Standing(_("On hold"), "waiting", _("It has to wait for something else."), _("We keep it in view.")),
    )
