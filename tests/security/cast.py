"""Who is asked of what: the people of the tests of access, and what each may do with whose things."""

from dataclasses import dataclass, field
from enum import IntEnum

from portal import clock
from portal.accounts.credentials import ApiToken, Passkey
from portal.accounts.models import Session, digest
from portal.bulk.models import BulkOperation
from portal.desk.models import View
from portal.exports.models import Format, TicketExport
from portal.extensions import db
from portal.organizations.models import MembershipRole, Shares
from portal.permissions import Scope
from portal.rules.models import RuleKind, RuleTrial
from tests import factories as make

WHO = ("anonymous", "unverified", "employee", "stranger", "viewer", "house admin", "agent", "other agent",
       "manager", "admin")  # fmt: skip
WHOSE = ("own", "foreign", "confidential")
NOBODY = {"anonymous", "unverified"}


class May(IntEnum):
    NOTHING = 0  # it does not exist for them
    READ = 1
    ACT = 2


# What each may do with a ticket: their own one, one of a colleague of "employee", and that one confidential.
TICKETS = {
    "employee": (May.ACT, May.READ, May.NOTHING),  # their organization shares what is not confidential
    "stranger": (May.ACT, May.NOTHING, May.NOTHING),  # of another organization
    "viewer": (May.READ, May.READ, May.NOTHING),
    "house admin": (May.ACT, May.READ, May.NOTHING),
    "agent": (May.ACT, May.ACT, May.NOTHING),
    "other agent": (May.ACT, May.NOTHING, May.NOTHING),  # of another team than the ticket's
    "manager": (May.ACT, May.ACT, May.NOTHING),
    "admin": (May.ACT, May.ACT, May.ACT),
}
# And with an organization's own pages: of the one they belong to (the desk's people belong to none: of a
# third), and of another.
HOUSES = {
    "employee": (May.READ, May.NOTHING),
    "stranger": (May.READ, May.NOTHING),
    "viewer": (May.READ, May.NOTHING),
    "house admin": (May.ACT, May.NOTHING),
    "agent": (May.NOTHING, May.NOTHING),
    "other agent": (May.NOTHING, May.NOTHING),
    "manager": (May.NOTHING, May.NOTHING),
    "admin": (May.NOTHING, May.NOTHING),  # who look after them in the administration
}
SESSIONS = dict.fromkeys(TICKETS, (May.ACT, May.NOTHING))


@dataclass
class Cast:
    """The people of the matrix, and what each of them asks for."""

    people: dict = field(default_factory=dict)
    arguments: dict = field(default_factory=dict)  # by whose it is, for each person
    tokens: dict = field(default_factory=dict)  # by which programs of theirs ask, for each person


def gather(project):
    """Everybody, with a ticket of their own each, beside one of a colleague and one that is confidential."""
    house, elsewhere, third = (make.organization(shares=Shares.ALL) for _ in range(3))
    team, other_team = make.team(), make.team()
    ann = make.member(house, name="Ann Foreign")
    found = Cast()
    found.people = {
        "anonymous": None,
        "unverified": make.employee(email_verified_at=None),
        "employee": make.member(house),
        "stranger": make.member(elsewhere),
        "viewer": make.member(house, MembershipRole.VIEWER),
        "house admin": make.member(house, MembershipRole.ADMIN),
        "agent": make.agent(team=team),
        "other agent": make.agent(team=other_team),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    foreign, secret = _ticket(ann, house, team), _ticket(ann, house, team, is_confidential=True)
    rows = {
        "category_id": make.category().id,
        "project_id": project.id,
        "project_key": project.key,
        "team_id": team.id,
        "department_id": make.department(house).id,
        "mail_id": 1,
        "event_id": 1,
        "provider_id": 1,
        "identity_id": 1,
        "job_id": 1,
        "mention_id": 1,
        "link_id": 1,
        "ticket_id": 1,
        "tag_id": 1,
        "entry_id": 1,
        "note_id": 1,
        "lifecycle_id": project.lifecycle_id,
        "status_id": make.status("in_progress").id,
        "policy_id": 1,
        "calendar_id": 1,
        "rule_id": 1,
        "number": 1,
    } | {"direction": "up", "digest": "x" * 32, "filename": "x", "name": "open", "reaction": "notify_people",
         "slug": "house", "size": "preview", "token": "x" * 43}  # fmt: skip
    houses = {"stranger": elsewhere} | dict.fromkeys(("agent", "other agent", "manager", "admin"), third)
    for who, person in found.people.items():
        its = houses.get(who, house)
        another = house if its is elsewhere else elsewhere
        mine = _ticket(person or ann, its, other_team if who == "agent" else team, is_confidential=True)
        found.arguments[who] = {
            "own": rows | _of_house(its) | _with_file(mine, person or ann),
            "foreign": rows | _of_house(another) | _with_file(foreign, ann),
            "confidential": rows | _of_house(another) | _with_file(secret, ann),
        }
        found.tokens[who] = _token_of(person)[1] if person else None
    db.session.commit()
    return found


def _ticket(asker, house, team, **values):
    ticket = make.ticket(asker, team=team, **values)
    ticket.organization = house
    return ticket


def _of_house(house):
    owner = make.member(house, MembershipRole.OWNER)
    someone = make.member(house)
    return {
        "organization_id": house.id,
        "user_id": someone.id,
        "invitation_id": make.invitation(house, owner).id,
    }


def _with_file(ticket, person):
    """A ticket, a file that this person sent there, and their ways in, which are called as the file is."""
    ways = _ways_in(person)
    make.file(ticket, person, "plan.png", public_id=ways["public_id"])
    return {"key": ticket.key, "comment_id": make.reply(ticket).public_id} | ways


def _ways_in(person):
    return {"public_id": _session_of(person), "token_id": _token_of(person)[0]}


def _token_of(person):
    """Its public id, and the secret that a program of theirs sends."""
    secret = f"desk_{next(make._numbers):043}"
    row = make.make(
        ApiToken,
        user_id=person.id,
        public_id=f"{next(make._numbers):016}",
        name="A token",
        prefix=secret[:9],
        token_digest=digest(secret),
        scopes=[scope.value for scope in Scope],
        expires_at=clock.now().replace(year=2100),
    )
    return row.public_id, secret


def _session_of(person):
    """Of the browser, passkey, view, bulk change, export and trial they have, which are all called so."""
    row = make.make(
        Session,
        user_id=person.id,
        public_id=f"{next(make._numbers):016}",
        token_digest=f"{next(make._numbers):064}",
        expires_at=clock.now().replace(year=2100),
    )
    make.make(
        Passkey,
        user_id=person.id,
        public_id=row.public_id,
        credential_id=row.public_id.encode(),
        public_key=b"",
        sign_count=0,
        name="Phone",
    )
    make.make(
        TicketExport,
        public_id=row.public_id,
        owner_id=person.id,
        place="All open",
        format=Format.CSV,
    )
    make.make(
        RuleTrial, public_id=row.public_id, reader_id=person.id, kind=RuleKind.TRIGGER, days=7,
        content={"name": "x", "triggers": [], "filter": "", "asks": [], "actions": []},
    )  # fmt: skip
    make.make(BulkOperation, public_id=row.public_id, owner_id=person.id, act="close", what={})
    make.make(
        View, public_id=row.public_id, owner_id=person.id, name=row.public_id, sort="-updated", columns=[]
    )
    return row.public_id


BODIES = {"api.put_tags": {"tags": []}, "api.put_due": {"due_at": None}}  # of what is refused without


def asked(app, client, door, token=None):
    """The answer to one request, whose changes are undone; what is for programs, one with that token asks."""
    more = {}
    if door.is_for_machines:
        more["json"] = BODIES.get(door.endpoint, {"body": "x"} if door.method == "POST" else None)
        more["headers"] = {"Authorization": f"Bearer {token}"} if token else {}
    undone = db.engines[None].begin_nested()
    try:
        return client.open(door.path, method=door.method, **more)
    finally:
        db.session.remove()
        undone.rollback()
