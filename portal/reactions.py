"""What follows when something happens on a ticket: read these two lists to know."""

from portal.events.following import Condition, Reaction
from portal.notifications.actions import notify_people
from portal.rules.reactions import apply_rules
from portal.rules.waking import could_wake_a_rule
from portal.sla.keeping import keep_sla_clocks
from portal.tickets.reactions import tell_live_pages, ticket_touched
from portal.tickets.triage import keep_inbox

# In the transaction of the event, database only: what the next page needs.
AT_ONCE = (
    ticket_touched,  # lists are sorted by the time of the last event
    keep_inbox,  # whatever somebody of the desk does with a ticket is a decision on it
    keep_sla_clocks,  # the next page shows by when an answer is due
    tell_live_pages,  # leaves a word for after the commit; open pages then ask for the rest
)

# By a job after the commit, each on its own, retried until it has worked.
AFTERWARDS = (
    apply_rules,  # may change the ticket, and so record more events
    notify_people,  # rows for the bell of everyone concerned
)
# What of it is not even written down where this says no: asked of each event, without a statement.
ONLY_IF: dict[Reaction, Condition] = {
    apply_rules: could_wake_a_rule,
}
