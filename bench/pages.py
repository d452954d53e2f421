"""What is measured: each page as the requests that people's browsers would send."""

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select

from bench.house import EVERYWHERE, LIMITED, LITTLE, MUCH, TEAMS
from portal.accounts.actions import open_session
from portal.accounts.models import User
from portal.desk.actions import Wanted, save_view
from portal.desk.columns import USUAL
from portal.desk.queries import own_views
from portal.desk.queues import QUEUES, Asked, Desk, listed, listing
from portal.extensions import db
from portal.filters import And
from portal.lifecycles.models import Category, Status
from portal.organizations.models import TeamMember
from portal.permissions import Role
from portal.projects.models import Project
from portal.settings.actions import change_settings
from portal.tickets.lists import LATEST, Sort
from portal.tickets.models import Ticket

KEYS = 400  # tickets that pages are asked for in turn
VIEWS = 20  # of an agent, with those that are built in
FILTERS = (
    "is:open priority:critical", "is:open priority:high", "is:open priority:medium", "is:open type:incident",
    "is:open type:request", "is:open type:question", "is:open type:problem", "status:in_progress",
    "is:open team:mine waiting:supplier", "is:closed closed<1d", "created<1d", "is:open created>30d",
)  # fmt: skip
CREATES_EACH = 50  # of one person: the desk takes 60 in an hour


@dataclass(frozen=True)
class Login:
    """A browser that somebody is logged in with."""

    user_id: int
    cookie: str
    csrf: str


@dataclass(frozen=True)
class Page:
    name: str
    requests: Callable[[], Iterator[str]]
    writes: bool = False


class Visitors:
    """Who asks for what, made up once for all rounds; nobody sends the same form twice."""

    def __init__(self, app: Flask, host: str) -> None:
        self.app, self.host = app, host
        team = _busiest_team()
        self.agent = self._login(_member_of(team))
        self.everywhere, self.limited = (self._login(_called(email)) for email in (EVERYWHERE, LIMITED[0]))
        self.much, self.little = (self._login(_called(email)) for email in (MUCH, LITTLE))
        self.employees = [self._login(user_id) for user_id in _employees()]
        self.agents_keys = _keys(Ticket.team_id == team)
        self.much_keys = _keys(Ticket.requester_id == self.much.user_id)
        self.statuses = dict(db.session.execute(select(Status.name, Status.id)).all())
        self.standing = _standing(team)
        self.projects = list(db.session.scalars(select(Project.id).order_by(Project.id)))
        self.assignee = self.agent.user_id
        self.next_page = _next_page(self.agent.user_id)
        _save_views(self.agent.user_id)
        change_settings(actor=None, comments_per_hour=1_000_000)  # one agent replies all the time
        db.session.commit()

    def pages(self) -> list[Page]:
        agent, employees = self.agent, self.employees
        return [
            Page("queue", self._same("/queue", agent)),
            Page("queue, filtered", self._same(f"/queue?q={quote('priority:high status:open')}", agent)),
            Page("queue, by priority", self._same("/queue?sort=-priority", agent)),
            Page("queue, next page", self._same(f"/queue?page={quote(self.next_page)}", agent)),
            Page("queue, 20 teams", self._same("/queue", self.everywhere)),
            Page("queue, limited", self._same("/queue", self.limited)),
            Page("triage", self._same("/queue/triage", agent)),
            Page("board", self._same("/queue?layout=board", agent)),
            Page("board, one column", self._same("/queue?layout=board&q=status:in_progress", agent)),
            Page("counts of 20 views", self._same("/queue/counts", agent)),
            Page(
                "number of a list",
                self._same(f"/queue/open/number?q={quote('priority:high status:open')}", agent),
            ),
            Page("numbers of the board", self._same("/queue/open/number?layout=board", agent)),
            Page("text search", self._searches),
            Page("search, two words", lambda: self._finds(agent, "laptop crashes", "report error")),
            Page("search, common word", lambda: self._finds(agent, "printer", "certificate")),
            Page("search, employee", lambda: self._finds(employees[0], "printer", "laptop crashes")),
            Page("my requests", lambda: self._gets((login, "/tickets") for login in employees)),
            Page("my requests, 3", self._same("/tickets?show=all", self.little)),
            Page("my requests, 3,000", self._same("/tickets?show=all", self.much)),
            Page("ticket", lambda: self._gets((agent, f"/tickets/{key}") for key in self.agents_keys)),
            Page("home, employee", lambda: self._gets((login, "/") for login in employees)),
            Page("home, agent", self._same("/", agent)),
            Page("ticket, of who asked", self._own_tickets),
            Page("create", lambda: self._creates(self.projects[:1]), writes=True),
            Page("create, 8 projects", lambda: self._creates(self.projects), writes=True),
            Page("reply", self._replies, writes=True),
            Page("status", self._status_changes, writes=True),
            Page("assignment", self._assignments, writes=True),
        ]

    def _same(self, path: str, login: Login) -> Callable[[], Iterator[str]]:
        return lambda: self._gets([(login, path)])

    def _gets(self, asked) -> Iterator[str]:
        return itertools.cycle([self.get(path, login) for login, path in asked])

    def _own_tickets(self) -> Iterator[str]:
        return self._gets((self.much, f"/tickets/{key}") for key in self.much_keys)

    def _searches(self) -> Iterator[str]:
        words = ("printer", "laptop crashes", "NW-116", "report error", "badge room", "certificate expired")
        return self._gets((self.agent, f"/queue?q={quote(text)}") for text in words)

    def _finds(self, login: Login, *words: str) -> Iterator[str]:
        return self._gets((login, f"/search?q={quote(text)}") for text in words)

    def _creates(self, projects: list[int]) -> Iterator[str]:
        into = itertools.cycle(projects)
        for number in range(CREATES_EACH):
            for login in self.employees:
                yield self.post("/tickets/new", login, {
                    "type": "incident", "title": f"Printer {number} is out of paper", "priority": "medium",
                    "description": "On the **second** floor.\n\nAgain.", "project_id": next(into),
                })  # fmt: skip

    def _replies(self) -> Iterator[str]:
        for key in itertools.cycle(self.agents_keys):
            yield self.post(
                f"/tickets/{key}/comments", self.agent, {"body": "We look into it.\n\nSoon.", "then": ""}
            )

    def _status_changes(self) -> Iterator[str]:
        for key in itertools.cycle(self.standing):
            status = self.standing[key] = "open" if self.standing[key] == "in_progress" else "in_progress"
            yield self.post(f"/tickets/{key}/status", self.agent, {"status": self.statuses[status]})

    def _assignments(self) -> Iterator[str]:
        for assignee in itertools.cycle((self.assignee, "")):
            for key in self.agents_keys:
                yield self.post(f"/tickets/{key}/assignment", self.agent, {"assignee_id": assignee})

    def get(self, path: str, login: Login, *headers: str) -> str:
        return self._head("GET", path, login, *headers) + "\r\n"

    def post(self, path: str, login: Login, fields: dict) -> str:
        body = urlencode({**fields, "csrf_token": login.csrf, "idempotency_key": secrets.token_urlsafe(12)})
        form = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}")
        return self._head("POST", path, login, *form) + "\r\n" + body

    def _head(self, method: str, path: str, login: Login, *headers: str) -> str:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Cookie: {login.cookie}", *headers]
        return "".join(f"{line}\r\n" for line in lines)

    def _login(self, user_id: int) -> Login:
        _, token = open_session(db.session.get_one(User, user_id), remember=True)
        raw = secrets.token_hex(20)
        csrf = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(raw)
        content = {"_user_id": token, "_fresh": True, "csrf_token": raw}
        signed = self.app.session_interface.get_signing_serializer(self.app).dumps(content)
        return Login(user_id, f"{self.app.config['SESSION_COOKIE_NAME']}={signed}", csrf)


def _busiest_team() -> int:
    """The team with the most open tickets."""
    still_open = Ticket.status_category != Category.DONE
    counted = select(Ticket.team_id).where(still_open).group_by(Ticket.team_id)
    return db.session.scalar(counted.order_by(func.count().desc()).limit(1))


def _member_of(team_id: int) -> int:
    """Somebody who works in that team and in another one."""
    teams = select(func.count()).where(TeamMember.user_id == User.id).correlate(User).scalar_subquery()
    members = select(User.id).join(TeamMember, TeamMember.user_id == User.id)
    members = members.where(TeamMember.team_id == team_id, User.role == Role.AGENT, teams < TEAMS)
    return db.session.scalar(members.order_by(teams.desc(), User.id).limit(1))


def _called(email: str) -> int:
    return db.session.scalars(select(User.id).where(User.email == email)).one()


def _employees() -> list[int]:
    """Some who ask much and some who ask little."""
    ids = select(User.id).where(User.role == Role.EMPLOYEE).order_by(User.id)
    everybody = list(db.session.scalars(ids))
    return everybody[:: max(len(everybody) // KEYS, 1)]


def _keys(*where) -> list[str]:
    visible = select(Ticket.key).where(Ticket.is_confidential.is_(False), *where)
    return list(db.session.scalars(visible.order_by(Ticket.updated_at.desc()).limit(KEYS)))


def _standing(team_id: int) -> dict[str, str]:
    """The team's last tickets that are open or in progress, with which of the two they are."""
    found = (
        select(Ticket.key, Status.name)
        .join(Status, Status.id == Ticket.status_id)
        .where(Ticket.team_id == team_id, Status.name.in_(["open", "in_progress"]))
        .where(Ticket.is_confidential.is_(False), Ticket.hidden_as.is_(None))
    )
    return dict(db.session.execute(found.order_by(Ticket.updated_at.desc()).limit(KEYS)).all())


def _next_page(agent_id: int) -> str:
    """The cursor of the second page of all that is open."""
    asked = Asked(QUEUES["open"], "", Sort.typed(LATEST))
    return listing(Desk.of(db.session.get_one(User, agent_id)), asked, And()).page.older or ""


def _save_views(agent_id: int) -> None:
    """So many that the sidebar counts `VIEWS`."""
    owner = db.session.get_one(User, agent_id)
    saved = FILTERS[: VIEWS - len(listed(has_promises=False))]
    wanted = [Wanted(name=text, filter=text, sort=LATEST) for text in saved]
    had = {view.name for view in own_views(owner)}
    for each in wanted:
        if each.name not in had:
            save_view(each, USUAL, owner=owner)
