"""The stream of news for an open page: which of its topics to ask for again, never what is new."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from portal.accounts.models import User
from portal.extensions import db
from portal.gateways.live import EVERYTHING, Hub, hub
from portal.permissions import Permission, for_members
from portal.tickets.queries import ids_by_key
from portal.web.session import me

bp = Blueprint("live", __name__)

MOST_TOPICS = 20


@bp.get("/live")
@for_members
def stream():
    """Server-sent events named by topic. 204 ends it for good: the page then asks by itself.

    Topics are `queue`, `user:<id>` and `ticket:<key>`, as the page's parts name
    them; those that are not this person's to know are left out, without a word.
    """
    names = _topics(me(), request.args.getlist("topics")[:MOST_TOPICS])
    db.session.remove()  # a stream lives for minutes, and needs no database
    the_hub = hub()
    inbox = the_hub.open(frozenset(names))
    if inbox is None:
        return "", 204
    answer = Response(_named(the_hub, inbox, names), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _topics(user: User, asked: list[str]) -> dict[str, str]:
    """The topics that are told inside, each with the name the browser knows it by."""
    names = {f"user:{user.id}": f"user:{user.id}"}
    if user.may(Permission.TICKET_WORK) and "queue" in asked:
        names["queue"] = "queue"
    keys = [topic.removeprefix("ticket:").upper() for topic in asked if topic.startswith("ticket:")]
    for key, ticket_id in ids_by_key(keys, seen_by=user).items():
        names[f"ticket:{ticket_id}"] = f"ticket:{key}"
    return names


def _named(the_hub: Hub, inbox, names: dict[str, str]) -> Iterator[str]:
    """The stream (WHATWG HTML, 9.2): an event for each topic with news, comments in between."""
    yield "retry: 3000\n: hello\n\n"
    for topic in the_hub.news(inbox):
        if topic is None:
            yield ": still here\n\n"
            continue
        for name in names.values() if topic == EVERYTHING else [names[topic]]:
            yield f"event: {name}\ndata: news\n\n"
