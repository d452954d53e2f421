"""Somebody as far as it decides what they see: what queries are made of, and may be kept by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, bindparam

from portal.accounts.models import User
from portal.permissions import GRANTS, STAFF, Permission, Role

_ANYBODY: Any = bindparam("reader_id", type_=BigInteger())


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
    def anybody(self) -> Reader:
        """Whoever sees by the same rules, for a statement that is made once for all of them. It is executed
        with `given`; its `id` stands for theirs in SQL, and is no number anywhere else."""
        return replace(self, id=_ANYBODY)

    @property
    def given(self) -> dict[str, int]:
        return {"reader_id": self.id}

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


Anybody = User | Reader
