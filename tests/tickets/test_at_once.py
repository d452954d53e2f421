"""Two agents change the same ticket at the same moment."""

from sqlalchemy import select

from portal.extensions import db
from portal.permissions import Role
from portal.tickets import actions
from portal.tickets.handover import hand_over
from portal.tickets.models import Ticket, TicketPerson
from portal.tickets.queries import get_ticket_or_404
from tests import factories as make
from tests.parallel import while_held


def test_who_waited_for_another_change_of_status_finds_the_new_one(shared_app):
    """It was read as a ticket without any status, and the page was a 500."""
    key, petra = make.ticket().key, make.admin()
    db.session.commit()
    petra_id = petra.id

    def start():
        ticket = get_ticket_or_404(key, seen_by=petra, to_change=True)
        actions.change_status(ticket, make.status("in_progress"), actor=petra)

    def then_close():
        ben = db.session.get_one(make.User, petra_id)
        ticket = get_ticket_or_404(key, seen_by=ben, to_change=True)
        found = ticket.status and ticket.status.name
        actions.change_status(ticket, make.status("closed"), actor=ben)
        db.session.commit()
        return found

    assert while_held(shared_app, start, then_close) == "in_progress"
    assert db.session.scalar(select(Ticket).where(Ticket.key == key)).status.name == "closed"


def test_who_leaves_the_desk_while_they_are_mentioned_does_not_come_to_see_the_ticket(shared_app):
    key, petra, dana = make.ticket().key, make.admin(), make.agent(name="Dana Kim")
    db.session.commit()
    petra_id, dana_id = petra.id, dana.id

    def leave():
        dana.role = Role.EMPLOYEE
        hand_over(dana, actor=petra)

    def mention():
        author = db.session.get_one(make.User, petra_id)
        make.note(get_ticket_or_404(key, seen_by=author, to_change=True), author, "@Dana Kim")
        db.session.commit()

    while_held(shared_app, leave, mention)

    assert db.session.scalars(select(TicketPerson.part).where(TicketPerson.user_id == dana_id)).all() == []
