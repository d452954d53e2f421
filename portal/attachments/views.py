"""Files: announced, sent straight to the store, shown in their state, and fetched once they are clean."""

import logging

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portal.attachments import actions
from portal.attachments.arriving import bytes_arrived, given_up, parts_there, told, told_in_json, ways_of
from portal.attachments.forms import CompleteForm, PartsForm, PresignForm
from portal.attachments.models import Attachment, State
from portal.attachments.places import Place, place_of, place_on
from portal.attachments.policy import files_for, is_served, may_delete
from portal.attachments.queries import attachment_or_404, held_with_its_ticket_or_404
from portal.attachments.words import said_of
from portal.errors import DomainError, NotAllowed, Unavailable
from portal.extensions import db
from portal.gateways.storage import Area, StorageAway, storage
from portal.permissions import Permission, requires
from portal.tickets.policy import Verb, refuse_readers, refuse_spam
from portal.web.htmx import VARY, go_to, is_fragment_request, render, way_back
from portal.web.machines import ApiError
from portal.web.session import me

bp = Blueprint("attachments", __name__)
WAITING = {State.UPLOADED, State.SCANNING}  # which look the same
log = logging.getLogger(__name__)


@bp.post("/attachments/presign")
@requires(Permission.TICKET_SUBMIT)
@told_in_json()
def presign():
    """Announce a file for what one is about to send: `draft` is `ticket:new`, `IT-7:reply` or `IT-7:note`."""
    form = PresignForm(formdata=_sent())
    if not form.validate():
        return _unfit(form)
    return _announced(form, place_of(form.draft.data or "", user=me()))


@bp.post("/tickets/<key:key>/attachments/presign")
@requires(Permission.TICKET_SUBMIT)
@told_in_json()
def presign_for_ticket(key: str):
    """The same for the ticket itself."""
    form = PresignForm(formdata=_sent())
    place = place_on(key, user=me())
    return _announced(form, place) if form.validate() else _unfit(form)


def _sent() -> MultiDict:
    """A form, or the same as JSON; what is neither a text nor a number is as if it were not there."""
    try:
        content = request.get_json(silent=True) if request.is_json else None
    except RecursionError:  # brackets within brackets, without end
        content = None
    if not isinstance(content, dict):
        return request.form
    return MultiDict({name: str(value) for name, value in content.items() if isinstance(value, str | int)})


def _unfit(form: PresignForm | PartsForm | CompleteForm):
    said = {name: [str(word) for word in words] for name, words in form.errors.items()}
    first = next(iter(said.values()))[0]
    return ApiError(422, first, details=said).answer()


def _announced(form: PresignForm, place: Place):
    try:
        attachment = actions.announce(
            form.original_filename.data,
            mime=form.mime.data or "",
            size=form.size.data,
            uploader=me(),
            ticket=place.ticket,
            draft=place.draft,
            is_internal=place.is_internal,
        )
    except DomainError as error:
        db.session.rollback()
        return ApiError(422, str(error)).answer()
    db.session.commit()
    sending = storage().place_for(attachment.object_key, size=attachment.size, kind=attachment.mime)
    return {
        **({} if attachment.is_in_parts else told(sending)),
        "expires_at": attachment.expires_at.isoformat(),
        **ways_of(attachment),
    }, 201


@bp.post("/attachments/<public_id>/parts")
@requires(Permission.TICKET_SUBMIT)
@told_in_json()
def parts(public_id: str):
    """Where the parts go that have not arrived: asked again after whatever went wrong, it tells the rest.

    Whoever names the parts' SHA-256 is told of no part but those of the same file, whoever sent
    them. Of a file that is all there, no part is missing.
    """
    form = PartsForm(formdata=_sent())
    attachment = _in_parts_or_404(public_id)
    if not form.validate():
        return _unfit(form)
    if form.hashes:
        actions.refuse_another(attachment, form.hashes)
    if attachment.state is not State.PENDING:
        return _parts_of(attachment, _all_of(attachment))
    key, sizes, kind = attachment.object_key, attachment.part_sizes, attachment.mime
    upload = attachment.upload_id
    db.session.rollback()  # hold no transaction open while the store is asked
    upload = upload or _begin(public_id, storage().begin_parts(key, kind=kind))
    there = parts_there(key, upload, sizes)
    attachment = _in_parts_or_404(public_id, to_change=True)
    if attachment.state is not State.PENDING:  # said to be there meanwhile
        return _parts_of(attachment, _all_of(attachment))
    if form.hashes:
        actions.remember(attachment, form.hashes)
        there &= attachment.parts_known
    actions.wait_longer(attachment, arrived=sum(sizes[number - 1] for number in there))
    db.session.commit()
    return _parts_of(attachment, there)


def _all_of(attachment: Attachment) -> set[int]:
    return set(range(1, len(attachment.part_sizes) + 1))


def _parts_of(attachment: Attachment, there: set[int]):
    key, upload = attachment.object_key, str(attachment.upload_id)
    missing = [
        {"number": number, "size": size, **told(storage().place_for_part(key, upload, number, size=size))}
        for number, size in enumerate(attachment.part_sizes, 1)
        if number not in there
    ]
    return {"arrived": sorted(there), "missing": missing, "sha256": attachment.announced_sha256}


def _begin(public_id: str, upload: str) -> str:
    """Note the store's id of the parts; of two tabs that begin at once the first counts."""
    attachment = _in_parts_or_404(public_id, to_change=True)
    if attachment.upload_id is None:
        attachment.upload_id = upload
    else:
        actions.discard_upload(Area.QUARANTINE, attachment.object_key, upload)
    begun = attachment.upload_id
    db.session.commit()
    return begun


@bp.post("/attachments/<public_id>/complete")
@requires(Permission.TICKET_SUBMIT)
@told_in_json()
def complete(public_id: str):
    """All of it has been sent: is it there, and as long as announced? Then the scanner is next."""
    form = CompleteForm(formdata=_sent())
    attachment = _own_or_404(public_id)
    if not form.validate():
        return _unfit(form)
    if attachment.state is State.EXPIRED:
        return ApiError(409, _("This took too long. Send the file again."), code="E_GIVEN_UP").answer()
    if form.hashes:
        actions.refuse_another(attachment, form.hashes)
    if attachment.state is not State.PENDING:
        return {"id": public_id, "state": attachment.state.value}
    key, size, sizes, upload = (
        attachment.object_key,
        attachment.size,
        attachment.part_sizes,
        attachment.upload_id,
    )
    db.session.rollback()  # hold no transaction open while the store is asked
    arrived = bytes_arrived(key, sizes, upload)
    if arrived != size:
        said = _("%(there)d of %(size)d bytes have arrived. Send the file again.", there=arrived, size=size)
        return ApiError(409, said).answer()
    attachment = _held(public_id)
    if attachment.ticket is not None:  # of which they may only be a reader by now
        refuse_readers(me(), Verb.REPLY, attachment.ticket)
    actions.arrived(attachment, hashes=form.hashes)
    db.session.commit()
    return {"id": public_id, "state": attachment.state.value}


@bp.get("/attachments/<public_id>")
@requires(Permission.TICKET_SUBMIT)
def file(public_id: str):
    """One file in its state: the row that asks again until it is checked, or a page of it.

    A row says what it shows already, and gets nothing while that is still so.
    """
    attachment = attachment_or_404(public_id, seen_by=me())
    if attachment.draft is None and attachment.ticket is None:  # taken back before it came
        abort(404)
    if is_fragment_request() and _is_shown(attachment, request.args.get("shown", "")):
        return "", 204, VARY
    removable = attachment.ticket is not None and may_delete(me(), attachment)
    return render("attachments/file.html", "attachments/_file.html", file=attachment, removable=removable)


def _is_shown(attachment: Attachment, shown: str) -> bool:
    return shown == attachment.seen_as or {shown, attachment.state} <= WAITING


@bp.get("/attachments/<public_id>/download")
@requires(Permission.TICKET_SUBMIT)
def download(public_id: str):
    """To the store, which hands it out for a minute. Nothing that was not scanned, whoever asks."""
    attachment = attachment_or_404(public_id, seen_by=me())
    if not is_served(attachment):
        raise DomainError(said_of(attachment))
    key, name = str(attachment.clean_key), attachment.original_filename
    db.session.rollback()  # hold no transaction open while the store is asked
    _refuse_lost(key)
    return redirect(storage().link(key, name=name), 303)


def _refuse_lost(key: str) -> None:
    """Better a page that says so than one of the store's, or none."""
    try:
        size = storage().size_of(Area.CLEAN, key)
    except StorageAway as error:
        raise Unavailable(
            _("The store for files does not answer. The file is safe: try again soon.")
        ) from error
    if size is None:
        log.error("A clean file has no object: %s", key)
        raise DomainError(_("The store does not have this file any more. Tell your service desk."))


@bp.get("/attachments/<public_id>/thumbnail", defaults={"size": "thumbnail"})
@bp.get("/attachments/<public_id>/preview", defaults={"size": "preview"})
@requires(Permission.TICKET_SUBMIT)
def picture(public_id: str, size: str):
    """A picture of it that was drawn here."""
    attachment = attachment_or_404(public_id, seen_by=me())
    key = attachment.thumbnail_key if size == "thumbnail" else attachment.preview_key
    if not is_served(attachment) or key is None:
        abort(404)
    answer = redirect(storage().link_to_picture(key), 303)
    answer.headers["Cache-Control"] = "private, max-age=50"
    return answer


@bp.post("/attachments/<public_id>/removal")
@requires(Permission.TICKET_SUBMIT)
def remove(public_id: str):
    attachment = _held(public_id)
    if not may_delete(me(), attachment):
        raise NotAllowed(_("Only whoever sent the file, or works on the ticket, removes it."))
    name, ticket = attachment.original_filename, attachment.ticket
    actions.delete(attachment, actor=me())
    db.session.commit()
    if is_fragment_request() or request.headers.get("X-Requested-With") == "fetch":
        return ""
    flash(_("%(name)s is removed.", name=name), "success")
    return go_to(url_for("tickets.show", key=ticket.key) if ticket else way_back())


def _held(public_id: str) -> Attachment:
    attachment = held_with_its_ticket_or_404(public_id, files_for(me()))
    if attachment.ticket is not None:
        refuse_spam(attachment.ticket)
    return attachment


def _own_or_404(public_id: str, *, to_change: bool = False) -> Attachment:
    """One's own file: nobody sends another's."""
    attachment = attachment_or_404(public_id, seen_by=me(), to_change=to_change)
    if attachment.uploader_id != me().id:
        abort(404)
    return attachment


def _in_parts_or_404(public_id: str, *, to_change: bool = False) -> Attachment:
    """One's own file that comes in parts, unless it was given up."""
    attachment = _own_or_404(public_id, to_change=to_change)
    if not attachment.is_in_parts:
        abort(404)
    if attachment.state is State.EXPIRED:
        raise given_up()
    return attachment
