"""Mail addresses as people type them, and as they are stored and compared."""

from email_validator import (
    SPECIAL_USE_DOMAIN_NAMES,
    EmailNotValidError,
    ValidatedEmail,
    validate_email,
)

LONGEST = 254  # RFC 5321
SPECIAL_USE_DOMAIN_NAMES.remove("local")  # its documented way; houses have mail of their own there


def tidy_address(typed: str | None) -> str:
    """The address as it is stored: small letters, no blanks around it, the domain in ASCII (RFC 5891).

    What is no address only loses its blanks, so that a form can show it again.
    """
    typed = (typed or "").strip()
    found = _parsed(typed)
    return (found.ascii_email or typed).lower() if found else typed.lower()


def is_address(typed: str | None) -> bool:
    """Whether mail could be sent there. Domains of a house alone (`desk.local`) are fine."""
    found = _parsed(typed or "")
    return found is not None and found.ascii_email is not None and "." in found.ascii_domain


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _parsed(typed: str) -> ValidatedEmail | None:
    if len(typed) > LONGEST:
        return None
    try:
        return validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False
        )
    except EmailNotValidError:
        return None
