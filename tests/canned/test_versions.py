"""What a shared canned reply was before, and the way back."""

import pytest
from sqlalchemy import select

from portal.canned import actions
from portal.canned.actions import Wanted
from portal.canned.models import CannedReply, CannedReplyVersion
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.organizations.sharing import Sharing
from tests import factories as make


@pytest.fixture
def boss(world):
    return make.manager(name="Mona Manager")


@pytest.fixture
def reply(boss):
    """One that was changed once."""
    reply = make.canned(name="VPN", body="Restart it.", everyone=True)
    actions.edit(reply, Wanted("VPN", "Renew it.", Sharing.EVERYONE), actor=boss)
    db.session.commit()
    return reply


def numbers(reply):
    kept = select(CannedReplyVersion.version).where(CannedReplyVersion.reply_id == reply.id)
    return list(db.session.scalars(kept.order_by(CannedReplyVersion.version)))


def lead_of(team):
    person = make.agent(team=team)
    db.session.scalars(select(TeamMember).where(TeamMember.user_id == person.id)).one().is_lead = True
    return person


def test_a_reply_goes_back_to_what_it_was_as_a_new_version(reply, boss, client_for):
    url = f"/canned-replies/{reply.public_id}"
    client = client_for(boss)

    page = client.get(f"{url}/versions").text
    answer = client.post(f"{url}/versions/1/restore")

    assert "Restart it." in page
    assert "Mona Manager" in page
    assert (answer.status_code, reply.body, numbers(reply)) == (303, "Restart it.", [1, 2, 3])
    event = db.session.scalars(
        select(Event).where(Event.kind == Kind.CANNED_EDITED).order_by(Event.id)
    ).all()[-1]
    assert event.data["from_version"] == 1
    audit = client_for(make.admin()).get("/admin/audit").text
    assert "Text: <b>Renew it.</b> became <b>Restart it.</b>" in audit
    assert "back to version 1" in audit


def test_going_back_to_what_it_is_changes_nothing(reply, boss, client_for):
    client_for(boss).post(f"/canned-replies/{reply.public_id}/versions/2/restore")

    assert numbers(reply) == [1, 2]


def test_it_goes_back_to_the_team_and_the_project_that_it_was_for(world, boss):
    team = make.team(name="Network")
    reply = make.canned(name="VPN", team=team, project=world)
    actions.edit(reply, Wanted("VPN", reply.body, Sharing.EVERYONE), actor=boss)

    actions.roll_back(reply, db.session.get(CannedReplyVersion, (reply.id, 1)), actor=boss)

    assert (reply.team, reply.project, reply.version) == (team, world, 3)


def test_what_somebody_has_for_themselves_has_no_versions(boss):
    own = make.canned(boss, name="Mine", body="For me.")
    actions.edit(own, Wanted("Mine", "For us.", Sharing.EVERYONE), actor=boss)
    actions.edit(own, Wanted("Mine", "For me again."), actor=boss)

    assert numbers(own) == [2]


def test_whoever_only_reads_a_reply_knows_nothing_of_what_it_was(reply, client_for):
    url = f"/canned-replies/{reply.public_id}/versions"
    agent = client_for(make.agent())

    assert agent.get(url).status_code == 404
    assert agent.post(f"{url}/1/restore").status_code == 404
    assert client_for(make.employee()).get(url).status_code in {403, 404}


def test_a_lead_sees_nothing_of_when_it_was_another_teams(boss, client_for):
    ours, theirs = make.team(name="Ours"), make.team(name="Theirs")
    reply = make.canned(name="VPN", body="Between us.", team=theirs)
    actions.edit(reply, Wanted("VPN", "For you.", Sharing.TEAM, ours), actor=boss)
    lead = lead_of(ours)
    db.session.commit()
    url = f"/canned-replies/{reply.public_id}/versions"

    page = client_for(lead).get(url).text

    assert "For you." in page
    assert "Between us." not in page
    assert client_for(lead).post(f"{url}/1/restore").status_code == 404
    assert "Between us." in client_for(boss).get(url).text


def test_nobody_sees_what_it_was_in_a_project_that_is_shut_to_them(boss, client_for):
    shut = make.project(members_only=True)
    make.project_member(shut, boss)
    reply = make.canned(name="VPN", body="Between us.", everyone=True, project=shut)
    actions.edit(reply, Wanted("VPN", "For all.", Sharing.EVERYONE), actor=boss)
    other = make.manager()
    db.session.commit()
    url = f"/canned-replies/{reply.public_id}/versions"

    assert "Between us." not in client_for(other).get(url).text
    assert client_for(other).post(f"{url}/1/restore").status_code == 404
    assert "Between us." in client_for(boss).get(url).text


def test_a_version_that_there_is_not_is_not_found(reply, boss, client_for):
    assert client_for(boss).post(f"/canned-replies/{reply.public_id}/versions/9/restore").status_code == 404


def test_a_copy_of_ones_own_begins_from_the_list(reply, boss, client_for):
    client = client_for(boss)

    assert f"/canned-replies/new?copy={reply.public_id}" in client.get("/canned-replies").text
    assert "Renew it." in client.get(f"/canned-replies/new?copy={reply.public_id}").text
    assert db.session.scalars(select(CannedReply)).all() == [reply]
