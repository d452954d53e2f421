"""What rules and macros say and begin: answers from the shelf, words for colleagues, further tickets."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.models import User
from portal.canned.filling import fill_for
from portal.canned.models import CannedReply
from portal.canned.queries import usable_reply
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.permissions import STAFF
from portal.projects.models import Project
from portal.rules.effects import row
from portal.rules.inputs import Choose, LongText, Somebody, Text
from portal.rules.registry import Effect, Values
from portal.rules.sight import current_projects
from portal.rules.texts import subject_input, subject_of
from portal.tickets import actions, comments
from portal.tickets.links import link
from portal.tickets.models import Part, Request, Ticket, TicketPerson
from portal.tickets.relations import Relation

WORDS_LIMIT = 300
OWNER, REQUESTER = "owner", "requester"


def _shared_replies() -> list[tuple[str, str]]:
    """What somebody has for themselves goes with them, so no rule says it."""
    shared = select(CannedReply.public_id, CannedReply.name).where(CannedReply.owner_id.is_(None))
    return [(row.public_id, row.name) for row in db.session.execute(shared.order_by(CannedReply.sort_name))]


class Reply(Effect):
    name, label = "reply", _l("Send a canned reply")
    inputs = (
        Choose(
            "canned",
            _l("Canned reply"),
            _shared_replies,
            gone=_l("The canned reply “%(name)s” is not there any more, or is not shared."),
            names_rows=True,
        ),
    )
    hint = _l("Everybody who sees the ticket reads it, signed by the rule’s owner.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        canned = usable_reply(values["canned"]["id"], ticket, agent=actor)
        if canned is None:
            raise DomainError(
                _("The canned reply “%(name)s” cannot be used here.", name=values["canned"]["label"])
            )
        comments.reply(ticket, fill_for(canned.body, ticket, agent=actor), author=actor)


class TellPerson(Effect):
    name, label = "tell", _l("Tell a person")
    inputs = (
        Somebody("person", _l("Person"), hint=_l("Name or mail address")),
        Text("words", _l("Words"), most=WORDS_LIMIT, is_optional=True),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        _tell(ticket, [row(User, values["person"])], values, actor)


GROUPS = {
    "assignee": _l("Its assignee"),
    "team": _l("Its team"),
    "watchers": _l("Whoever watches it"),
}


class TellThose(Effect):
    name, label = "tell_group", _l("Tell its assignee, team or watchers")
    inputs = (
        Choose("group", _l("Whom"), GROUPS.items),
        Text("words", _l("Words"), most=WORDS_LIMIT, is_optional=True),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        ids: Any = {
            "assignee": select(Ticket.assignee_id).where(Ticket.id == ticket.id),
            "team": select(TeamMember.user_id).where(TeamMember.team_id == ticket.team_id),
            "watchers": select(TicketPerson.user_id).where(
                TicketPerson.ticket_id == ticket.id, TicketPerson.part == Part.WATCHER
            ),
        }[values["group"]["id"]]
        people = select(User).where(User.id.in_(ids), User.is_active.is_(True), User.role.in_(STAFF))
        _tell(ticket, db.session.scalars(people.order_by(User.sort_name, User.id)), values, actor)


class CreateLinked(Effect):
    """It is an event of the same chain, so rules for new tickets see it, and no circle comes of it."""

    name, label = "create", _l("Create a linked ticket")
    inputs = (
        subject_input(),
        LongText("description", _l("Description"), most=20_000, is_optional=True),
        Choose(
            "project",
            _l("Project"),
            current_projects,
            is_optional=True,
            hint=_l("Nothing chosen: the same one."),
            gone=_l("The project “%(name)s” takes no more tickets."),
            names_rows=True,
        ),
        Choose("relation", _l("The new ticket"), lambda: [(each.value, each.label) for each in Relation]),
        Choose(
            "for",
            _l("Asked for by"),
            lambda: [(OWNER, str(_l("The rule’s owner"))), (REQUESTER, str(_l("The same requester")))],
        ),
    )

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        title = subject_of(values["title"], ticket)
        description = fill_for(values.get("description") or "", ticket, agent=actor)
        chosen = values.get("project")
        asked = Request(
            project=row(Project, chosen) if chosen else ticket.project, title=title, description=description
        )
        requester = actor if values["for"]["id"] == OWNER else ticket.requester
        made = actions.submit_ticket(requester, asked, actor=requester)
        link(made, Relation(values["relation"]["id"]), ticket, actor=actor)


def _tell(ticket: Ticket, people: Iterable[User], values: Values, actor: User) -> None:
    """Whoever may not see the ticket is not told of it: notifications look again."""
    told = list(people)
    if not told:
        return
    record(
        Kind.PEOPLE_TOLD,
        actor=actor,
        ticket=ticket,
        public=False,
        told=[person.id for person in told],
        people=[person.name for person in told],
        words=values.get("words") or "",
    )


EFFECTS_OF_WORDS = (Reply(), TellPerson(), TellThose(), CreateLinked())
