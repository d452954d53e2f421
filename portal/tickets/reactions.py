"""What follows at once from whatever happens on a ticket."""

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.gateways.live import publish_after_commit


def ticket_touched(event: Event) -> None:
    """At once: keep `updated_at`, by which lists are sorted, the time of the last event.

    The first event takes over the ticket's own time: the row has just been written.
    """
    if event.ticket is None:
        return
    if event.kind == Kind.TICKET_SUBMITTED:
        event.created_at = event.ticket.updated_at
    else:
        event.ticket.updated_at = event.created_at


def tell_live_pages(event: Event) -> None:
    """At once: after the commit, pages that show the ticket or a queue ask for news."""
    if event.ticket is not None:
        for ticket_id in {event.ticket_id, event.ticket.merged_into_id} - {None}:
            publish_after_commit(f"ticket:{ticket_id}")
        publish_after_commit("queue")
