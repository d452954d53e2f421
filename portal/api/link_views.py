"""Links between tickets, for programs of the desk."""

from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from portal.api import shapes
from portal.api.blueprint import bp
from portal.api.door import needs, owner
from portal.api.sent import asked, sent, text_of
from portal.extensions import db
from portal.permissions import Scope
from portal.tickets import links
from portal.tickets.models import Ticket
from portal.tickets.queries import Moved, get_work_or_404, held_together_or_404
from portal.tickets.relations import Relation
from portal.web.keys import key_in
from portal.web.machines import ApiError


@bp.post("/tickets/<key:key>/links")
@needs(Scope.TICKETS_WRITE)
def add_link(key: str):
    """201 with the link; the one that is there already, and 200."""
    asked()
    ticket = _worked_on(key)
    wanted = sent("relation", "key")
    relation, other_key = _relation(text_of(wanted, "relation")), _key(text_of(wanted, "key"))
    before = {each.id for each in links.links_of(ticket, reader=owner())}
    try:
        ticket, other = held_together_or_404(key, other_key, seen_by=owner())
    except NotFound:
        raise _unknown(other_key) from None
    made = links.link(ticket, relation, other, actor=owner())
    db.session.commit()
    shown = links.linked_by(made.id, _worked_on(ticket.key), reader=owner())
    if shown is None:
        raise _unknown(other_key)
    return shapes.of_link(shown), 200 if made.id in before else 201


@bp.delete("/tickets/<key:key>/links/<row:link_id>")
@needs(Scope.TICKETS_WRITE)
def remove_link(key: str, link_id: int):
    """204, also for one that is not there."""
    asked()
    ticket = _worked_on(key)
    linked = links.linked_by(link_id, ticket, reader=owner())
    if linked:
        ticket, other = held_together_or_404(ticket.key, linked.key, seen_by=owner())
        links.unlink(link_id, ticket, other, actor=owner())
        db.session.commit()
    return "", 204


def _worked_on(key: str) -> Ticket:
    try:
        return get_work_or_404(key, seen_by=owner())
    except Moved as moved:
        return get_work_or_404(moved.key, seen_by=owner())
    except NotFound:
        raise _unknown(key) from None


def _unknown(key: str) -> ApiError:
    words = _("There is no ticket %(key)s, or none that you may see.", key=key)
    return ApiError(404, words, code="E_TICKET_NOT_FOUND")


def _relation(text: str) -> Relation:
    if text not in set(Relation):
        known = ", ".join(Relation)
        raise ApiError(422, details={"relation": [_("Choose one of these: %(known)s.", known=known)]})
    return Relation(text)


def _key(text: str) -> str:
    if key := key_in(text):
        return key
    raise ApiError(422, details={"key": [_("This is no key of a ticket.")]})
