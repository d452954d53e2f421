"""The views that stand at the side of every page of the desk."""

import json
from dataclasses import dataclass
from functools import lru_cache

from flask import url_for

from portal.desk.queues import listed

KEYS = {
    "triage": "g t", "unassigned": "g u", "mine": "g m", "team": "g g", "waiting": "g w", "overdue": "g d",
    "breaching": "g v", "recent": "g x",
}  # fmt: skip
DIGITS = 9  # the first of the saved views are reached by "g 1" and so on


@dataclass(frozen=True)
class ViewLink:
    """`filter` is what is counted."""

    id: str
    href: str
    label: str
    filter: str
    key: str = ""


@lru_cache(maxsize=512)
def side_views(
    _language: str, saved: str | None, hidden: str | None, *, has_promises: bool
) -> tuple[ViewLink, ...]:
    """The built-in views and the saved ones, as `queries.sidebar_of` and `hidden_of` gave them."""
    left_out = set((hidden or "").split(","))
    built_in = (
        ViewLink(
            queue.name,
            url_for("desk.queue", name=queue.name),
            str(queue.label),
            queue.filter,
            KEYS.get(queue.name, ""),
        )
        for queue in listed(has_promises=has_promises)
        if queue.name not in left_out
    )
    own = (
        ViewLink(public_id, url_for("desk.view", public_id=public_id), name, asked, _digit(place))
        for place, (public_id, name, asked) in enumerate(json.loads(saved or "[]"), 1)
    )
    return (*built_in, *own)


def _digit(place: int) -> str:
    return f"g {place}" if place <= DIGITS else ""
