"""Who is told of a ticket that was deleted for good."""

from sqlalchemy import ColumnElement, false, or_, true

from portal.accounts.models import User
from portal.deletion.models import TicketDeletion
from portal.organizations.queries import team_ids_of
from portal.permissions import Permission
from portal.projects.policy import shut_to


def told_to(user: User) -> ColumnElement[bool]:
    """Those of the desk whose work would have shown them the ticket; for others there was none."""
    if user.may(Permission.TICKET_SEE_CONFIDENTIAL):
        return true()
    if not user.may(Permission.TICKET_WORK):
        return false()
    plain = ~TicketDeletion.is_confidential & TicketDeletion.project_id.not_in(shut_to(user))
    if user.may(Permission.TICKET_SEE_ALL):
        return plain
    return plain & or_(TicketDeletion.team_id.is_(None), TicketDeletion.team_id.in_(team_ids_of(user)))
