"""What can go wrong in the domain."""


class DomainError(Exception):
    """A rule of the business was broken; the message is fit to show to the user. Answers 409."""


class NotAllowed(DomainError):
    """Seen, but not theirs to do. Answers 403."""


class TooMany(DomainError):
    """Asked for too often; the message says when to try again. Answers 429."""

    seconds = 60  # until then


class Unavailable(DomainError):
    """A server that this needs is away; the message says what is safe. Answers 503."""
