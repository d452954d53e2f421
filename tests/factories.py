"""Test data, made by the real actions: it cannot be in a state the program cannot reach.

A person's password is `PASSWORD`; hashing it once keeps the suite fast.
"""

from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from itertools import count
from secrets import token_urlsafe

from PIL import Image
from sqlalchemy import select

from portal import clock
from portal.accounts import tokens
from portal.accounts.models import User
from portal.accounts.passwords import hash_password
from portal.attachments import previews
from portal.attachments.models import Attachment, State
from portal.canned.actions import Wanted
from portal.canned.actions import create as create_canned
from portal.extensions import db
from portal.gateways.storage import storage
from portal.lifecycles.actions import make_default_lifecycle
from portal.lifecycles.models import USUAL_COLOUR, Lifecycle, Status
from portal.lifecycles.plan import PlannedStatus
from portal.organizations import invitations
from portal.organizations.models import Department, Membership, MembershipRole, Organization, Team, TeamMember
from portal.organizations.sharing import Sharing
from portal.permissions import Role, Scope
from portal.projects.models import Project, ProjectCounter, ProjectMember, TicketCategory
from portal.rules.actions import Wanted as WantedRule
from portal.rules.actions import create as create_rule
from portal.rules.models import RuleKind
from portal.sla import actions as sla
from portal.sla.definitions import WantedCalendar, WantedPolicy
from portal.sla.replay import Target
from portal.tickets import actions, comments
from portal.tickets.models import Priority, Request

PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)
_numbers = count(1)


def make(model, **values):
    thing = model(**values)
    db.session.add(thing)
    db.session.flush()
    return thing


def _user(role, *, team=None, organization=None, **values):
    number = next(_numbers)
    defaults = {
        "name": f"{role.capitalize()} {number}",
        "email": f"{role}{number}@example.org",
        "role": role,
        "password_hash": PASSWORD_HASH,
        "email_verified_at": clock.now(),
    }
    user = make(User, **defaults | values)
    if team:
        make(TeamMember, user_id=user.id, team_id=team.id)
    if organization:
        make(Membership, user_id=user.id, organization_id=organization.id)
    return user


def employee(**values):
    return _user(Role.EMPLOYEE, **values)


def agent(**values):
    return _user(Role.AGENT, **values)


def manager(**values):
    return _user(Role.MANAGER, **values)


def admin(**values):
    return _user(Role.ADMIN, **values)


def token(person, *scopes, name="A token", days=90):
    """A token of theirs, for everything where no scopes are named; what is sent with each request."""
    until = clock.now() + timedelta(days=days)
    return tokens.create(person, name=name, scopes=scopes or Scope, until=until)


def team(**values):
    return make(Team, **{"name": f"Team {next(_numbers)}"} | values)


def organization(**values):
    return make(Organization, **{"name": f"Organization {next(_numbers)}"} | values)


def department(organization, name=None):
    return make(Department, organization_id=organization.id, name=name or f"Department {next(_numbers)}")


def member(organization, role=MembershipRole.MEMBER, *, department=None, person=None, **values):
    """Somebody who belongs to the organization; an employee, unless a person is given."""
    person = person or employee(**values)
    department_id = department.id if department else None
    make(
        Membership, user_id=person.id, organization_id=organization.id, role=role, department_id=department_id
    )
    return person


def invitation(organization, by, email=None, role=MembershipRole.MEMBER):
    """As sent by that owner or admin of the organization."""
    acting = db.session.get(Membership, (by.id, organization.id))
    email = email or f"invited{next(_numbers)}@example.org"
    return invitations.invite(email, role=role, department=None, acting=acting)


def lifecycle():
    """The default one, made where it is not there yet."""
    found = db.session.scalar(select(Lifecycle).order_by(Lifecycle.id).limit(1))
    return found or make_default_lifecycle()


def status(name):
    return db.session.scalars(
        select(Status).where(Status.name == name, Status.lifecycle_id == lifecycle().id)
    ).one()


def planned(name, category, label=None):
    """A status of a lifecycle that is to be."""
    return PlannedStatus(name, label or name.replace("_", " ").capitalize(), category, USUAL_COLOUR[category])


def project(key=None, **values):
    key = key or f"P{next(_numbers)}"
    defaults = {"name": f"Project {key}", "lifecycle_id": lifecycle().id}
    made = make(Project, key=key, **defaults | values)
    make(ProjectCounter, project_id=made.id)
    return made


def project_member(project, *people):
    """Let them work in it."""
    for person in people:
        make(ProjectMember, user_id=person.id, project_id=project.id)


def category(name=None, **values):
    return make(TicketCategory, **{"stored_name": name or f"Category {next(_numbers)}"} | values)


def desk():
    """The project IT, where there is none yet."""
    return db.session.scalar(select(Project).where(Project.key == "IT")) or project("IT", name="IT support")


def ticket(requester=None, *, team=None, assignee=None, status=None, **values):
    """A ticket as an employee submits it; then given to that team and person, in that status."""
    values.setdefault("project", desk())
    values.setdefault("title", "Printer on fire")
    made = actions.submit_ticket(requester or employee(), Request(**values))
    if team:
        actions.assign_team(made, team, actor=None)
    if assignee:
        actions.assign(made, assignee, actor=None)
    if status:
        walk(made, status)
    return made


def walk(ticket, name, *, actor=None):
    """Bring the ticket to that status, over in_progress where no step leads there at once."""
    if name == "blocked" and ticket.status.name == "open":
        actions.change_status(ticket, status("in_progress"), actor=actor)
    actions.change_status(ticket, status(name), actor=actor)


def reply(ticket, author=None, body="It burns."):
    return comments.reply(ticket, body, author=author or ticket.requester)


def file(ticket=None, uploader=None, name="notes.txt", **values):
    """A file that was scanned and is clean, with its objects: a picture if it is called one, else a text."""
    content, kind = (_picture(), "image/png") if name.endswith(".png") else (b"Hello, desk.", "text/plain")
    pictures = previews.pictures_of(name, BytesIO(content))
    thumbnail, preview = [_kept(each) for each in pictures] or (None, None)
    excerpt = previews.excerpt_of(name, BytesIO(content))
    clean = {
        "scanned_status": State.CLEAN,
        "clean_key": _kept(content),
        "thumbnail_key": thumbnail,
        "preview_key": preview,
        "excerpt": excerpt,
        "has_excerpt": bool(excerpt),
        "sha256": sha256(content).hexdigest(),
        "mime": kind,
        "sniffed": kind,
        "engine": "ClamAV 1.4.6",
        "size": len(content),
        "attempts": 1,
        "expires_at": clock.now(),
        "uploaded_at": clock.now(),
        "scanned_at": clock.now(),
    }
    uploader = uploader or ticket.requester
    owned = {"ticket": ticket, "uploader": uploader, "original_filename": name}
    return make(Attachment, **clean | owned | values)


def _picture():
    drawn = BytesIO()
    Image.new("RGB", (20, 20), "teal").save(drawn, "PNG")
    return drawn.getvalue()


def _kept(content):
    key = f"c/{token_urlsafe(24)}"
    storage().keep(key, BytesIO(content), size=len(content), kind="application/octet-stream")
    return key


def note(ticket, author=None, body="Only for us."):
    return comments.add_note(ticket, body, author=author or agent())


def rule(owner=None, **wanted):
    """A rule that is enabled, and makes new tickets urgent unless something else is wanted."""
    usual = {
        "kind": RuleKind.TRIGGER,
        "name": f"Rule {next(_numbers)}",
        "owner": owner or admin(),
        "is_enabled": True,
        "triggers": ({"name": "created", "values": {}},),
        "actions": ({"name": "priority", "values": {"priority": {"id": "high", "label": "High"}}},),
    } | wanted
    return create_rule(WantedRule(**usual), actor=usual["owner"])


def canned(owner=None, *, name=None, body="Thank you.", team=None, everyone=False, project=None):
    """A canned reply: of somebody's own, or as the desk itself shares it with a team or everyone."""
    shared = Sharing.TEAM if team else Sharing.EVERYONE if everyone else Sharing.NOBODY
    wanted = Wanted(name or f"Reply {next(_numbers)}", body, shared, team, project)
    return create_canned(wanted, actor=owner if shared is Sharing.NOBODY else None)


WEEKDAYS = (((9 * 60, 12 * 60), (13 * 60, 17 * 60)),) * 5 + ((), ())
ALWAYS = (((0, 24 * 60),),) * 7


def calendar(name=None, *, week=WEEKDAYS, zone="Europe/Berlin", **values):
    wanted = WantedCalendar(name or f"Calendar {next(_numbers)}", zone, week, **values)
    return sla.create_calendar(wanted, actor=None)


def policy(name=None, *, kept_by=None, first=60, following=120, resolution=480, **values):
    """A promise for every ticket, around the clock, in minutes; a figure of None promises nothing."""
    promised = {
        Target.FIRST_RESPONSE: first,
        Target.NEXT_RESPONSE: following,
        Target.RESOLUTION: resolution,
    }
    targets = {
        target: dict.fromkeys(map(str, Priority), minutes) for target, minutes in promised.items() if minutes
    }
    wanted = WantedPolicy(
        name or f"Policy {next(_numbers)}",
        (kept_by or calendar(week=ALWAYS)).id,
        values.pop("targets", targets),
        **{"pauses": ("requester",)} | values,
    )
    return sla.create_policy(wanted, actor=None)
