"""Everything that can be done to a ticket. Nothing here commits.

Whoever calls these for an existing ticket holds its row (`to_change=True`).
"""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from portal import clock
from portal.accounts.models import User, about
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.record import record
from portal.extensions import db
from portal.lifecycles.models import Category, Status
from portal.lifecycles.queries import first_status, path_to_category, path_to_status, status_now
from portal.markdown import render_markdown
from portal.organizations.models import Membership, Organization, Team
from portal.organizations.queries import memberships_to_ask_in
from portal.projects.models import Project, TicketCategory
from portal.projects.policy import is_shut
from portal.tickets.models import (
    Comment,
    Outcome,
    Part,
    Request,
    Ticket,
    TicketPerson,
    WaitingFor,
)
from portal.tickets.numbering import take_number
from portal.tickets.queries import last_organization_id
from portal.tickets.steps import refuse_step
from portal.tickets.told import named, snapshot, status_told, told_as


def submit_ticket(requester: User, request: Request, *, actor: User | None = None) -> Ticket:
    """Ask for help. The category's team gets it, else the project's; it waits in their inbox, or everybody's.

    An `actor` who asks on behalf of the requester takes part in it.
    Raises DomainError for an archived project, a category of another one, or an
    organization that the requester may not ask for.
    """
    _refuse_what_does_not_fit(request)
    status = first_status(request.project.lifecycle_id)
    home = _home(requester, request.organization)
    team_id = (request.category.team_id if request.category else None) or request.project.default_team_id
    team = db.session.get(Team, team_id) if team_id else None
    description_html = render_markdown(request.description)
    number = take_number(request.project)  # the last before the ticket: others wait for it
    ticket = Ticket(
        key=f"{request.project.key}-{number}",
        project=request.project,
        number=number,
        title=request.title,
        description=request.description,
        description_html=description_html,
        type=request.type,
        priority=request.priority,
        status=status,
        status_category=status.category,
        category=request.category,
        organization=home.organization if home else None,
        department_id=home.department_id if home else None,
        team=team,
        requester=requester,
        is_confidential=request.is_confidential,
        inbox_since=clock.now(),
    )
    db.session.add(ticket)
    db.session.flush()
    take_part(ticket, requester, Part.REQUESTER)
    told = {"values": snapshot(ticket)} | _submitted_by(ticket, actor)
    record(Kind.TICKET_SUBMITTED, actor=actor or requester, ticket=ticket, **told)
    return ticket


def _submitted_by(ticket: Ticket, actor: User | None) -> dict[str, Any]:
    if actor is None or actor.id == ticket.requester_id:
        return {}
    take_part(ticket, actor, Part.PARTICIPANT)
    return {"submitted_by": named(actor)}


def change_status(
    ticket: Ticket,
    status: Status,
    *,
    actor: User | None,
    waiting_for: WaitingFor | None = None,
    said: Comment | None = None,
) -> None:
    """Move the ticket along its lifecycle; asking for the status it has changes nothing.

    `said` is what the actor wrote on the ticket to go with it, where the step asks for a comment.
    Raises DomainError, naming the statuses that are allowed, where there is no such step; where the
    actor may not take it; and for what it asks for and the ticket does not have.
    """
    catch_up(ticket, actor=None)
    if status.id == ticket.status_id:
        _wait_for(ticket, waiting_for, actor=actor)
        return
    refuse_step(ticket, status, actor=actor, said=said)
    _move(ticket, status, actor=actor, waiting_for=waiting_for)


def walk_to(
    ticket: Ticket,
    category: Category,
    *,
    actor: User | None,
    waiting_for: WaitingFor | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Take the shortest way to a status of that category, whoever may take its steps and whatever they ask
    for: what the desk does by itself, such as opening a ticket again for a reply. Each step is recorded.

    `outcome` is how it ends where it is not solved. Raises DomainError where there is no way.
    """
    catch_up(ticket, actor=None)
    if ticket.status_category == category:
        return
    path = path_to_category(ticket.status, category)
    if not path:
        raise DomainError(_("From %(status)s no way leads there.", status=ticket.status.label))
    for status in path:
        _move(ticket, status, actor=actor, waiting_for=waiting_for, outcome=outcome)


def walk_back(
    ticket: Ticket, status: Status, *, actor: User | None, waiting_for: WaitingFor | None = None
) -> None:
    """Give it back the status that it had, by the shortest allowed way; where there is none, at once."""
    status = _holding(ticket, status)
    if status.id == ticket.status_id:
        return
    for step in path_to_status(ticket.status, status) or [status]:
        _move(ticket, step, actor=actor, waiting_for=waiting_for)


def put_back(
    ticket: Ticket,
    status: Status,
    *,
    actor: User | None,
    waiting_for: WaitingFor | None,
    closed_at: datetime | None,
) -> None:
    """Undo a change of status: give it back, in one step and whatever its lifecycle says, the status that
    it had, with what it waited for and since when it was closed."""
    status = _holding(ticket, status)
    if status.id == ticket.status_id:
        _wait_for(ticket, waiting_for, actor=actor)
        return
    _move(ticket, status, actor=actor, waiting_for=waiting_for)
    if closed_at and ticket.is_done:
        ticket.closed_at = closed_at


def catch_up(ticket: Ticket, *, actor: User | None) -> None:
    """Bring it where it has to be, if its status is no more, is not one of its project's lifecycle, or means
    something else by now: see `catching_up`, of which nobody who changes a ticket waits for the end."""
    status = _holding(ticket, ticket.status)
    if status.id != ticket.status_id or status.category != ticket.status_category:
        is_news = status.category != ticket.status_category  # for whoever asked, who sees no statuses
        _move(ticket, status, actor=actor, public=is_news, followed=True)
        db.session.flush()


def _holding(ticket: Ticket, status: Status) -> Status:
    """That status, or which one holds in its place for this ticket."""
    lifecycle_id = ticket.project.lifecycle_id
    if status.removed_at is None and status.lifecycle_id == lifecycle_id:
        return status
    return status_now(status, project_id=ticket.project_id, lifecycle_id=lifecycle_id)


def wait_for(ticket: Ticket, reason: WaitingFor, *, actor: User | None) -> None:
    """Say what it waits for, in the status it has. Raises DomainError where that is none of waiting."""
    catch_up(ticket, actor=None)
    if ticket.status_category != Category.WAITING:
        raise DomainError(
            _("%(key)s is %(status)s and waits for nothing.", key=ticket.key, status=ticket.status.label)
        )
    _wait_for(ticket, reason, actor=actor)


def settle(ticket: Ticket, *, actor: User) -> None:
    """Say "it's solved": close the ticket, by whatever steps its lifecycle has and whoever may take them."""
    walk_to(ticket, Category.DONE, actor=actor)


def reopen(ticket: Ticket, *, actor: User) -> None:
    """Take a closed ticket up again: with its assignee in progress, else open. Else a no-op."""
    if not ticket.is_done:
        return
    _let_go_of_who_left(ticket, actor=actor)
    wanted = Category.ACTIVE if ticket.assignee_id else Category.NEW
    other = Category.NEW if ticket.assignee_id else Category.ACTIVE
    reachable = wanted if path_to_category(ticket.status, wanted) else other
    walk_to(ticket, reachable, actor=actor)


def assign(ticket: Ticket, assignee: User | None, *, actor: User | None) -> None:
    """Make this agent answer for the ticket, in place of whoever did; None for nobody.

    Raises DomainError for somebody who cannot work on tickets, or not in the project.
    """
    if ticket.assignee_id == (assignee.id if assignee else None):
        return
    if assignee:
        _refuse_who_does_not_work_on(ticket, assignee)
    old, ticket.assignee = ticket.assignee, assignee
    end_assignment(ticket)
    if assignee:
        take_part(ticket, assignee, Part.ASSIGNEE)
    changes = {"assignee": {"old": named(old), "new": named(assignee)}}
    record(Kind.TICKET_ASSIGNED, actor=actor, ticket=ticket, changes=changes)


def assign_team(ticket: Ticket, team: Team | None, *, actor: User | None) -> None:
    """Give the ticket to a team, or back to triage with None; its assignee stays."""
    if ticket.team_id == (team.id if team else None):
        return
    old, ticket.team = ticket.team, team
    changes = {"team": {"old": named(old), "new": named(team)}}
    record(Kind.TICKET_ASSIGNED, actor=actor, ticket=ticket, changes=changes)


def edit(ticket: Ticket, *, actor: User | None, **values: Any) -> None:
    """Set these fields: title, description, type, priority, category; the same values change nothing.

    Raises DomainError for a category of another project.
    """
    changes = {}
    for name, new in values.items():
        old = getattr(ticket, name)
        if old == new:
            continue
        setattr(ticket, name, new)
        changes[name] = {"old": told_as(name, old), "new": told_as(name, new)}
    if not changes:
        return
    if "category" in changes:
        _refuse_category_of_another_project(ticket.category, ticket.project)
    if "description" in changes:
        ticket.description_html = render_markdown(ticket.description)
    record(Kind.TICKET_EDITED, actor=actor, ticket=ticket, changes=changes)


def take_part(ticket: Ticket, user: User, part: Part) -> None:
    """Let the user see the ticket, as what they are to it; twice is as good as once."""
    db.session.execute(_TAKE_PART, {"user_id": user.id, "ticket_id": ticket.id, "part": part})


def end_assignment(ticket: Ticket) -> None:
    """Nobody sees the ticket any more for being its assignee."""
    db.session.execute(_END_ASSIGNMENT, {"of_ticket": ticket.id})


# Of the table: what waits to be written of the ticket itself is then written once, with its history.
_PARTS: Any = TicketPerson.__table__
_TAKE_PART = insert(_PARTS).on_conflict_do_nothing()
_END_ASSIGNMENT = delete(_PARTS).where(
    _PARTS.c.ticket_id == bindparam("of_ticket"), _PARTS.c.part == Part.ASSIGNEE
)


def watch(ticket: Ticket, user: User, *, actor: User | None = None) -> None:
    """Be told of what happens on the ticket, by oneself or by an `actor`; watching twice is watching once."""
    if db.session.get(TicketPerson, (user.id, ticket.id, Part.WATCHER)):
        return
    take_part(ticket, user, Part.WATCHER)
    record(Kind.TICKET_WATCHED, actor=actor or user, ticket=ticket, public=False, **about(user))


def unwatch(ticket: Ticket, user: User) -> None:
    watching = db.session.get(TicketPerson, (user.id, ticket.id, Part.WATCHER))
    if watching is None:
        return
    db.session.delete(watching)
    db.session.flush()
    record(Kind.TICKET_UNWATCHED, actor=user, ticket=ticket, public=False, **about(user))


def _move(
    ticket: Ticket,
    status: Status,
    *,
    actor: User | None,
    waiting_for: WaitingFor | None = None,
    outcome: Outcome | None = None,
    **told: Any,
) -> None:
    """From one status that means waiting, or done, to another it goes on to wait for the same, and is as
    long closed."""
    is_waiting, is_done = status.category == Category.WAITING, status.category == Category.DONE
    was_done, before = ticket.is_done, ticket.status_category
    if was_done and not is_done:
        _let_go_of_who_left(ticket, actor=actor)
    old, ticket.status = ticket.status, status
    ticket.status_category = status.category
    ticket.waiting_for = (waiting_for or ticket.waiting_for or WaitingFor.OTHER) if is_waiting else None
    ticket.closed_at = ((ticket.closed_at if was_done else None) or clock.now()) if is_done else None
    ticket.outcome = (outcome or (ticket.outcome if was_done else None)) if is_done else None
    told |= {"outcome": ticket.outcome} if ticket.outcome else {}
    record(
        Kind.STATUS_CHANGED,
        actor=actor,
        ticket=ticket,
        changes={"status": {"old": status_told(old) | {"category": before}, "new": status_told(status)}},
        waiting_for=ticket.waiting_for,
        **told,
    )


def _let_go_of_who_left(ticket: Ticket, *, actor: User | None) -> None:
    """A ticket that is taken up again is its assignee's, unless they have left desk or project meanwhile."""
    if ticket.assignee and works_here(ticket.assignee) and not is_shut(ticket.project, ticket.assignee):
        take_part(ticket, ticket.assignee, Part.ASSIGNEE)
    else:
        assign(ticket, None, actor=actor)


def _refuse_who_does_not_work_on(ticket: Ticket, person: User) -> None:
    if not works_here(person):
        raise DomainError(_("%(name)s does not work on tickets.", name=person.name))
    if is_shut(ticket.project, person):
        raise DomainError(
            _("%(name)s does not work in %(project)s.", name=person.name, project=ticket.project.name)
        )


def works_here(person: User) -> bool:
    """Asked anew, and true until the commit: whoever takes their role away waits, or was first."""
    db.session.refresh(
        person, ["role", "is_active", "is_limited"], with_for_update={"read": True, "key_share": True}
    )
    return person.is_active and person.is_staff


def _wait_for(ticket: Ticket, waiting_for: WaitingFor | None, *, actor: User | None) -> None:
    if waiting_for in {None, ticket.waiting_for} or ticket.status_category != Category.WAITING:
        return
    old, ticket.waiting_for = ticket.waiting_for, waiting_for
    changes = {
        "waiting_for": {"old": told_as("waiting_for", old), "new": told_as("waiting_for", waiting_for)}
    }
    record(Kind.TICKET_EDITED, actor=actor, ticket=ticket, changes=changes)


def _home(requester: User, organization: Organization | None) -> Membership | None:
    """For which organization they ask, as its member: the one they named, else the only one they have,
    else the one they asked for last. Viewers ask for none."""
    homes = memberships_to_ask_in(requester)
    if organization:
        homes = [each for each in homes if each.organization_id == organization.id]
        if not homes:
            raise DomainError(
                _(
                    "%(name)s may not ask for %(organization)s.",
                    name=requester.name,
                    organization=organization.name,
                )
            )
    if len(homes) < 2:
        return next(iter(homes), None)
    last = last_organization_id(requester)
    return next((each for each in homes if each.organization_id == last), homes[0])


def _refuse_what_does_not_fit(request: Request) -> None:
    if request.project.archived_at:
        raise DomainError(_("The project %(name)s takes no more tickets.", name=request.project.name))
    _refuse_category_of_another_project(request.category, request.project)


def _refuse_category_of_another_project(category: TicketCategory | None, project: Project) -> None:
    if category and category.project_id not in {None, project.id}:
        raise DomainError(
            _("%(category)s is not a category of %(project)s.", category=category.name, project=project.name)
        )
