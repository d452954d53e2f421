"""Who knows of which canned replies, inserts them, changes them and shares with whom."""

import pytest
from sqlalchemy import select

from portal.canned import actions
from portal.canned.actions import Wanted
from portal.canned.models import CannedReply
from portal.canned.policy import editable_by, may_edit, readable_by, usable_by
from portal.canned.queries import menu_of
from portal.errors import DomainError, NotAllowed
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.organizations.sharing import Sharing
from portal.privacy.anonymizing import take_identity
from tests import factories as make


def lead(team, **values):
    person = make.agent(**values)
    make.make(TeamMember, user_id=person.id, team_id=team.id, is_lead=True)
    return person


@pytest.fixture
def desk(world):
    """One reply in each kind of place, and one person for each that can stand to them."""
    network, other = make.team(name="Network"), make.team(name="Other")
    shut = make.project(members_only=True)
    people = {
        "agent": make.agent(team=network),
        "lead": lead(network),
        "stranger": make.agent(team=other),
        "other lead": lead(other),
        "member": make.agent(),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    make.project_member(shut, people["member"])
    make.canned(people["agent"], name="own")
    make.canned(name="team", team=network)
    make.canned(name="everyone", everyone=True)
    make.canned(name="shut", everyone=True, project=shut)
    make.canned(name="team and shut", team=network, project=shut)
    db.session.commit()
    return people


def names(condition):
    return set(db.session.scalars(select(CannedReply.name).where(condition)))


USES = {
    "agent": {"own", "team", "everyone"},
    "lead": {"team", "everyone"},
    "stranger": {"everyone"},
    "other lead": {"everyone"},
    "member": {"everyone", "shut"},
    "manager": {"everyone"},
    "admin": {"everyone", "shut"},
}
EDITS = {
    "agent": {"own"},
    "lead": {"team"},
    "stranger": set(),
    "other lead": set(),
    "member": set(),
    "manager": {"team", "everyone"},
    "admin": {"team", "everyone", "shut", "team and shut"},
}


@pytest.mark.parametrize("who", USES)
def test_who_uses_reads_and_edits_which(desk, client_for, who):
    person = desk[who]

    assert names(usable_by(person)) == USES[who]
    assert names(editable_by(person)) == EDITS[who]
    assert names(readable_by(person)) == USES[who] | EDITS[who]

    for reply in db.session.scalars(select(CannedReply)).all():
        assert may_edit(person, reply) == (reply.name in EDITS[who])


@pytest.mark.parametrize("who", USES)
def test_the_pages_say_the_same(desk, client_for, who):
    client, listed = client_for(desk[who]), USES[who] | EDITS[who]
    addresses = dict(db.session.execute(select(CannedReply.name, CannedReply.public_id)).all())
    page = client.get("/canned-replies").text
    for name, public_id in addresses.items():
        path = f"/canned-replies/{public_id}"
        assert (path in page) == (name in listed), name
        shown = client.get(path)
        assert (shown.status_code == 200) == (name in listed), name
        assert ("<textarea" in shown.text) == (name in EDITS[who]), name
        if name not in EDITS[who]:
            assert client.post(path, data={"name": "x", "body": "x", "place": "nobody"}).status_code == 404
            assert client.post(f"{path}/deletion").status_code == 404


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        ("agent", {"nobody"}),
        ("lead", {"nobody", "Network"}),
        ("manager", {"nobody", "Network", "Other", "everyone"}),
        ("admin", {"nobody", "Network", "Other", "everyone"}),
    ],
)
def test_with_whom_somebody_shares(desk, who, offered):
    teams = {
        name: make.db.session.scalar(select(make.Team).where(make.Team.name == name))
        for name in ("Network", "Other")
    }
    done = set()
    for number, place in enumerate(("nobody", "Network", "Other", "everyone")):
        shared = Sharing(place) if place in set(Sharing) else Sharing.TEAM
        try:
            actions.create(Wanted(f"new {number}", "x", shared, teams.get(place)), actor=desk[who])
            done.add(place)
        except NotAllowed:
            assert place not in offered
    assert done == offered


def test_a_lead_cannot_send_what_the_form_does_not_offer(desk, client_for):
    client = client_for(desk["lead"])
    for place in ("everyone", "team-999999", "team", "nonsense", ""):
        answer = client.post("/canned-replies/new", data={"name": "N", "body": "B", "place": place})
        assert answer.status_code == 422, place


def test_a_reply_for_a_project_is_offered_at_its_tickets_alone(world):
    agent, other = make.agent(), make.project()
    make.canned(agent, name="here", project=world)
    make.canned(agent, name="there", project=other)
    make.canned(agent, name="anywhere")

    assert [row.name for row in menu_of(agent, make.ticket(project=world))] == ["anywhere", "here"]


def test_a_place_has_each_name_once_and_another_place_may_have_it_too(world):
    agent, team = make.agent(), make.team()
    make.canned(agent, name="VPN")
    make.canned(make.agent(), name="VPN")
    make.canned(name="VPN", team=team)
    make.canned(name="VPN", team=make.team())
    make.canned(name="VPN", everyone=True)

    for again in ({"owner": agent}, {"team": team}, {"everyone": True}):
        with pytest.raises(DomainError, match="already"):
            make.canned(name="vpn", **again)


def test_nobody_keeps_more_than_so_many(world, monkeypatch):
    monkeypatch.setattr(actions, "MOST", 2)
    agent = make.agent()
    make.canned(agent)
    kept = make.canned(agent)

    with pytest.raises(DomainError, match="2 canned replies"):
        make.canned(agent)

    make.canned(make.agent())
    actions.delete(kept, actor=agent)
    make.canned(agent)


def test_what_is_taken_back_is_the_own_of_whoever_did(world):
    boss = make.manager()
    reply = make.canned(name="Ours", everyone=True)

    actions.edit(reply, Wanted("Mine", reply.body), actor=boss)

    assert (reply.owner_id, reply.shared) == (boss.id, Sharing.NOBODY)


# The audit log


def told():
    found = select(Event).where(Event.kind.like("canned.%")).order_by(Event.id)
    return [
        (event.kind, event.data["canned"], set(event.data["changes"])) for event in db.session.scalars(found)
    ]


def test_the_audit_log_tells_of_what_is_shared_and_of_nothing_else(world):
    boss = make.manager()
    reply = make.canned(boss, name="Quiet")
    actions.edit(reply, Wanted("Quiet", "Still my own."), actor=boss)
    assert told() == []

    actions.edit(reply, Wanted("Loud", "For all.", Sharing.EVERYONE), actor=boss)
    actions.edit(reply, Wanted("Loud", "For all.", Sharing.EVERYONE), actor=boss)
    actions.edit(reply, Wanted("Louder", "For all.", Sharing.EVERYONE), actor=boss)
    actions.edit(reply, Wanted("Secret", "Mine again."), actor=boss)
    actions.edit(reply, Wanted("Back", "Ours.", Sharing.EVERYONE), actor=boss)
    actions.delete(reply, actor=boss)

    assert told() == [
        (Kind.CANNED_SHARED, "Loud", {"name", "body", "shared_with"}),
        (Kind.CANNED_EDITED, "Louder", {"name"}),
        (Kind.CANNED_UNSHARED, "Louder", {"name", "body", "shared_with"}),
        (Kind.CANNED_SHARED, "Back", {"name", "body", "shared_with"}),
        (Kind.CANNED_UNSHARED, "Back", {"name", "body", "shared_with"}),
    ]
    gone = db.session.scalars(select(Event).where(Event.kind == Kind.CANNED_UNSHARED)).first()
    assert gone.data["changes"]["body"] == change("For all.", None), "what it became is its owner's alone"


def test_the_audit_page_says_so(world, client_for):
    make.canned(name="Out of paper", team=make.team(name="Network"))
    make.canned(name="Thanks", everyone=True)
    db.session.commit()

    page = client_for(make.admin()).get("/admin/audit").text

    assert "Canned reply shared" in page
    assert "Out of paper" in page
    assert "Everyone at the desk" in page


def test_what_somebody_had_for_themselves_goes_with_them_and_what_is_shared_stays(world):
    boss = make.manager()
    make.canned(boss, name="Own")
    shared = actions.create(Wanted("Ours", "x", Sharing.EVERYONE), actor=boss)
    db.session.commit()

    take_identity(boss)

    assert names(CannedReply.id > 0) == {"Ours"}
    assert shared.changed_by is boss
