"""Every route, asked by everybody, of what is theirs, what is others', and what is confidential.

What is expected is worked out from three tables: the permission of each route
(`tests.test_access.TABLE`), what each person may do with each kind of thing (below), and what
a route does with the thing its address names. A route that is in none of them fails.
"""

from enum import Enum

import pytest

from portal.permissions import GRANTS, Role, Scope
from tests.security.cast import HOUSES, NOBODY, SESSIONS, TICKETS, WHO, WHOSE, May, asked, gather
from tests.test_access import ANYONE, LOGIN, TABLE
from tests.web.routes import doors


class Answer(Enum):
    LOGIN = "the way to the login"
    FORBIDDEN = "403"
    HIDDEN = "404"
    THROUGH = "the view"


LEAD_TO_LOGIN = {
    "accounts.second_step",  # for the browser alone that has just shown a password
    "accounts.emergency_access",  # there is none while everybody may log in with a password
}
# What a route does with the thing of its address. Those of a ticket that are not here act on it.
READS_TICKET = {"tickets.show", "tickets.show_preview", "tickets.earlier", "api.ticket"}
WORKS_ON_TICKET = {
    "api.add_link",
    "api.remove_link",
    "api.put_tags",
    "api.put_due",
}  # for programs of the desk alone
# Whose rows nobody of the matrix has: who reads which, tests/canned and tests/tickets/test_spent tell.
OF_NO_ROW = {
    "exports.file",
    "canned.reply",
    "canned.delete",
    "canned.versions",
    "canned.restore",
    "tickets.canned_reply",
    "tickets.take_time_back",
    "tickets.apply_macro",
}
REVOKE = "accounts.revoke_token"
READS_FILE = {"attachments.file", "attachments.download", "attachments.picture"}
SENDS_FILE = {"attachments.complete", "attachments.parts"}  # one's own alone
FILES_OF_ADMINS = {"admin.one_file", "admin.delete_file", "admin.release_file", "admin.retry_file"}
READS_HOUSE = {"organizations.requests"}
ROLES = {"agent": Role.AGENT, "other agent": Role.AGENT, "manager": Role.MANAGER, "admin": Role.ADMIN}
# Whose address names nothing that is somebody's: the permission alone decides.
UNBOUND = {"direction", "digest", "filename", "name", "reaction", "slug", "token"}


@pytest.fixture
def cast(app, world):
    return gather(world)


def expected(who, whose, door):
    """The answer that the tables ask for."""
    permission = TABLE[door.endpoint]
    if door.endpoint in LEAD_TO_LOGIN:
        return Answer.LOGIN
    if permission is ANYONE:
        return Answer.THROUGH
    if who in NOBODY:
        return Answer.LOGIN
    if isinstance(permission, Scope):  # the token has all of them
        bound = _bound(who, whose, door)
        is_for_desk = door.endpoint in WORKS_ON_TICKET and bound is Answer.THROUGH
        return Answer.FORBIDDEN if is_for_desk and who not in ROLES else bound
    if permission is not LOGIN and permission not in GRANTS[ROLES.get(who, Role.EMPLOYEE)]:
        return Answer.FORBIDDEN
    return _bound(who, whose, door)


def _bound(who, whose, door):
    """The answer as far as it depends on whose the thing is that the address names."""
    place = WHOSE.index(whose)
    if "key" in door.names:
        may, wanted = TICKETS[who][place], May.READ if door.endpoint in READS_TICKET else May.ACT
        return Answer.HIDDEN if not may else Answer.THROUGH if may >= wanted else Answer.FORBIDDEN
    if _is_of_house(door):
        wanted = May.READ if door.endpoint in READS_HOUSE else May.ACT
        return Answer.THROUGH if HOUSES[who][place > 0] >= wanted else Answer.HIDDEN
    if door.endpoint.startswith("attachments.") and "public_id" in door.names:
        return _of_file(who, place, door)
    if door.endpoint in FILES_OF_ADMINS:
        return Answer.THROUGH
    if "public_id" in door.names or door.endpoint == REVOKE:
        return Answer.THROUGH if SESSIONS[who][place > 0] else Answer.HIDDEN
    assert door.endpoint.startswith("admin.") or door.names <= UNBOUND, f"{door} is in no table"
    return Answer.THROUGH


def _of_file(who, place, door):
    """Files are as visible as their tickets. That of the matrix has arrived: no part of it is waited for."""
    may = TICKETS[who][place]
    if not may or door.endpoint == "attachments.parts":
        return Answer.HIDDEN
    if door.endpoint in SENDS_FILE:
        return Answer.THROUGH if place == 0 else Answer.HIDDEN
    return Answer.THROUGH if door.endpoint in READS_FILE or may is May.ACT else Answer.FORBIDDEN


def _is_of_house(door):
    return door.endpoint.startswith("organizations.") and "organization_id" in door.names


def answered(answer):
    if answer.status_code == 303 and answer.location.startswith("/login"):
        return Answer.LOGIN
    if answer.status_code == 401 and "WWW-Authenticate" in answer.headers:
        return Answer.LOGIN
    return {403: Answer.FORBIDDEN, 404: Answer.HIDDEN}.get(answer.status_code, Answer.THROUGH)


@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_just_what_the_tables_say(app, cast, client_for, who):
    client, wrong, told = client_for(cast.people[who]), [], {}
    for whose in WHOSE:
        for door in doors(app, cast.arguments[who][whose]):
            if door.endpoint == "accounts.logout":
                continue
            wanted = expected(who, whose, door)
            if door in told:  # its address names nothing of anybody's: it would be the same request again
                assert told[door] is wanted, door
                continue
            told[door] = wanted
            answer = asked(app, client, door, cast.tokens[who])
            if answered(answer) is not wanted and not _is_made_up(door, wanted, answer):
                wrong.append((str(door), whose, wanted.value, answer.status_code))
    assert wrong == [], wrong


def _is_made_up(door, wanted, answer):
    """Whether the view itself says 404, because the link or row is none; what is somebody's is there."""
    is_there = {"key", "public_id"} & door.names or door.endpoint == REVOKE or _is_of_house(door)
    is_none = not is_there or door.endpoint in OF_NO_ROW
    return wanted is Answer.THROUGH and answer.status_code == 404 and is_none
