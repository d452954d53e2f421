"""Macros: what a person does by one click, by the same actions as rules and with their own rights.

Nothing here commits.
"""

from collections.abc import Mapping

from flask_babel import gettext as _
from sqlalchemy import select, update

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import caused_by, record
from portal.extensions import db
from portal.rules.evaluating import Known, answers_for, known
from portal.rules.models import Rule, RuleKind
from portal.rules.registry import registered
from portal.tickets.models import Ticket


def macros() -> list[Rule]:
    """All that are enabled, in their order."""
    kept = select(Rule).where(Rule.kind == RuleKind.MACRO, Rule.is_enabled)
    return list(db.session.scalars(kept.order_by(Rule.position, Rule.id)))


def macros_for(ticket: Ticket, *, reader: User) -> list[Known]:
    """Those that this one of the desk may apply to the ticket as it is, in one statement."""
    rules = [known(rule) for rule in macros()]
    here = [rule for rule in rules if rule.is_for(ticket)]
    return [answer.rule for answer in answers_for(reader, here, ticket) if answer.holds]


def macro_or_none(rule_id: int) -> Rule | None:
    """The macro of that id, if it is enabled."""
    return db.session.scalar(
        select(Rule).where(Rule.id == rule_id, Rule.kind == RuleKind.MACRO, Rule.is_enabled)
    )


def apply_macro(rule: Rule, ticket: Ticket, *, actor: User) -> None:
    """Do all of it, or nothing; the ticket is held. What is done is the person's doing, caused by the click.

    Raises DomainError for a ticket that the macro is not for, and where one of its actions cannot be done.
    """
    macro = known(rule)
    _refuse_what_does_not_fit(macro, ticket, actor)
    told = {"macro": macro.name, "rule_id": macro.id}
    applied = record(Kind.MACRO_APPLIED, actor=actor, ticket=ticket, public=False, **told)
    db.session.flush()
    with caused_by(applied):
        for name, values in macro.actions:
            _do(name, values, ticket, actor)
        db.session.flush()
    noted = update(Rule).where(Rule.id == macro.id).values(runs=Rule.runs + 1, last_run_at=clock.now())
    db.session.execute(noted, execution_options={"synchronize_session": False})


def _do(name: str, values: Mapping[str, object], ticket: Ticket, actor: User) -> None:
    effect = registered.effects.get(name)
    if effect is None:
        raise DomainError(_("This desk does not know the action “%(name)s”.", name=name))
    effect.apply(ticket, values, actor=actor)


def _refuse_what_does_not_fit(macro: Known, ticket: Ticket, actor: User) -> None:
    answers = answers_for(actor, [macro], ticket) if macro.is_for(ticket) else []
    if not any(answer.holds for answer in answers):
        raise DomainError(
            _("The macro “%(name)s” is not for %(key)s as it is now.", name=macro.name, key=ticket.key)
        )
