"""The mail server. Talked to by jobs alone, with nothing locked meanwhile."""

import smtplib
import ssl
from email.message import EmailMessage

from flask import current_app

from portal.config import Settings, SmtpSecurity

PATIENCE = 20  # seconds


class MailServerAway(Exception):
    """The server cannot be reached or will not have it just now; another try may work."""


class MailRefused(Exception):
    """The server said no to this mail for good."""


def is_set_up() -> bool:
    return bool(current_app.config["DESK"].smtp_host)


def send(message: EmailMessage) -> None:
    """Hand one mail over. Raises MailServerAway or MailRefused.

    A server that hangs up after it has read the mail counts as away: the mail is
    tried again under the same Message-ID, for a doubled mail is better than a lost one.
    """
    settings: Settings = current_app.config["DESK"]
    try:
        with _connect(settings) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        kind = MailRefused if all(code >= 500 for code in codes) else MailServerAway
        raise kind(words_of(error)) from error
    except smtplib.SMTPResponseException as error:
        kind = MailRefused if 500 <= error.smtp_code < 600 and error.smtp_code != 535 else MailServerAway
        raise kind(words_of(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailServerAway(words_of(error)) from error


def check() -> None:
    """Raises MailServerAway, unless the server greets and takes the log-in."""
    try:
        with _connect(current_app.config["DESK"]) as server:
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        raise MailServerAway(words_of(error)) from error


def words_of(error: Exception) -> str:
    """What the server said, as text: its code and its sentence, for each recipient that it refused."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{to}: {_answer(*said)}" for to, said in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    readable = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"{code} {' '.join(readable.split())}"


def _connect(settings: Settings) -> smtplib.SMTP:
    trust = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.smtp_security is SmtpSecurity.TLS:
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=trust)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    if settings.smtp_security is SmtpSecurity.STARTTLS:
        server.starttls(context=trust)
    if settings.smtp_username:
        server.login(settings.smtp_username, settings.smtp_password)
    return server
