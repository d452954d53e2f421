"""Somebody as far as it decides what they see: what queries are made of, and may be kept by."""

from __future__ import annotations

from dataclasses import dataclass

from portal.accounts.models import User
from portal.permissions import GRANTS, STAFF, Permission, Role


@dataclass(frozen=True)
class Reader:
    """A condition that is made of nothing else is the same for each request of theirs, and made once."""

    id: int
    role: Role
    is_limited: bool

    @classmethod
    def of(cls, user: Anybody) -> Reader:
        return cls(user.id, user.role, user.is_limited)

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


Anybody = User | Reader
