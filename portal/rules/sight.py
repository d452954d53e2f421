"""What rules and macros decide of who knows of a ticket: its people, its secrecy, its project."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.errors import DomainError
from portal.projects.models import Project
from portal.rules.effects import row
from portal.rules.inputs import Anybody, Choose
from portal.rules.registry import Effect, Values
from portal.tickets import confidentiality, moving, participants
from portal.tickets.models import Ticket
from portal.tickets.vocabulary import vocabulary


def current_projects() -> list[tuple[str, str]]:
    return [(str(each.id), each.label) for each in vocabulary().projects if each.is_current]


class MakeConfidential(Effect):
    name, label = "confidential", _l("Make it confidential")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        confidentiality.make_confidential(ticket, actor=actor)


class MakeOpen(Effect):
    name, label = "not_confidential", _l("Let it be confidential no longer")
    hint = _l("Whoever sees the other tickets of its team then sees it, with all that is written there.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        confidentiality.make_open(ticket, actor=actor)


class AddParticipant(Effect):
    name, label = "participant", _l("Let somebody take part")
    inputs = (Anybody("person", _l("Person"), hint=_l("Name or mail address")),)
    hint = _l("They see the request, can answer, and are told of news.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        person = row(User, values["person"])
        if not person.is_active:
            raise DomainError(_("%(name)s is not there any more.", name=person.name))
        participants.add_participant(ticket, person, actor=actor)


class Move(Effect):
    name, label = "project", _l("Give to another project")
    inputs = (
        Choose(
            "project",
            _l("Project"),
            current_projects,
            gone=_l("The project “%(name)s” takes no more tickets."),
            names_rows=True,
        ),
    )
    hint = _l("It gets a key of that one; the old key leads to it.")

    def apply(self, ticket: Ticket, values: Values, *, actor: User) -> None:
        moving.move(ticket, row(Project, values["project"]), actor=actor)


EFFECTS_ON_SIGHT = (MakeConfidential(), MakeOpen(), AddParticipant(), Move())
