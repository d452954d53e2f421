"""A ticket is deleted for good: who may, who sees it no more, who is told of it, and what else it touches."""

import pytest
from sqlalchemy import delete as delete_row
from sqlalchemy import select, text

from portal import invariants
from portal.attachments.models import State
from portal.attachments.telling import tell_people
from portal.bulk.models import BulkItem, BulkOperation
from portal.deletion import actions
from portal.deletion.models import DeletedKey, TicketDeletion
from portal.deletion.queries import ticket_to_delete_or_404
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.live import _topics
from portal.outbox_mail import sending
from portal.outbox_mail.models import Mail
from portal.permissions import GRANTS, Permission, Role, Scope
from portal.projects.actions import delete_project
from portal.projects.queries import what_holds
from portal.tickets import links, spam
from portal.tickets.merging import merge
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.moving import move
from portal.tickets.queries import get_ticket_or_404
from portal.tickets.relations import Relation
from portal.tickets.selections import Selection, count_of
from tests import factories as make
from tests.parallel import at_once

HTMX = {"HX-Request": "true"}
REASON = "Asked for under article 17."


class Town:
    """Ann's IT-1 is with the team of Petra; Vera is of another team, and Aylin deletes."""


@pytest.fixture
def town(world):
    found = Town()
    found.team, found.other = make.team(name="Network"), make.team(name="Hardware")
    found.ann, found.boss = make.employee(name="Ann"), make.admin(name="Aylin Demir")
    found.petra, found.vera = make.agent(name="Petra", team=found.team), make.agent(team=found.other)
    found.ticket = make.ticket(found.ann, team=found.team, title="My quokka", description="Its PIN is 4711")
    make.reply(found.ticket), make.note(found.ticket)
    make.file(found.ticket, found.ann, "pin.txt")
    db.session.commit()
    return found


def delete(town, ticket=None):
    ticket = ticket_to_delete_or_404((ticket or town.ticket).key, seen_by=town.boss, to_change=True)
    deletion = actions.delete_ticket(ticket, REASON, actor=town.boss)
    db.session.commit()
    return deletion


def send(client, **values):
    return client.post("/tickets/IT-1/deletion", data={"reason": REASON, "key": "IT-1"} | values)


# Who may, and what is asked.


def test_only_admins_have_the_permission():
    assert [role for role in Role if Permission.TICKET_DELETE in GRANTS[role]] == [Role.ADMIN]


def test_the_page_says_what_goes(town, client_for):
    other = make.ticket(town.ann, title="Split off")
    links.link(town.ticket, Relation.RELATES_TO, other, actor=town.petra)
    db.session.commit()
    page = client_for(town.boss).get("/tickets/IT-1/deletion").text
    for words in ("2 comments and notes", "1 file", "1 link with another ticket", "IT-2", "Split off"):
        assert words in page
    assert 'href="/tickets/IT-1/deletion"' in client_for(town.boss).get("/tickets/IT-1").text
    assert "/deletion" not in client_for(town.petra).get("/tickets/IT-1").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": " "}, "Say why: that stays."),
        ({"reason": "x" * 501}, "Use at most 500 characters."),
        ({"key": ""}, "Enter the key."),
        ({"key": "IT-2"}, "This is not the key of the ticket shown here."),
    ],
)
def test_without_a_reason_and_the_key_nothing_is_deleted(town, client_for, wrong, said):
    answer = send(client_for(town.boss), **wrong)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert db.session.scalars(select(TicketDeletion)).all() == []


def test_the_key_may_be_typed_in_small_letters(town, client_for):
    assert send(client_for(town.boss), key=" it-1 ").status_code == 303
    assert db.session.scalars(select(TicketDeletion)).one().key == "IT-1"


def test_sent_twice_it_is_deleted_once_and_both_lead_to_what_is_told(town, client_for):
    client = client_for(town.boss)
    assert [send(client).location for _ in range(2)] == ["/tickets/IT-1"] * 2
    assert len(db.session.scalars(select(TicketDeletion)).all()) == 1


def test_of_two_at_once_one_deletes_and_for_the_other_there_is_none(shared_app):
    boss = make.admin()
    key, boss_id = make.ticket().key, boss.id
    db.session.commit()

    def run():
        actor = db.session.get_one(make.User, boss_id)
        ticket = ticket_to_delete_or_404(key, seen_by=actor, to_change=True)
        return actions.delete_ticket(ticket, REASON, actor=actor)

    answers = at_once(shared_app, run, run)

    assert sorted(type(answer).__name__ for answer in answers) == ["NotFound", "TicketDeletion"]


# At once.


def test_it_is_gone_for_everybody_before_a_worker_has_begun(town, client_for, queue):
    file = db.session.scalar(text("SELECT public_id FROM attachments"))
    delete(town)
    for person in (town.ann, town.petra, town.boss):
        client = client_for(person)
        assert client.get(f"/attachments/{file}").status_code == 404
        assert client.post("/tickets/IT-1/comments", data={"body": "Hello"}).status_code == 404
        assert _topics(person, ["ticket:IT-1"]).keys().isdisjoint({f"ticket:{town.ticket.id}"})
        assert "My quokka" not in client.get("/tickets?show=all").text
    assert count_of(Selection.once(town.boss), 10) == 0
    assert "My quokka" not in client_for(town.boss).get("/queue/all?q=is:spam,open").text
    assert "jobs.deletion.work" in [name for name, _ in queue.jobs]


def test_no_mail_about_it_leaves_any_more(town):
    file = make.file(town.ticket, town.ann, "bill.txt")
    file.scanned_status, file.clean_key = State.INFECTED, None
    tell_people(file)
    db.session.commit()
    assert sending.claim_next() is not None
    db.session.rollback()

    delete(town)

    theirs = select(Mail.withheld_at).where(Mail.recipient_id == town.ann.id)
    assert db.session.scalars(theirs).one() is not None


def test_what_remains_is_the_trace_and_an_event_of_the_audit_log(town, client_for):
    deletion = delete(town)
    assert (deletion.key, deletion.reason, deletion.deleted_by) == ("IT-1", REASON, town.boss)
    assert (deletion.comments, deletion.files) == (2, 1)
    told = db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_DELETED)).one()
    assert (told.ticket_id, told.actor_id) == (None, town.boss.id)
    assert told.data == {"key": "IT-1", "why": REASON, "comments": 2, "files": 1}
    audit = client_for(town.boss).get("/admin/audit").text
    assert "Ticket deleted for good" in audit and REASON in audit


# What its address tells.


def test_the_desk_is_told_who_deleted_it_and_why(town, client_for):
    delete(town)
    for person in (town.petra, town.boss, make.manager()):
        answer = client_for(person).get("/tickets/IT-1")
        assert answer.status_code == 410
        assert "deleted by <b>Aylin Demir</b>" in answer.text and REASON in answer.text
        assert "My quokka" not in answer.text


def test_for_whoever_would_not_have_seen_it_there_never_was_one(town, client_for):
    delete(town)
    secret = make.ticket(town.ann, is_confidential=True)
    db.session.commit()
    delete(town, secret)
    assert [client_for(person).get("/tickets/IT-1").status_code for person in (town.ann, town.vera)] == [
        404
    ] * 2
    assert [client_for(person).get("/tickets/IT-2").status_code for person in (town.petra, town.boss)] == [
        404,
        410,
    ]


def test_programs_are_told_nothing(town, client_for):
    delete(town)
    token = {"Authorization": f"Bearer {make.token(town.boss, *Scope)}"}
    db.session.commit()
    assert client_for(None).get("/api/v1/tickets/IT-1", headers=token).status_code == 404


def test_an_open_page_of_it_is_told_that_it_is_gone(town, client_for):
    delete(town)
    assert client_for(town.petra).get("/tickets/IT-1", headers=HTMX).status_code in {404, 410}


def test_so_do_the_keys_that_it_had_before(town, client_for):
    project = make.project("NET", name="Networks")
    move(town.ticket, project, actor=town.boss)
    db.session.commit()
    delete(town)
    assert set(db.session.scalars(select(DeletedKey.key))) == {"IT-1", "NET-1"}
    assert [client_for(town.boss).get(f"/tickets/{key}").status_code for key in ("IT-1", "NET-1")] == [
        410,
        410,
    ]


def test_no_ticket_gets_its_key_again_nor_another_project_its_letters(town):
    project = make.project("NET", name="Networks")
    other = make.ticket(town.ann, project=project)
    db.session.commit()
    delete(town, other)
    db.session.execute(text("DELETE FROM ticket_people WHERE ticket_id = :id"), {"id": other.id})

    assert make.ticket(town.ann, project=project).key == "NET-2"
    assert what_holds(project).deleted
    with pytest.raises(DomainError, match="Archive it instead"):
        delete_project(project, actor=town.boss)


# What it belongs to.


def test_what_was_merged_into_it_is_a_ticket_of_its_own_again(town, client_for):
    source = make.ticket(make.employee(), team=town.team, title="The same")
    status = source.status_id
    merge(source, town.ticket, actor=town.petra)
    db.session.commit()
    assert f"{source.key} was merged into it" in client_for(town.boss).get("/tickets/IT-1/deletion").text

    delete(town)

    assert (source.merged_into_id, source.status_id) == (None, status)
    assert client_for(town.petra).get(f"/tickets/{source.key}").status_code == 200


def test_where_it_goes_on_it_is_taken_out_first(town, client_for):
    into = make.ticket(make.employee(), team=town.team, title="The one that stays")
    merge(town.ticket, into, actor=town.petra)
    db.session.commit()
    assert "is taken out of that first" in client_for(town.boss).get("/tickets/IT-1/deletion").text

    assert send(client_for(town.boss)).status_code == 303

    assert db.session.get(TicketPerson, (town.ann.id, into.id, Part.PARTICIPANT)) is None
    assert client_for(town.petra).get("/tickets/IT-1").status_code == 410
    assert "My quokka" not in client_for(town.petra).get(f"/tickets/{into.key}").text


def test_a_link_with_it_is_shown_no_more(town, client_for):
    other = make.ticket(town.ann, team=town.team)
    links.link(other, Relation.CHILD_OF, town.ticket, actor=town.petra)
    db.session.commit()
    delete(town)
    assert links.links_of(other, reader=town.boss) == []
    assert "IT-1" not in client_for(town.petra).get(f"/tickets/{other.key}").text


def test_spam_is_deleted_for_good_too(town, client_for):
    spam.mark(town.ticket, actor=town.petra)
    db.session.commit()
    assert "/tickets/IT-1/deletion" in client_for(town.boss).get("/tickets/IT-1").text
    assert send(client_for(town.boss)).status_code == 303
    assert client_for(town.petra).get("/tickets/IT-1").status_code == 410


def test_a_former_key_leads_to_the_page_of_its_deletion(town, client_for):
    move(town.ticket, make.project("NET", name="Networks"), actor=town.boss)
    db.session.commit()
    answer = client_for(town.boss).get("/tickets/IT-1/deletion")
    assert (answer.status_code, answer.location) == (301, "/tickets/NET-1/deletion")


def changed_with_another(town, client_for):
    """Both in one operation, by somebody of the desk."""
    make.ticket(town.ann, team=town.team)
    db.session.commit()
    client = client_for(town.petra)
    client.post(
        "/queue/bulk",
        data={"act": "priority", "priority": "high", "ticket": ["IT-1", "IT-2"], "back": "/queue/all"},
    )
    return client, db.session.scalars(select(BulkOperation)).one()


def test_the_undo_of_many_leaves_it_out(town, client_for):
    client, operation = changed_with_another(town, client_for)
    delete(town)

    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/all"})

    outcomes = dict(db.session.execute(select(Ticket.key, BulkItem.outcome).join(BulkItem)).all())
    assert outcomes == {"IT-1": "kept", "IT-2": "undone"}
    assert "My quokka" not in client.get(f"/queue/bulk/{operation.public_id}").text


def test_what_many_were_changed_by_says_how_many_were_deleted_since(town, client_for):
    client, operation = changed_with_another(town, client_for)
    assert "Deleted since" not in client.get(f"/queue/bulk/{operation.public_id}").text

    db.session.execute(
        delete_row(BulkItem).where(BulkItem.ticket_id == town.ticket.id)
    )  # as its erasing does
    db.session.commit()

    assert "<dt>Deleted since</dt><dd>1</dd>" in client.get(f"/queue/bulk/{operation.public_id}").text
    client.post(f"/queue/bulk/{operation.public_id}/undo", data={"back": "/queue/all"})
    outcomes = dict(db.session.execute(select(Ticket.key, BulkItem.outcome).join(BulkItem)).all())
    assert outcomes == {"IT-2": "undone"}


def test_nothing_of_the_house_is_broken_meanwhile(town):
    delete(town)
    assert invariants.broken() == {}


def test_nobody_can_bring_it_back(town):
    delete(town)
    with pytest.raises(Exception, match="404"):
        get_ticket_or_404("IT-1", seen_by=town.boss, to_change=True, even_spam=True)
