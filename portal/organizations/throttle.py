"""How often somebody may invite: nobody's mailbox is to be flooded."""

from portal.accounts.models import User
from portal.accounts.throttle import count, count_mail, counted_for
from portal.extensions import limiter


def count_invitation(by: User, email: str) -> None:
    """Count an invitation of theirs, and a mail to that address. Raises TooOften."""
    count(_invitation, str(by.id))
    count_mail(email)


@limiter.shared_limit("50 per hour", scope="invitation", key_func=counted_for)
def _invitation() -> None:
    """A department may be invited in one go."""
