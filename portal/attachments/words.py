"""What a file's state means to whoever sees it."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.attachments.models import Attachment, Reason, State
from portal.web.locale import size


def said_of(attachment: Attachment) -> str:
    """In a sentence, with what to do where something is wrong."""
    match attachment.state, attachment.reason:
        case State.PENDING, _reason if attachment.arrived:
            sizes = {"arrived": size(attachment.arrived), "size": size(attachment.size)}
            said = _("Arrived in part: %(arrived)s of %(size)s.", **sizes)
        case State.UNSCANNABLE, Reason.ENCRYPTED:
            said = _("It could not be checked, because it is encrypted. Send it without a password.")
        case State.UNSCANNABLE, Reason.MISMATCH:
            said = _("Its content is not what its name says, so it is not served.")
        case State.UNSCANNABLE, _reason:
            said = _("It could not be checked: there is too much packed into it.")
        case State.CLEAN, Reason.MISMATCH:
            said = _("Its content is not what its name says. An admin has released it.")
        case State.CLEAN, Reason():
            said = _("It could not be checked completely. An admin has released it.")
        case State.EXPIRED, Reason.DAMAGED:
            said = _("It did not arrive whole. Send it again.")
        case State.EXPIRED, Reason.CHANGED:
            said = _("What the store has is not what was checked, so it is not served. Send it again.")
        case state, _reason:
            said = _SAID[state]
    return str(said)


_SAID = {
    State.PENDING: _l("The file has not arrived yet."),
    State.UPLOADED: _l("It is being checked for viruses."),
    State.SCANNING: _l("It is being checked for viruses."),
    State.CLEAN: _l("It was checked: no virus was found."),
    State.INFECTED: _l("A virus was found; the file is not served."),
    State.FAILED: _l("The check failed again and again. An admin can have it checked once more."),
    State.EXPIRED: _l("It did not arrive. Send it again."),
}


def trouble_of(attachment: Attachment) -> tuple[str, str]:
    """What went wrong with it at last, in a sentence, and in the words of whatever it was.

    `error` is the name of an exception, or of what a job found, and after a colon what that said.
    """
    name, _colon, detail = (attachment.error or "").partition(": ")
    return str(_WENT_WRONG.get(name, _l("The check broke off."))), detail


_WENT_WRONG = {
    "Changed": _l("What lies in the quarantine is not what was looked at. Have it sent again."),
    "NoSuchObject": _l("The store does not have it any more. Have it sent again."),
    "ScanBroke": _l("The scanner gave no verdict on it."),
    "ScannerAway": _l("The scanner was away."),
    "StorageAway": _l("The store did not hand it out."),
}
