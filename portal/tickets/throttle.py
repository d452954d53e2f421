"""How much one person may write: plenty for people, little for a script gone wild."""

from portal.accounts.models import User
from portal.accounts.throttle import TooOften, count, counted_for
from portal.extensions import limiter
from portal.settings.cache import site


def too_many_tickets(user: User) -> TooOften | None:
    """Count a ticket of theirs; what to tell them where it is one too many."""
    return _refusal(_ticket, user)


def too_many_comments(user: User) -> TooOften | None:
    """The same for a reply or a note. Ask before the ticket is held: this talks to Redis."""
    return _refusal(_comment, user)


def count_preview(user: User) -> None:
    """Raises TooOften."""
    count(_preview, str(user.id))


def _refusal(counter, user: User) -> TooOften | None:
    try:
        count(counter, str(user.id))
    except TooOften as refusal:
        return refusal
    return None


@limiter.shared_limit(lambda: f"{site().tickets_per_hour} per hour", scope="ticket", key_func=counted_for)
def _ticket() -> None:
    """As the admin says."""


@limiter.shared_limit(lambda: f"{site().comments_per_hour} per hour", scope="comment", key_func=counted_for)
def _comment() -> None:
    """As the admin says."""


@limiter.shared_limit("60 per minute", scope="preview", key_func=counted_for)
def _preview() -> None:
    """Rendering is the most that a request may ask of a processor."""
