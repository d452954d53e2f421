"""What somebody wants of a ticket, by whatever steps it takes that are theirs. Nothing here commits."""

from portal.accounts.models import User
from portal.errors import DomainError
from portal.lifecycles.models import Category
from portal.lifecycles.queries import path_to_category
from portal.tickets import actions
from portal.tickets.models import Comment, Ticket, WaitingFor
from portal.tickets.steps import is_theirs, no_way


def settle(ticket: Ticket, *, actor: User, said: Comment | None = None) -> None:
    """Close it. Whoever asked for it says that it is solved, and asks for no step."""
    if actor.id == ticket.requester_id or not actor.is_staff:
        actions.settle(ticket, actor=actor)
    else:
        walk(ticket, Category.DONE, actor=actor, said=said)


def follow_up(ticket: Ticket, wish: str, *, actor: User, said: Comment | None = None) -> None:
    """What an agent wants to happen with a reply: "close" the ticket, or "wait" for the requester.

    Raises DomainError where its lifecycle has no way there that is theirs.
    """
    if wish == "close":
        settle(ticket, actor=actor, said=said)
    elif wish == "wait" and ticket.status_category == Category.WAITING:
        actions.change_status(ticket, ticket.status, actor=actor, waiting_for=WaitingFor.REQUESTER)
    elif wish == "wait":
        walk(ticket, Category.WAITING, actor=actor, waiting_for=WaitingFor.REQUESTER, said=said)


def walk(
    ticket: Ticket,
    category: Category,
    *,
    actor: User,
    waiting_for: WaitingFor | None = None,
    said: Comment | None = None,
) -> None:
    """Take the shortest way to a status of that category along steps that the actor may take.

    Raises DomainError where there is none, and where a step on it asks for what the ticket does not have.
    """
    if ticket.status_category == category:
        return
    path = path_to_category(ticket.status, category, along=lambda step: is_theirs(ticket, step, actor))
    if not path:
        raise DomainError(no_way(ticket, actor))
    for status in path:
        actions.change_status(ticket, status, actor=actor, waiting_for=waiting_for, said=said)
