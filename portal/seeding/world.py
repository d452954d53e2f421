"""Nordwerk and Hafen Logistik: their people, teams, projects and topics.

The same names are met in the tests, the pictures and the documentation.
"""

from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _l

from portal.organizations.models import MembershipRole, Shares
from portal.permissions import Role

PASSWORD = "demo-demo-demo"  # noqa: S105, everybody is to know it
DOMAIN = "example.org"

ORGANIZATIONS = {"Nordwerk": Shares.DEPARTMENT, "Hafen Logistik": Shares.ALL}
DEPARTMENTS = {"Nordwerk": ("Sales", "Production"), "Hafen Logistik": ("Warehouse",)}
TEAMS = ("Service desk", "Network", "Workplace", "Identity", "HR")


@dataclass(frozen=True)
class Person:
    """`login` is what stands before the @ of the mail address."""

    login: str
    name: str
    role: Role = Role.EMPLOYEE
    organization: str = "Nordwerk"
    membership: MembershipRole = MembershipRole.MEMBER
    department: str = ""
    teams: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    locale: str | None = None
    timezone: str | None = None
    phone: str = ""
    is_limited: bool = False

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


PEOPLE = (
    Person("admin", "Aylin Demir", Role.ADMIN, membership=MembershipRole.ADMIN),
    Person(
        "manager",
        "Mateusz Zając",
        Role.MANAGER,
        membership=MembershipRole.OWNER,
        teams=("Service desk", "Network"),
        leads=("Service desk",),
    ),
    Person("agent", "Petra Lindqvist", Role.AGENT, teams=("Network", "Service desk"), leads=("Network",)),
    Person("ben", "Ben Okafor", Role.AGENT, teams=("Service desk",)),
    Person("oskar", "Oskar Brandt", Role.AGENT, teams=("Workplace",), leads=("Workplace",), locale="de"),
    Person("hana", "Hana Nováková", Role.AGENT, teams=("Identity", "Service desk"), leads=("Identity",)),
    Person(
        "ines",
        "Inês Carvalho",
        Role.AGENT,
        teams=("HR",),
        leads=("HR",),
        timezone="Europe/Lisbon",
        is_limited=True,
    ),
    Person("employee", "Ann Sørensen", department="Sales", phone="+49 30 5550 142"),
    Person("kaethe", "Käthe Großmann-Übelhör", department="Sales", locale="de"),
    Person("juergen", "Jürgen Weiß", organization="Hafen Logistik", locale="de"),
    Person(
        "lucia",
        "Lucía Fernández",
        organization="Hafen Logistik",
        membership=MembershipRole.OWNER,
        timezone="Europe/Madrid",
    ),
    Person("mehmet", "Mehmet Yıldız", organization="Hafen Logistik", department="Warehouse"),
    Person("zoe", "Zoë van den Berg", department="Production"),
    Person("wei", "Chen Wei", membership=MembershipRole.VIEWER, department="Sales", timezone="Asia/Shanghai"),
)


@dataclass(frozen=True)
class DemoProject:
    key: str
    name: str
    team: str
    description: str
    lead: str
    topics: dict[str, str] = field(default_factory=dict)  # topic -> the team that gets its tickets
    members: tuple[str, ...] = ()
    members_only: bool = False


PROJECTS = (
    DemoProject(
        "IT",
        "IT support",
        "Service desk",
        "Computers, network, programs and accounts.",
        "agent",
        {
            "Network": "Network",
            "Hardware": "Workplace",
            "Software": "Service desk",
            "Accounts and access": "Identity",
            "E-mail": "Service desk",
            "Printing": "Workplace",
        },
    ),
    DemoProject(
        "HR",
        "Human resources",
        "HR",
        "Contracts, pay, leave and joining.",
        "ines",
        {
            "Pay": "HR",
            "Leave": "HR",
            "Joining and leaving": "HR",
        },
        members=("hana",),
        members_only=True,
    ),
    DemoProject(
        "FAC",
        "Facilities",
        "Workplace",
        "Rooms, keys, parking and everything with a door.",
        "oskar",
        {
            "Building": "Workplace",
            "Meeting rooms": "Workplace",
            "Parking": "Workplace",
        },
    ),
)
ANYWHERE = ("Something else",)  # topics of every project; their tickets wait for triage

# The names that are seeded, named here so that translators find them.
SEEDED_NAMES = (
    _l("Network"), _l("Hardware"), _l("Software"), _l("Accounts and access"), _l("E-mail"),
    _l("Printing"), _l("Pay"), _l("Leave"), _l("Joining and leaving"), _l("Building"),
    _l("Meeting rooms"), _l("Parking"), _l("Something else"),
)  # fmt: skip

# What everyone of the desk can insert: its name and its text.
CANNED = {
    "Ask for more": (
        "Hello {{ requester.first_name }},\n\n"
        "to help you with “{{ ticket.title }}” we need to know a little more:\n\n"
        "- since when does it happen?\n- does it happen again when you restart?\n\n"
        "Best regards\n{{ agent.first_name }}, {{ desk.name }}"
    ),
    "Solved, please check": (
        "Hello {{ requester.first_name }},\n\n"
        "it should work again as of {{ today }}. If it does not, reopen {{ ticket.key }}:\n"
        "{{ ticket.url }}\n\n"
        "Best regards\n{{ agent.first_name }}"
    ),
    "Rückfrage": (
        "Guten Tag {{ requester.name }},\n\n"
        "zu Ihrer Anfrage {{ ticket.key }} fehlt uns noch eine Angabe: Seit wann tritt das Problem auf?\n\n"
        "Mit freundlichen Grüßen\n{{ agent.name }}"
    ),
}
