"""Who has a view, and who may change it."""

from sqlalchemy import ColumnElement, and_, or_

from portal.accounts.models import User
from portal.accounts.reader import Anybody
from portal.desk.models import View
from portal.organizations.queries import team_ids_of
from portal.organizations.sharing import Sharing
from portal.permissions import Permission


def offered_to(reader: Anybody) -> ColumnElement[bool]:
    """Their own, those of their teams, and everyone's: what the sidebar lists."""
    return or_(
        View.owner_id == reader.id,
        View.shared_with == Sharing.EVERYONE,
        and_(View.shared_with == Sharing.TEAM, View.team_id.in_(team_ids_of(reader))),
    )


def visible_to(reader: Anybody) -> ColumnElement[bool]:
    """The views that there are for them. Who may share has sight of all that are shared, so that
    those of people who have left can be looked after."""
    if reader.may(Permission.VIEW_SHARE):
        return or_(View.owner_id == reader.id, View.shared_with != Sharing.NOBODY)
    return offered_to(reader)


def may_change(user: User, view: View) -> bool:
    return view.owner_id == user.id or (view.is_shared and user.may(Permission.VIEW_SHARE))
