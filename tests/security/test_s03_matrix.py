"""Every route, asked by everybody, of what is theirs, what is others', and what is confidential.

What is expected is worked out from three tables: the permission of each route
(`tests.test_access.TABLE`), what each person may do with each kind of thing (below), and what
a route does with the thing its address names. A route that is in none of them fails.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, IntEnum

import pytest

from portal import clock
from portal.accounts.models import Session
from portal.extensions import db
from portal.organizations.models import MembershipRole, Shares
from portal.permissions import GRANTS
from tests import factories as make
from tests.test_access import ANYONE, LOGIN, TABLE
from tests.web.routes import doors

WHO = ("anonymous", "unverified", "employee", "stranger", "viewer", "house admin", "agent", "other agent",
       "manager", "admin")  # fmt: skip
WHOSE = ("own", "foreign", "confidential")
NOBODY = {"anonymous", "unverified"}


class May(IntEnum):
    NOTHING = 0  # it does not exist for them
    READ = 1
    ACT = 2


class Answer(Enum):
    LOGIN = "the way to the login"
    FORBIDDEN = "403"
    HIDDEN = "404"
    THROUGH = "the view"


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

# What a route does with the thing of its address. Those of a ticket that are not here act on it.
READS_TICKET = {"tickets.show", "tickets.earlier"}
READS_HOUSE = {"organizations.requests"}
# Whose address names nothing that is somebody's: the permission alone decides.
UNBOUND = {"direction", "digest", "filename", "name", "reaction", "slug", "token"}


@dataclass
class Cast:
    """The people of the matrix, and what each of them asks for."""

    people: dict = field(default_factory=dict)
    arguments: dict = field(default_factory=dict)  # by whose it is, for each person


@pytest.fixture
def cast(app, world):
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
        "project_id": world.id,
        "project_key": world.key,
        "team_id": team.id,
        "department_id": make.department(house).id,
        "mail_id": 1,
        "event_id": 1,
        "provider_id": 1,
        "identity_id": 1,
    } | {"direction": "up", "digest": "x" * 32, "filename": "x", "name": "open", "reaction": "notify_people",
         "slug": "house", "token": "x" * 43}  # fmt: skip
    houses = {"stranger": elsewhere} | dict.fromkeys(("agent", "other agent", "manager", "admin"), third)
    for who, person in found.people.items():
        its = houses.get(who, house)
        another = house if its is elsewhere else elsewhere
        mine = _ticket(person or ann, its, other_team if who == "agent" else team, is_confidential=True)
        found.arguments[who] = {
            "own": rows | _of_house(its) | {"key": mine.key, "public_id": _session_of(person or ann)},
            "foreign": rows | _of_house(another) | {"key": foreign.key, "public_id": _session_of(ann)},
            "confidential": rows | _of_house(another) | {"key": secret.key, "public_id": _session_of(ann)},
        }
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


def _session_of(person):
    row = make.make(
        Session,
        user_id=person.id,
        public_id=f"{next(make._numbers):016}",
        token_digest=f"{next(make._numbers):064}",
        expires_at=clock.now().replace(year=2100),
    )
    return row.public_id


def expected(who, whose, door, arguments):
    """The answer that the tables ask for."""
    permission = TABLE[door.endpoint]
    if door.endpoint == "accounts.second_step":  # for the browser alone that has just shown a password
        return Answer.LOGIN
    if permission is not ANYONE and who in NOBODY:
        return Answer.LOGIN
    if permission is ANYONE:
        return Answer.THROUGH
    if permission is not LOGIN and permission not in GRANTS[_role(who)]:
        return Answer.FORBIDDEN
    may, wanted = _may(who, whose, door, arguments)
    if may is May.NOTHING:
        return Answer.HIDDEN
    return Answer.THROUGH if may >= wanted else (Answer.HIDDEN if _is_house(door) else Answer.FORBIDDEN)


def _may(who, whose, door, arguments):
    """What this person may do with the thing of the address, and what the route does with it."""
    other = WHOSE.index(whose) > 0
    if "key" in arguments:
        return TICKETS[who][WHOSE.index(whose)], May.READ if door.endpoint in READS_TICKET else _wish(door)
    if _is_house(door) and "organization_id" in arguments:
        return HOUSES[who][other], May.READ if door.endpoint in READS_HOUSE else May.ACT
    if "public_id" in arguments:
        return SESSIONS[who][other], May.ACT
    assert door.endpoint.startswith("admin.") or set(arguments) <= UNBOUND, f"{door} is in no table"
    return May.ACT, May.ACT


def _wish(door):
    """The desk's own routes of a ticket are kept by the permission: whoever has it acts on what they see."""
    return May.ACT


def _is_house(door):
    return door.endpoint.startswith("organizations.")


def _role(who):
    return {"agent": "agent", "other agent": "agent", "manager": "manager", "admin": "admin"}.get(
        who, "employee"
    )


def answered(answer):
    if answer.status_code == 303 and answer.location.startswith("/login"):
        return Answer.LOGIN
    return {403: Answer.FORBIDDEN, 404: Answer.HIDDEN}.get(answer.status_code, Answer.THROUGH)


def asked(app, client, door):
    """The answer to one request, whose changes are undone."""
    undone = db.engines[None].begin_nested()
    try:
        return client.open(door.path, method=door.method)
    finally:
        db.session.remove()
        undone.rollback()


@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_just_what_the_tables_say(app, cast, client_for, who, whose):
    client, arguments = client_for(cast.people[who]), cast.arguments[who][whose]
    wrong = []
    for door in doors(app, arguments):
        if door.endpoint == "accounts.logout":
            continue
        named = _names(app, door)
        wanted = expected(who, whose, door, named)
        answer = asked(app, client, door)
        got = answered(answer)
        bound = wanted is not Answer.THROUGH or _may_be_strict(door, named)
        if got is not wanted and (bound or got is not Answer.HIDDEN):
            wrong.append((str(door), wanted.value, answer.status_code))
    assert wrong == []


def _names(app, door):
    return next(
        rule.arguments for rule in app.url_map.iter_rules(door.endpoint) if door.method in rule.methods
    )


def _may_be_strict(door, named):
    """Whether a 404 is wrong where the view was to answer: links and rows that are made up are none."""
    return "key" in named or "public_id" in named or (_is_house(door) and "organization_id" in named)


VARYING = re.compile(r'(csrf_token"[^>]*value|nonce|content)="[^"]*"|<span class="mono">[0-9a-f]{12}</span>')


@pytest.mark.parametrize("who", ["employee", "stranger", "other agent", "manager"])
def test_what_is_hidden_is_answered_like_what_never_was(app, cast, client_for, who):
    """Else one could ask key by key which there are."""
    client, arguments = client_for(cast.people[who]), cast.arguments[who]["confidential"]
    hidden = arguments["key"]
    missing = hidden.split("-")[0] + "-" + "9" * (len(hidden) - len(hidden.split("-")[0]) - 1)
    told = []
    for there, nowhere in zip(doors(app, arguments), doors(app, arguments | {"key": missing}), strict=True):
        if "key" not in _names(app, there):
            continue
        pages = []
        for door in (there, nowhere):
            answer = asked(app, client, door)
            text = answer.text.replace(hidden, "KEY").replace(missing, "KEY")
            pages.append((answer.status_code, VARYING.sub("", text)))
        assert pages[0] == pages[1], there
        told.append(pages[0][0])
    assert set(told) <= {403, 404}
