"""The views of the queue that the demo world begins with."""

from portal.desk.actions import Wanted, save_view
from portal.desk.columns import USUAL
from portal.desk.queries import is_name_taken
from portal.organizations.sharing import Sharing
from portal.seeding.stories import People

VIEWS = (
    (
        "manager",
        Wanted(
            name="Urgent and nobody’s",
            filter="is:open is:unassigned priority>=high",
            sort="-priority",
            shared_with=Sharing.EVERYONE,
        ),
    ),
    ("agent", Wanted(name="Mine, blocked", filter="assignee:me status:blocked", sort="updated")),
)


def views_there(people: People) -> None:
    for login, wanted in VIEWS:
        if not is_name_taken(wanted.name, owner_id=people[login].id):
            save_view(wanted, USUAL, owner=people[login])
