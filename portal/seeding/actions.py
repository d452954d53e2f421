"""Bringing the demo world into the database. Nothing here commits."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.events.deliveries import claim_next, deliver
from portal.extensions import db
from portal.notifications.actions import read_of_ticket
from portal.projects.models import Project, TicketCategory
from portal.seeding.automation import configuration_there
from portal.seeding.files import send_file
from portal.seeding.people import FOUNDED, house_there
from portal.seeding.sights import views_there
from portal.seeding.stories import People, Step, Story, all_stories
from portal.settings.actions import change_settings
from portal.settings.queries import SiteSettings, site_settings
from portal.sla.learning import learn
from portal.sla.models import SlaClocks
from portal.sla.raising import raise_due
from portal.tickets import actions
from portal.tickets.models import ExternalTicket, Request, Ticket, TicketPerson

NAME = "Nordwerk"
SOURCE = "demo"
LOCK = 7_302_114_002  # any number, the same for ever: one seed at a time
READ_AFTER = timedelta(days=1)  # what is older, everybody has read

Moment = tuple[datetime, int, Story, Step | None]


def seed_demo_world() -> int:
    """Make what is missing of the demo world, through the real actions, with a past; how many tickets.

    What is there is left as it is, whatever people have done with it since.
    """
    db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    with clock.travelling_to(clock.now() - FOUNDED):
        if site_settings().name == SiteSettings.name:  # nobody has given it one
            change_settings(actor=None, name=NAME)
    people = house_there()
    with clock.travelling_to(clock.now() - FOUNDED):
        views_there(people)
    with clock.travelling_to(_promising_since()):
        configuration_there(actor=people["admin"])
    missing = list(_missing_stories())
    if missing:
        tickets = _live_through(missing, people)
        _let_old_news_be_read(tickets)
        sum(learn())
    return len(missing)


def _promising_since() -> datetime:
    """Of a world that has tickets already, nobody is told what would have been late."""
    has_tickets = db.session.scalar(select(Ticket.id).limit(1)) is not None
    return clock.now() if has_tickets else clock.now() - FOUNDED


def _missing_stories() -> Iterator[Story]:
    there = set(db.session.scalars(select(ExternalTicket.external_id).where(ExternalTicket.source == SOURCE)))
    return (story for story in all_stories() if story.name not in there)


def _live_through(stories: list[Story], people: People) -> list[Ticket]:
    """Do all steps of all stories in the order of time, with what follows from each, so that keys and events
    are in it too."""
    tickets: dict[str, Ticket] = {}
    now = clock.now()
    last = now - FOUNDED
    for moment, _, story, step in sorted(_moments(stories, now), key=lambda entry: entry[:2]):
        _let_promises_be_broken(last, moment)
        with clock.travelling_to(moment):
            if step is None:
                tickets[story.name] = _submit(story, people[story.by])
            else:
                step.happen(tickets[story.name], people)
        _let_everything_follow(moment)
        last = moment
    _let_promises_be_broken(last, now)
    return list(tickets.values())


def _let_promises_be_broken(since: datetime, until: datetime) -> None:
    """Tell of each warning and breach when it is due; of what a step has made late, right after it."""
    soonest = select(func.min(SlaClocks.next_at))
    while (due := db.session.scalar(soonest)) is not None and due < until:
        moment = min(max(due + timedelta(seconds=1), since), until)
        with clock.travelling_to(moment):
            raise_due()
        _let_everything_follow(moment)


def _moments(stories: list[Story], now: datetime) -> Iterator[Moment]:
    """When each story begins and goes on; nothing lies in the future."""
    number = count()
    for story in stories:
        moment = min(_beginning(story, now), now)
        yield moment, next(number), story, None
        for step in story.then:
            moment = min(moment + timedelta(hours=step.after), now)
            yield moment, next(number), story, step


def _beginning(story: Story, now: datetime) -> datetime:
    if story.at is None:
        return now - timedelta(days=story.days)
    zone = ZoneInfo(site_settings().default_timezone)
    day = (now - timedelta(days=story.days)).astimezone(zone).date()
    return datetime.combine(day, time.fromisoformat(story.at), tzinfo=zone).astimezone(now.tzinfo)


def _submit(story: Story, requester: User) -> Ticket:
    project = db.session.scalars(select(Project).where(Project.key == story.project)).one()
    request = Request(
        project=project,
        title=story.title,
        description=story.text,
        category=_topic(story.topic, project) if story.topic else None,
        priority=story.priority,
        type=story.type,
        is_confidential=story.confidential,
    )
    ticket = actions.submit_ticket(requester, request)
    for name in story.files:
        send_file(name, ticket, requester)
    db.session.add(ExternalTicket(source=SOURCE, external_id=story.name, ticket_id=ticket.id))
    return ticket


def _topic(name: str, project: Project) -> TicketCategory:
    """The project's own of that name, else the one of every project."""
    named = select(TicketCategory).where(
        TicketCategory.stored_name == name,
        TicketCategory.project_id.is_(None) | (TicketCategory.project_id == project.id),
    )
    return db.session.scalars(named.order_by(TicketCategory.project_id.nulls_last()).limit(1)).one()


def _let_everything_follow(moment: datetime) -> None:
    """Deliver the events then: the bell says when it happened, and rules act in the order of time."""
    with clock.travelling_to(moment):
        while delivery := claim_next():
            deliver(delivery, leased_until=delivery.lease_until)


def _let_old_news_be_read(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        read_at = ticket.updated_at + timedelta(hours=2)
        if read_at > clock.now() - READ_AFTER:
            continue
        concerned = select(TicketPerson.user_id).where(TicketPerson.ticket_id == ticket.id)
        with clock.travelling_to(read_at):
            for user in db.session.scalars(select(User).where(User.id.in_(concerned))):
                read_of_ticket(user, ticket.id)
