"""A small desk, and what its people do with a ticket: each by the action that a click takes."""

from dataclasses import dataclass
from datetime import timedelta

from portal import clock
from portal.accounts.models import User
from portal.errors import DomainError
from portal.organizations.models import Team
from portal.projects.models import Project, TicketCategory
from portal.tickets import actions, comments, deadlines, participants, rating, spam, spent, tagging, triage
from portal.tickets.confidentiality import make_confidential, make_open
from portal.tickets.models import Priority, TicketType, WaitingFor
from portal.tickets.moving import move
from tests import factories as make


@dataclass(frozen=True)
class SmallDesk:
    asker: User
    colleague: User
    agents: tuple[User, ...]
    teams: tuple[Team, ...]
    category: TicketCategory
    projects: tuple[Project, ...]


def some_world(_chance) -> SmallDesk:
    teams = make.team(name="Network"), make.team(name="Field")
    return SmallDesk(
        make.employee(name="Ines Asker"),
        make.employee(name="Carl Colleague"),
        (make.agent(name="Ann Agent", team=teams[0]), make.agent(name="Ben Agent", team=teams[1])),
        teams,
        make.category("Printing"),
        (make.desk(), make.project("FM", name="Facilities")),
    )


def _edit(**choices):
    def deed(ticket, desk, chance):
        field = chance.choice(list(choices))
        actions.edit(ticket, actor=chance.choice(desk.agents), **{field: choices[field](chance)})

    return deed


def _status(ticket, desk, chance):
    steps = [step.end for step in ticket.status.steps]
    reason = chance.choice([None, *WaitingFor])
    actions.change_status(ticket, chance.choice(steps), actor=chance.choice(desk.agents), waiting_for=reason)


def _assign(ticket, desk, chance):
    actions.assign(ticket, chance.choice([None, *desk.agents]), actor=chance.choice(desk.agents))


def _team(ticket, desk, chance):
    actions.assign_team(ticket, chance.choice([None, *desk.teams]), actor=chance.choice(desk.agents))


def _reply(ticket, desk, chance):
    author = chance.choice([desk.asker, *desk.agents])
    comments.reply(ticket, chance.choice(["It burns.", "Thanks"]), author=author)


def _note(ticket, desk, chance):
    comments.add_note(ticket, "Only for us.", author=chance.choice(desk.agents))


def _tags(ticket, desk, chance):
    names = chance.sample(["vpn", "urgent", "vip"], chance.choice([0, 1, 2]))
    tagging.change_tags(ticket, names, actor=chance.choice(desk.agents))


def _due(ticket, desk, chance):
    due_at = chance.choice([None, clock.now() + timedelta(days=1), clock.now() - timedelta(days=1)])
    deadlines.set_due(ticket, due_at, actor=chance.choice(desk.agents))


def _confidential(ticket, desk, chance):
    chance.choice([make_confidential, make_open])(ticket, actor=chance.choice(desk.agents))


def _watch(ticket, desk, chance):
    chance.choice([actions.watch, actions.unwatch])(ticket, chance.choice(desk.agents))


def _participant(ticket, desk, chance):
    if chance.random() < 0.5:
        participants.add_participant(ticket, desk.colleague, actor=desk.asker)
    else:
        participants.remove_participant(ticket, desk.colleague.id, actor=desk.asker)


def _spam(ticket, desk, chance):
    if ticket.is_spam:
        spam.unmark(ticket, actor=desk.agents[0])
    else:
        spam.mark(ticket, actor=desk.agents[0])


def _snooze(ticket, desk, chance):
    until = chance.choice([None, clock.now() + timedelta(hours=3)])
    triage.snooze(ticket, until, actor=chance.choice(desk.agents))


def _decline(ticket, desk, _chance):
    triage.decline(ticket, "Not here.", actor=desk.agents[0])


def _withdraw(ticket, desk, _chance):
    triage.withdraw(ticket, actor=desk.asker)


def _move(ticket, desk, chance):
    move(ticket, chance.choice(desk.projects), actor=None)


def _spend(ticket, desk, chance):
    spent.spend(ticket, chance.choice([5, 30]), by=desk.agents[0], on=clock.now().date())


def _rate(ticket, desk, chance):
    if ticket.is_done:
        rating.rate(ticket, chance.choice([1, 5]), "", by=desk.asker)


def _allowed(deed):
    """What the desk refuses just then changes nothing."""

    def done(ticket, desk, chance):
        try:
            deed(ticket, desk, chance)
        except DomainError:
            return

    return done


FIELDS = _edit(
    title=lambda chance: chance.choice(["Printer on fire", "VPN drops"]),
    description=lambda chance: chance.choice(["", "Since Monday", "It smells"]),
    priority=lambda chance: chance.choice(list(Priority)),
    type=lambda chance: chance.choice(list(TicketType)),
)
DEEDS = [
    _allowed(deed)
    for deed in (
        FIELDS, FIELDS, _status, _status, _status, _assign, _team, _reply, _reply, _note, _tags, _due,
        _confidential, _watch, _participant, _spam, _snooze, _decline, _withdraw, _move, _spend, _rate,
    )
]  # fmt: skip
