"""Whoever comes back to what was closed long ago asks anew, and need not begin at the beginning."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.attachments.places import draft_of
from portal.extensions import db
from portal.organizations.models import MembershipRole
from portal.settings.actions import change_settings
from portal.settings.cache import forget_site
from portal.tickets import actions, participants
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.relations import Relation, TicketLink
from portal.tickets.unsent import Draft
from tests import factories as make


@pytest.fixture
def house():
    return make.organization()


@pytest.fixture
def ann(house):
    return make.member(house, name="Ann")


@pytest.fixture
def ticket(world, house, ann):
    """IT-1 of Ann's, in which Cleo takes part, closed fifteen days ago."""
    found = make.ticket(ann, title="No VPN", category=make.category(), team=make.team(name="Network"))
    found.organization = house
    participants.add_participant(found, make.member(house, name="Cleo"), actor=ann)
    actions.settle(found, actor=make.agent(name="Petra"))
    found.closed_at = clock.now() - timedelta(days=15)
    db.session.commit()
    return found


def says(client, ticket, body="It is **back**.", **more):
    return client.post(f"/tickets/{ticket.key}/comments", data={"body": body} | more)


def newest():
    return db.session.scalar(select(Ticket).order_by(Ticket.id.desc()).limit(1))


def parts(ticket):
    rows = db.session.scalars(select(TicketPerson).where(TicketPerson.ticket_id == ticket.id))
    return {(row.user.name, row.part) for row in rows}


def test_their_reply_becomes_a_ticket_like_the_old_one_and_linked_with_it(ticket, ann, house, client_for):
    answer = says(client_for(ann), ticket)

    made = newest()
    assert answer.location == f"/tickets/{made.key}?sent=1"
    assert (made.title, made.description) == ("No VPN", "It is **back**.")
    assert "<strong>back</strong>" in made.description_html
    assert (made.category, made.organization, made.requester) == (ticket.category, house, ann)
    assert parts(made) == {("Ann", Part.REQUESTER), ("Cleo", Part.PARTICIPANT)}
    assert (ticket.is_done, ticket.reply_count, made.is_done) == (True, 0, False)
    link = db.session.scalars(select(TicketLink)).one()
    assert (link.from_id, link.to_id, link.kind) == (made.id, ticket.id, "follows")


def test_either_page_leads_to_the_other_also_for_the_desk(ticket, ann, client_for):
    client = client_for(ann)
    says(client, ticket)
    made, agent = newest(), client_for(make.agent(name="Ben", team=ticket.team))
    for who in (client, agent):
        old, new = who.get(f"/tickets/{ticket.key}").text, who.get(f"/tickets/{made.key}").text
        assert ("is followed up by" in old, f'href="/tickets/{made.key}"' in old) == (True, True)
        assert ("follows up on" in new, f'href="/tickets/{ticket.key}"' in new) == (True, True)


def test_a_follow_up_that_somebody_may_not_see_is_not_told_of(ticket, ann, client_for):
    says(client_for(ann), ticket)
    made = newest()
    cleo = db.session.scalar(
        select(TicketPerson).where(TicketPerson.ticket_id == made.id, TicketPerson.part == Part.PARTICIPANT)
    )
    who = cleo.user
    db.session.delete(cleo)
    made.is_confidential = True
    db.session.commit()

    page = client_for(who).get(f"/tickets/{ticket.key}").text
    assert "follow" not in page.partition('<ol class="timeline">')[0]
    assert made.key not in page


def test_the_page_says_so_before_they_write(ticket, ann, client_for):
    page = client_for(ann).get(f"/tickets/{ticket.key}").text
    assert "Write a new request that follows up on this one" in page
    assert "Send as a new request" in page
    assert f"/tickets/{ticket.key}/reopening" not in page


def test_until_the_fourteenth_day_a_reply_reopens(ticket, ann, client_for):
    ticket.closed_at = clock.now() - timedelta(days=13, hours=23)
    db.session.commit()
    client = client_for(ann)
    assert f"/tickets/{ticket.key}/reopening" in client.get(f"/tickets/{ticket.key}").text

    says(client, ticket)
    assert (ticket.is_done, newest()) == (False, ticket)


@pytest.mark.parametrize(("days", "reopens"), [(0, False), (15, True), (14, False)])
def test_how_long_is_for_the_admin_to_say(ticket, ann, client_for, days, reopens):
    ticket.closed_at = clock.now() - timedelta(days=14, minutes=1)
    change_settings(actor=None, reopen_days=days)
    db.session.commit()
    forget_site()

    says(client_for(ann), ticket)
    assert (newest() == ticket) is reopens
    assert ticket.is_done is not reopens


def test_reopening_it_all_the_same_is_refused_with_what_to_do(ticket, ann, client_for):
    answer = client_for(ann).post(f"/tickets/{ticket.key}/reopening")
    assert answer.status_code == 409
    assert "was closed more than 14 days ago. Ask again" in answer.text
    assert ticket.is_done


def test_the_desk_reopens_whenever_it_likes_and_its_replies_are_replies(ticket, client_for):
    client = client_for(make.agent(name="Ben", team=ticket.team))
    says(client, ticket, "For the record: the cable.")
    assert (newest(), ticket.reply_count, ticket.is_done) == (ticket, 1, True)

    assert client.post(f"/tickets/{ticket.key}/reopening").status_code == 303
    assert not ticket.is_done


def test_a_participant_follows_up_in_their_own_name_and_the_requester_takes_part(ticket, client_for):
    cleo = db.session.scalar(select(TicketPerson).where(TicketPerson.part == Part.PARTICIPANT)).user
    says(client_for(cleo), ticket)
    assert parts(newest()) == {("Cleo", Part.REQUESTER), ("Ann", Part.PARTICIPANT)}


def test_whoever_left_and_a_category_that_is_no_more_do_not_come_along(ticket, ann, client_for):
    ticket.category.archived_at = clock.now()
    cleo = db.session.scalar(select(TicketPerson).where(TicketPerson.part == Part.PARTICIPANT)).user
    cleo.is_active = False
    db.session.commit()

    says(client_for(ann), ticket)
    assert (newest().category, parts(newest())) == (None, {("Ann", Part.REQUESTER)})


def test_whoever_only_reads_in_the_organization_by_now_asks_for_themselves(ticket, ann, house, client_for):
    elsewhere = make.organization()
    make.member(elsewhere, person=ann)
    for membership in house.memberships:
        membership.role = MembershipRole.VIEWER
    db.session.commit()

    assert says(client_for(ann), ticket).status_code == 403
    assert newest() == ticket


def test_where_the_project_takes_no_more_tickets_the_old_one_goes_on(ticket, ann, world, client_for):
    world.archived_at = clock.now()
    db.session.commit()

    says(client_for(ann), ticket)
    assert (newest(), ticket.is_done, ticket.reply_count) == (ticket, False, 1)


def test_sent_twice_it_is_one_and_the_draft_is_gone(ticket, ann, client_for):
    client = client_for(ann)
    client.post("/tickets/drafts", data={"scope": f"{ticket.key}:reply", "content": '{"body": "It is"}'})
    sent = [says(client, ticket, idempotency_key="k" * 22).location for _turn in range(2)]

    assert sent == [f"/tickets/{newest().key}?sent=1"] * 2
    assert db.session.query(Ticket).count() == 2
    assert db.session.query(Draft).count() == 0


def test_nothing_to_say_is_no_request(ticket, ann, client_for):
    assert says(client_for(ann), ticket, "  ").status_code == 422
    assert newest() == ticket


def test_who_asks_too_often_keeps_their_words(ticket, ann, client_for):
    change_settings(actor=None, tickets_per_hour=1)
    db.session.commit()
    forget_site()
    client = client_for(ann)
    says(client, ticket, "It is back.", idempotency_key="a" * 22)

    answer = says(client, ticket, "And again.", idempotency_key="b" * 22)
    assert (answer.status_code, "And again." in answer.text) == (429, True)


def test_files_come_along(ticket, ann, client_for):
    file = make.file(None, ann, "plan.png", draft=draft_of(ticket, "reply"))
    db.session.commit()

    says(client_for(ann), ticket)
    assert (file.ticket, file.draft) == (newest(), None)


def test_a_program_is_told_to_submit_a_new_one(ticket, ann, app):
    token = make.token(ann)
    db.session.commit()
    answer = app.test_client().post(
        f"/api/v1/tickets/{ticket.key}/comments",
        json={"body": "Back."},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, "more than 14 days ago" in answer.text) == (409, True)
    assert (newest(), ticket.reply_count) == (ticket, 0)


def test_the_link_reads_from_both_ends():
    assert Relation.FOLLOWS.reversed is Relation.FOLLOWED_BY
    assert Relation.FOLLOWED_BY.kind is Relation.FOLLOWS.kind
