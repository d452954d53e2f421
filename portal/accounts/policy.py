"""Who may do what with whose account."""

from portal.accounts.models import User
from portal.permissions import Permission


def may_view_as(admin: User, person: User) -> bool:
    """Whether the one may see the desk as the other; as an admin, nobody does."""
    if not (admin.is_active and admin.may(Permission.IMPERSONATE)):
        return False
    return person.is_active and not person.may(Permission.IMPERSONATE)
