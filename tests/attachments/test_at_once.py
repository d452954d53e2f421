"""Files that several people change at the same moment."""

import pytest
from sqlalchemy import select, text

from portal.attachments.models import Attachment
from portal.attachments.queries import held_with_its_ticket_or_404
from portal.extensions import db
from portal.gateways.maintenance import as_owner
from portal.tickets.models import Ticket
from tests import factories as make
from tests.parallel import while_held


@pytest.mark.parametrize("path", ["/admin/files/{}/removal", "/attachments/{}/removal"])
def test_whoever_removes_a_file_holds_its_ticket_first(client_for, world, statements, path):
    file, boss = make.file(make.ticket()), make.admin()
    db.session.commit()
    client, public_id = client_for(boss), file.public_id
    statements.clear()

    assert client.post(path.format(public_id)).status_code == 303

    held = [each for each in statements if "FOR UPDATE" in each]
    assert [each.partition("FROM ")[2].split()[0] for each in held] == ["tickets", "attachments"]
    assert db.session.scalar(select(Attachment)) is None


def test_a_draft_that_is_sent_meanwhile_is_held_with_its_ticket(shared_app):
    make.desk()
    ticket = make.ticket()
    file = make.file(None, ticket.requester, draft=f"{ticket.id}:reply")
    db.session.commit()
    public_id, ticket_id = file.public_id, ticket.id

    def send():
        db.session.get(Ticket, ticket_id, with_for_update=True)
        sent = db.session.get(Attachment, file.id, with_for_update=True)
        sent.draft, sent.ticket_id = None, ticket_id
        db.session.flush()

    def hold():
        found = held_with_its_ticket_or_404(public_id)
        with as_owner() as other:
            free = other.execute(text("SELECT id FROM tickets FOR UPDATE SKIP LOCKED")).all()
        return found.ticket_id, free

    assert while_held(shared_app, send, hold) == (ticket_id, [])
