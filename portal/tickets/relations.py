"""How tickets belong together: one is linked with another, or goes on in it. And whom comments mention."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import Model
from portal.lifecycles.models import Status
from portal.tickets.models import WaitingFor


class LinkKind(StrEnum):
    """What the first ticket is to the second."""

    RELATES_TO = "relates_to"
    BLOCKS = "blocks"
    DUPLICATES = "duplicates"
    CAUSED_BY = "caused_by"
    CHILD_OF = "child_of"
    FOLLOWS = "follows"


class Relation(StrEnum):
    """What the ticket that one looks at is to the other one: a kind of link, seen from either end."""

    RELATES_TO = "relates_to"
    BLOCKS = "blocks"
    BLOCKED_BY = "blocked_by"
    DUPLICATES = "duplicates"
    DUPLICATED_BY = "duplicated_by"
    CAUSED_BY = "caused_by"
    CAUSES = "causes"
    CHILD_OF = "child_of"
    PARENT_OF = "parent_of"
    FOLLOWS = "follows"
    FOLLOWED_BY = "followed_by"

    @property
    def label(self) -> str:
        return str(RELATION_LABELS[self])

    @property
    def kind(self) -> LinkKind:
        return LinkKind(self.value) if self.is_first else LinkKind(OTHER_ENDS[self])

    @property
    def is_first(self) -> bool:
        """Whether the ticket that one looks at is the first of the link."""
        return self not in OTHER_ENDS

    @property
    def reversed(self) -> Relation:
        """The same from the other end."""
        if not self.is_first:
            return OTHER_ENDS[self]
        return next((end for end, start in OTHER_ENDS.items() if start is self), self)


OTHER_ENDS = {
    Relation.BLOCKED_BY: Relation.BLOCKS,
    Relation.DUPLICATED_BY: Relation.DUPLICATES,
    Relation.CAUSES: Relation.CAUSED_BY,
    Relation.PARENT_OF: Relation.CHILD_OF,
    Relation.FOLLOWED_BY: Relation.FOLLOWS,
}
RELATION_LABELS = {
    Relation.RELATES_TO: _l("relates to"),
    Relation.BLOCKS: _l("blocks"),
    Relation.BLOCKED_BY: _l("is blocked by"),
    Relation.DUPLICATES: _l("duplicates"),
    Relation.DUPLICATED_BY: _l("is duplicated by"),
    Relation.CAUSED_BY: _l("is caused by"),
    Relation.CAUSES: _l("causes"),
    Relation.CHILD_OF: _l("is a child of"),
    Relation.PARENT_OF: _l("is the parent of"),
    Relation.FOLLOWS: _l("follows up on"),
    Relation.FOLLOWED_BY: _l("is followed up by"),
}


class TicketLink(Model):
    """Of what only relates, the one with the smaller id is the first."""

    __tablename__ = "ticket_links"
    __table_args__ = (
        UniqueConstraint("from_id", "to_id", "kind"),
        CheckConstraint("from_id <> to_id", name="itself"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    to_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    kind: Mapped[LinkKind]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())


class TicketMerge(Model):
    """That a ticket goes on in another, and what it was before, so that it can be taken apart again.

    `into_id` is the one that was named then, which may have been merged further since; where it
    all goes on now says `Ticket.merged_into_id`.
    """

    __tablename__ = "ticket_merges"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    into_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses.id"))
    waiting_for: Mapped[WaitingFor | None]
    merged_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    merged_at: Mapped[datetime] = mapped_column(default=lambda: clock.now())

    status: Mapped[Status] = relationship()


class CommentMention(Model):
    """Somebody who was meant, and told, where a comment says "@" and their name."""

    __tablename__ = "comment_mentions"
    __table_args__ = (Index("ix_comment_mentions_user_id", "user_id", "comment_id"),)

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
