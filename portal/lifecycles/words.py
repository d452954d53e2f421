"""What is wrong with a plan, and what a version changes, in sentences."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.lifecycles.checks import Finding, Flaw
from portal.lifecycles.differences import Change, Difference
from portal.lifecycles.models import Category, Colour
from portal.lifecycles.plan import Need, Plan
from portal.permissions import STAFF, Role

CATEGORY_LABELS = {
    Category.NEW: _l("New"),
    Category.ACTIVE: _l("In work"),
    Category.WAITING: _l("Waiting"),
    Category.DONE: _l("Done"),
}
COLOUR_LABELS = {
    Colour.BLUE: _l("Blue"),
    Colour.VIOLET: _l("Violet"),
    Colour.AMBER: _l("Amber"),
    Colour.GREEN: _l("Green"),
    Colour.GREY: _l("Grey"),
    Colour.RED: _l("Red"),
    Colour.ORANGE: _l("Orange"),
    Colour.SLATE: _l("Slate"),
}
NEED_LABELS = {
    Need.COMMENT: _l("A comment"),
    Need.ASSIGNEE: _l("An assignee"),
    Need.TEAM: _l("A team"),
    Need.CATEGORY: _l("A category"),
    Need.DUE: _l("A due date"),
    Need.TIME: _l("Time spent"),
}


def sentence(finding: Finding, plan: Plan) -> str:
    """What is wrong there, and where it can be told what to do about it."""
    step = finding.step or ("", "")
    said = {
        "status": plan.label_of(finding.status),
        "start": plan.label_of(step[0]),
        "end": plan.label_of(step[1]),
        "other": finding.other,
    }
    if finding.flaw is Flaw.TICKETS_STAND:
        return ngettext(
            "%(num)s ticket stands in “%(status)s”, which goes: say which status it is to have.",
            "%(num)s tickets stand in “%(status)s”, which goes: say which status they are to have.",
            finding.number,
            status=said["status"],
        )
    if finding.flaw is Flaw.MEANS_ELSE:
        return ngettext(
            "%(num)s ticket stands in “%(status)s”, which is to mean something else: it follows.",
            "%(num)s tickets stand in “%(status)s”, which is to mean something else: they follow.",
            finding.number,
            status=said["status"],
        )
    return str(_SENTENCES[finding.flaw]) % said


_SENTENCES = {
    Flaw.NO_STATUS: _l("There is no status yet. Add the one in which tickets begin."),
    Flaw.NO_START: _l("No status means “New”: a ticket would not know where to begin."),
    Flaw.NO_END: _l("No status means “Done”: no ticket could ever be closed."),
    Flaw.NO_LABEL: _l("A status has no label."),
    Flaw.SAME_NAME: _l("Two statuses have the name “%(status)s”."),
    Flaw.SAME_LABEL: _l("Two statuses are called “%(status)s”: nobody could tell them apart."),
    Flaw.UNREACHABLE: _l("No way leads to “%(status)s” from where tickets begin."),
    Flaw.DEAD_END: _l("From “%(status)s” no way leads to a status that means “Done”."),
    Flaw.UNKNOWN_STATUS: _l(
        "The step from “%(start)s” to “%(end)s” names a status that is not there: %(other)s."
    ),
    Flaw.TO_ITSELF: _l("The step from “%(start)s” leads to itself."),
    Flaw.SAME_STEP: _l("There are two steps from “%(start)s” to “%(end)s”."),
    Flaw.FOR_NOBODY: _l("Nobody may take the step from “%(start)s” to “%(end)s”."),
    Flaw.UNKNOWN_TEAM: _l(
        "The step from “%(start)s” to “%(end)s” is for a team that is not there: %(other)s."
    ),
    Flaw.EMPTY_TEAMS: _l(
        "Nobody is in the teams that may take the step from “%(start)s” to “%(end)s”: %(other)s."
    ),
    Flaw.BAD_TARGET: _l("The tickets in “%(status)s” are to go to a status that is not there: %(other)s."),
    Flaw.NO_WAY_BACK: _l("A ticket that is “%(status)s” cannot be opened again."),
    Flaw.ONLY_REQUESTER: _l("Only the requester can take a ticket on that is “%(status)s”."),
}


def said_of(difference: Difference, old: Plan, new: Plan) -> str:
    """One change, as one colleague would tell another."""
    start, end = difference.step or ("", "")

    def label(name: str) -> str:
        return (new if new.status(name) else old).label_of(name)

    values = {
        "status": label(difference.status),
        "start": label(start),
        "end": label(end),
        "old": _told(difference.old, label),
        "new": _told(difference.new, label),
    }
    return str(_CHANGES[difference.change]) % values


_CHANGES = {
    Change.STATUS_ADDED: _l("Status “%(status)s” is new."),
    Change.STATUS_REMOVED: _l("Status “%(status)s” goes."),
    Change.RENAMED: _l("“%(old)s” is called “%(new)s”."),
    Change.MEANS: _l("“%(status)s” means “%(new)s” instead of “%(old)s”."),
    Change.COLOURED: _l("“%(status)s” is %(new)s instead of %(old)s."),
    Change.REORDERED: _l("The order is: %(new)s."),
    Change.STEP_ADDED: _l("A step from “%(start)s” to “%(end)s” is new."),
    Change.STEP_REMOVED: _l("The step from “%(start)s” to “%(end)s” goes."),
    Change.STEP_LABELLED: _l("The step from “%(start)s” to “%(end)s” reads “%(new)s” instead of “%(old)s”."),
    Change.MAY_TAKE: _l("From “%(start)s” to “%(end)s” may go: %(new)s. Before: %(old)s."),
    Change.ASKS_FOR: _l("The step from “%(start)s” to “%(end)s” asks for: %(new)s. Before: %(old)s."),
}


def _told(value: object, label: Any) -> str:
    match value:
        case Category():
            return str(CATEGORY_LABELS[value])
        case Colour():
            return str(COLOUR_LABELS[value]).lower()
        case (frozenset() as roles, frozenset() as teams, bool() as by_requester):
            return who(roles, teams, by_requester=by_requester)
        case frozenset():
            return _listed(NEED_LABELS[need] for need in Need if need in value)
        case tuple():
            return ", ".join(label(name) for name in value)
    return str(value or "")


def who(roles: frozenset[Role], teams: frozenset[str], *, by_requester: bool) -> str:
    """Who may take a step, in words."""
    people: list[Any] = [_("the whole desk")] if roles >= STAFF else []
    people += [] if people else [role.label for role in Role if role in roles]
    people += [_("team %(team)s", team=team) for team in sorted(teams)]
    return _listed(people + ([_("the requester")] if by_requester else []), nothing=_("nobody"))


def _listed(words: Iterable[Any], nothing: str = "") -> str:
    return ", ".join(str(word) for word in words) or nothing or _("nothing")
