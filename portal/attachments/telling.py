"""Mails about a file that is not served: to whoever sent it, and to the admins. Nothing here commits."""

from portal import clock
from portal.accounts.models import User
from portal.accounts.queries import admins
from portal.attachments.models import Attachment, State
from portal.outbox_mail.actions import link, queue_mail

TEMPLATES = {
    State.INFECTED: "file_blocked",
    State.UNSCANNABLE: "file_unscannable",
    State.FAILED: "file_failed",
}


def tell_people(attachment: Attachment) -> None:
    """Each of them once. Admins are told of one person's files once an hour: the page lists them all.

    Of a check that failed admins alone are told: its sender sees it
    beside the file, and can do nothing about it.
    """
    sender, is_for_sender = attachment.uploader, attachment.scanned_status is not State.FAILED
    if is_for_sender:
        _mail(attachment, sender, once=attachment.public_id, is_admin=False)
    for admin in admins():
        if admin.id != sender.id or not is_for_sender:
            hour = f"{sender.id}-{clock.now():%Y%m%d%H}"
            _mail(attachment, admin, once=hour, is_admin=True)


def _mail(attachment: Attachment, person: User, *, once: str, is_admin: bool) -> None:
    state, ticket = attachment.scanned_status, attachment.ticket
    queue_mail(
        TEMPLATES[state],
        to=person.email,
        locale=person.locale,
        recipient_id=person.id,
        dedupe_key=f"{TEMPLATES[state]}:{once}:{person.id}",
        ticket_id=ticket.id if ticket else None,
        is_withheld=bool(ticket and ticket.hidden_as and not person.is_staff),
        file=attachment.original_filename,
        sender=attachment.uploader.name,
        found=attachment.found,
        key=ticket.key if ticket and not is_admin else None,
        is_admin=is_admin,
        page=_page_for(attachment, is_admin=is_admin),
    )


def _page_for(attachment: Attachment, *, is_admin: bool) -> str:
    if is_admin:
        return link(f"/admin/files?state={attachment.scanned_status.value}")
    return link(f"/tickets/{attachment.ticket.key}" if attachment.ticket else "/tickets/new")
