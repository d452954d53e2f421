"""Who of the desk has a ticket open at this moment: told to the others who work on it, and to nobody else."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.gateways import presence
from portal.tickets.models import Ticket


@dataclass(frozen=True)
class Present:
    person: User
    doing: str

    @property
    def is_writing(self) -> bool:
        return self.doing != presence.LOOKING

    @property
    def sentence(self) -> str:
        name = self.person.name
        match self.doing:
            case "reply":
                return _("%(name)s is writing a reply", name=name)
            case "note":
                return _("%(name)s is writing a note", name=name)
        return _("%(name)s is viewing", name=name)


def say_present(ticket: Ticket, person: User, doing: str, *, tab: str) -> list[Present]:
    """Note what the person does at the ticket in that tab; who else is there."""
    return _people(presence.say(_place(ticket), person.id, doing, tab=tab))


def leave(ticket: Ticket, person: User, *, tab: str) -> None:
    presence.leave(_place(ticket), person.id, tab=tab)


def present_besides(person: User, ticket: Ticket) -> list[Present]:
    return _people(presence.others(_place(ticket), person.id))


def _place(ticket: Ticket) -> str:
    return f"ticket.{ticket.id}"


def _people(signs: list[presence.Sign]) -> list[Present]:
    """Those who write stand first, all of them by name."""
    if not signs:
        return []
    doing = {sign.person: sign.doing for sign in signs}
    people = db.session.scalars(select(User).where(User.id.in_(doing)).order_by(User.sort_name, User.id))
    return sorted((Present(one, doing[one.id]) for one in people), key=lambda one: not one.is_writing)
