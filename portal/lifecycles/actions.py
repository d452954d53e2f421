"""Nothing here commits."""

from portal.extensions import db
from portal.lifecycles.models import Category, Lifecycle, Status, Transition

DEFAULT = {
    ("open", "Open", Category.NEW): ("in_progress", "closed"),
    ("in_progress", "In progress", Category.ACTIVE): ("open", "closed", "blocked"),
    ("blocked", "Blocked", Category.WAITING): ("in_progress", "open"),
    ("closed", "Closed", Category.DONE): ("open", "in_progress"),
}


def make_default_lifecycle(name: str = "Standard") -> Lifecycle:
    """Open, in progress, blocked and closed, with the steps between them that make sense."""
    lifecycle = Lifecycle(name=name)
    statuses = {
        status_name: Status(
            lifecycle=lifecycle, name=status_name, stored_label=label, category=category, position=place
        )
        for place, (status_name, label, category) in enumerate(DEFAULT)
    }
    db.session.add(lifecycle)
    db.session.flush()
    db.session.add_all(
        Transition(from_status_id=statuses[start[0]].id, to_status_id=statuses[end].id)
        for start, ends in DEFAULT.items()
        for end in ends
    )
    db.session.flush()
    return lifecycle
