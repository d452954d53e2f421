"""What each rule answered to an event, and why it ran or did not: kept for some weeks, and read again.

An answer is kept as `[rule id, version, outcome, whether its owner works on the ticket and each condition
as 1 or 0, error]`: the words of the conditions stand in that version of the rule.
"""

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

if TYPE_CHECKING:
    from portal.rules.evaluating import Answer

KEPT = timedelta(days=90)


class Outcome(StrEnum):
    """What became of a rule that an event has woken. Stored: add, never rename."""

    RAN = "ran"
    NOT_SO = "no"  # a condition was not so
    UNSEEN = "unseen"  # its owner does not work on the ticket
    STOPPED = "stopped"  # by a rule before it
    TWICE = "twice"  # it had run in this chain
    DEEP = "deep"  # the chain was too long
    FAILED = "failed"  # nothing of it was done
    BROKEN = "broken"  # its filter cannot be read any more

    @property
    def label(self) -> str:
        return str(OUTCOME_LABELS[self])

    @property
    def is_cut_off(self) -> bool:
        """It would have run, and something kept it from that."""
        return self in {Outcome.STOPPED, Outcome.TWICE, Outcome.DEEP}


OUTCOME_LABELS = {
    Outcome.RAN: _l("It ran"),
    Outcome.NOT_SO: _l("A condition was not so"),
    Outcome.UNSEEN: _l("Its owner does not work on this ticket"),
    Outcome.STOPPED: _l("A rule before it let no other run"),
    Outcome.TWICE: _l("It had run already in this chain of events"),
    Outcome.DEEP: _l("The chain of events was too long"),
    Outcome.FAILED: _l("It failed, and nothing of it was done"),
    Outcome.BROKEN: _l("Its filter could not be read"),
}


def kept(answer: "Answer", outcome: Outcome, error: str) -> list[Any]:
    parts = "".join("1" if part else "0" for part in (answer.is_seen, *answer.parts))
    told = [answer.rule.id, answer.rule.version, outcome.value, parts]
    return [*told, error] if error else told
