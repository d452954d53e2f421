"""Files: announced, sent straight to the store, shown in their state, and fetched once they are clean."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from portal.attachments import actions
from portal.attachments.forms import CompleteForm, PresignForm
from portal.attachments.models import Attachment, State
from portal.attachments.places import Place, place_of, place_on
from portal.attachments.policy import files_for, is_served, may_delete
from portal.attachments.queries import attachment_or_404, held_with_its_ticket_or_404
from portal.attachments.words import said_of
from portal.errors import DomainError, NotAllowed, Unavailable
from portal.extensions import db
from portal.gateways.storage import Area, NoSuchObject, Sending, StorageAway, storage
from portal.permissions import Permission, requires
from portal.tickets.policy import Verb, refuse_readers
from portal.web.htmx import VARY, go_to, is_fragment_request, render, way_back
from portal.web.machines import ApiError
from portal.web.session import me

bp = Blueprint("attachments", __name__)
WAITING = {State.UPLOADED, State.SCANNING}  # which look the same
log = logging.getLogger(__name__)


@bp.post("/attachments/presign")
@requires(Permission.TICKET_SUBMIT)
def presign():
    """Announce a file for what one is about to send: `draft` is `ticket:new`, `IT-7:reply` or `IT-7:note`."""
    form = PresignForm(formdata=_sent())
    if not form.validate():
        return _unfit(form)
    return _announced(form, _found(place_of, form.draft.data or ""))


@bp.post("/tickets/<key:key>/attachments/presign")
@requires(Permission.TICKET_SUBMIT)
def presign_for_ticket(key: str):
    """The same for the ticket itself."""
    form = PresignForm(formdata=_sent())
    place = _found(place_on, key)
    return _announced(form, place) if form.validate() else _unfit(form)


def _found(find: Callable[..., Place], named: str) -> Place:
    """The script that asks shows what it is told: no page."""
    try:
        return find(named, user=me())
    except NotFound as error:
        raise ApiError(404, _("That does not exist, or not any more.")) from error
    except NotAllowed as error:
        raise ApiError(403, str(error)) from error


def _sent() -> MultiDict:
    """A form, or the same as JSON; what is neither a text nor a number is as if it were not there."""
    try:
        content = request.get_json(silent=True) if request.is_json else None
    except RecursionError:  # brackets within brackets, without end
        content = None
    if not isinstance(content, dict):
        return request.form
    return MultiDict({name: str(value) for name, value in content.items() if isinstance(value, str | int)})


def _unfit(form: PresignForm | CompleteForm):
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
    told = {"parts_url": url_for(".parts", public_id=attachment.public_id)} if attachment.is_in_parts else {}
    return {
        "id": attachment.public_id,
        **({} if attachment.is_in_parts else _told(sending)),
        "expires_at": attachment.expires_at.isoformat(),
        "part_sizes": attachment.part_sizes,
        "complete_url": url_for(".complete", public_id=attachment.public_id),
        "row_url": url_for(".file", public_id=attachment.public_id),
        "removal_url": url_for(".remove", public_id=attachment.public_id),
        **told,
    }, 201


def _told(sending: Sending) -> dict[str, Any]:
    return {"url": sending.url, "method": sending.method, "headers": sending.headers}


@bp.post("/attachments/<public_id>/parts")
@requires(Permission.TICKET_SUBMIT)
def parts(public_id: str):
    """Where the parts go that have not arrived: asked again after a lost connection, it tells the rest.

    Of a file that is all there, no part is missing.
    """
    attachment = _in_parts_or_404(public_id)
    if attachment.state is not State.PENDING:
        return _all_of(attachment)
    key, sizes, kind = attachment.object_key, attachment.part_sizes, attachment.mime
    upload = attachment.upload_id
    db.session.rollback()  # hold no transaction open while the store is asked
    try:
        upload = upload or _begin(public_id, storage().begin_parts(key, kind=kind))
        there = _parts_there(key, upload, sizes)
    except (StorageAway, NoSuchObject):
        return _store_away()
    attachment = _in_parts_or_404(public_id, to_change=True)
    if attachment.state is not State.PENDING:  # said to be there meanwhile
        return _all_of(attachment)
    actions.wait_longer(attachment)
    db.session.commit()
    missing = [
        {"number": number, "size": size, **_told(storage().place_for_part(key, upload, number, size=size))}
        for number, size in enumerate(sizes, 1)
        if number not in there
    ]
    return {"arrived": sorted(there), "missing": missing}


def _all_of(attachment: Attachment):
    return {"arrived": list(range(1, len(attachment.part_sizes) + 1)), "missing": []}


def _parts_there(key: str, upload: str, sizes: list[int]) -> set[int]:
    """The numbers of those that have arrived whole; 404 where the store has forgotten all of them."""
    try:
        return {part.number for part in storage().parts(key, upload) if part.size == sizes[part.number - 1]}
    except NoSuchObject:
        if storage().size_of(Area.QUARANTINE, key) != sum(sizes):
            abort(404)
        return set(range(1, len(sizes) + 1))  # joined before, by a request that broke then


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
def complete(public_id: str):
    """All of it has been sent: is it there, and as long as announced? Then the scanner is next."""
    form = CompleteForm(formdata=_sent())
    attachment = _own_or_404(public_id)
    if not form.validate():
        return _unfit(form)
    if attachment.state is State.EXPIRED:
        return ApiError(409, _("This took too long. Send the file again.")).answer()
    if attachment.state is not State.PENDING:
        return {"id": public_id, "state": attachment.state.value}
    key, size, sizes, upload = (
        attachment.object_key,
        attachment.size,
        attachment.part_sizes,
        attachment.upload_id,
    )
    db.session.rollback()  # hold no transaction open while the store is asked
    try:
        arrived = _bytes_arrived(key, sizes, upload)
    except StorageAway:
        return _store_away()
    if arrived != size:
        said = _("%(there)d of %(size)d bytes have arrived. Send the file again.", there=arrived, size=size)
        return ApiError(409, said).answer()
    attachment = _held(public_id)
    if attachment.ticket is not None:  # of which they may only be a reader by now
        refuse_readers(me(), Verb.REPLY, attachment.ticket)
    actions.arrived(attachment, hashes=form.hashes)
    db.session.commit()
    return {"id": public_id, "state": attachment.state.value}


def _bytes_arrived(key: str, sizes: list[int], upload: str | None) -> int:
    """How many bytes the store has of it; parts become one object once all are there."""
    if upload is not None:
        try:
            sent = storage().parts(key, upload)
            if [part.size for part in sent] != sizes:
                return sum(part.size for part in sent)
            storage().join_parts(key, upload, sent)
        except NoSuchObject:  # joined before, by a request whose answer was lost
            return storage().size_of(Area.QUARANTINE, key) or 0
    return storage().size_of(Area.QUARANTINE, key) or 0


def _store_away():
    said = _("The store for files does not answer. Try again in a minute; what you typed is safe.")
    return ApiError(503, said, headers={"Retry-After": "30"}).answer()


@bp.get("/attachments/<public_id>")
@requires(Permission.TICKET_SUBMIT)
def file(public_id: str):
    """One file in its state: the row that asks again until it is checked, or a page of it.

    A row says what it shows already, and gets nothing while that is still so.
    """
    attachment = attachment_or_404(public_id, seen_by=me())
    if is_fragment_request() and _is_shown(attachment.state, request.args.get("shown", "")):
        return "", 204, VARY
    removable = attachment.ticket is not None and may_delete(me(), attachment)
    return render("attachments/file.html", "attachments/_file.html", file=attachment, removable=removable)


def _is_shown(state: State, shown: str) -> bool:
    return shown == state or {shown, state} <= WAITING


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
    return held_with_its_ticket_or_404(public_id, files_for(me()))


def _own_or_404(public_id: str, *, to_change: bool = False) -> Attachment:
    """One's own file: nobody sends another's."""
    attachment = attachment_or_404(public_id, seen_by=me(), to_change=to_change)
    if attachment.uploader_id != me().id:
        abort(404)
    return attachment


def _in_parts_or_404(public_id: str, *, to_change: bool = False) -> Attachment:
    """One's own file that comes in parts, unless it was given up."""
    attachment = _own_or_404(public_id, to_change=to_change)
    if not attachment.is_in_parts or attachment.state is State.EXPIRED:
        abort(404)
    return attachment
