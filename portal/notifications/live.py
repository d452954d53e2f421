"""The stream of news for an open page: which of its topics to ask for again, never what is new."""

import time
from collections.abc import Callable, Iterator
from queue import Queue

from flask import Blueprint, Flask, Response, current_app, request

from portal.accounts.models import User
from portal.accounts.queries import user_of_session
from portal.accounts.two_step import must_set_up
from portal.extensions import db
from portal.gateways.live import ENOUGH, EVERYTHING, Hub, drawn_since, hub
from portal.permissions import Permission, for_members
from portal.tickets.queries import ids_by_key
from portal.web.session import me

bp = Blueprint("live", __name__)

MOST_TOPICS = 20
ASK_AGAIN = 30.0  # seconds after which it is asked whether the person may still hear of all this


def page_since() -> str:
    """For a page, which hands it to its stream: that one then tells at once what came in between."""
    hub().listen()
    return drawn_since()


@bp.after_app_request
def say_since(response: Response) -> Response:
    """The same for parts that come later, and may bring topics of their own."""
    if request.headers.get("HX-Request"):
        response.headers["X-Live-Since"] = drawn_since()
    return response


@bp.get("/live")
@for_members
def stream():
    """Server-sent events named by topic. 204, or `enough`, ends it: the page then asks by itself.

    Topics are `queue`, `user:<id>` and `ticket:<key>`, as the page's parts name
    them; those that are not this person's to know are left out, without a word.
    Told first are those of them that had news `since` the page was drawn.
    """
    asked = request.args.getlist("topics")[:MOST_TOPICS]
    names = _topics(me(), asked)
    owner, token, app = (me().viewed_by or me()).id, me().session_token, current_app._get_current_object()  # noqa: SLF001, its documented way
    db.session.remove()  # a stream lives for minutes, and needs no database
    the_hub = hub()
    inbox = the_hub.open(frozenset(names), owner=owner, since=request.args.get("since"))
    if inbox is None:
        return "", 204
    answer = Response(_named(the_hub, inbox, names, _still(app, token, asked)), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: the_hub.close(inbox))  # also where nobody ever read from it
    return answer


def _still(app: Flask, token: str, asked: list[str]) -> Callable[[], dict[str, str]]:
    """What this browser may hear of by now; nothing once it is logged out, or confined."""

    def names() -> dict[str, str]:
        with app.app_context():
            user = user_of_session(token, is_attended=False)
            return _topics(user, asked) if user and not must_set_up(user) else {}

    return names


def _topics(user: User, asked: list[str]) -> dict[str, str]:
    """The topics that are told inside, each with the name the browser knows it by."""
    names = {f"user:{user.id}": f"user:{user.id}"}
    if user.may(Permission.TICKET_WORK) and "queue" in asked:
        names["queue"] = "queue"
    keys = [topic.removeprefix("ticket:").upper() for topic in asked if topic.startswith("ticket:")]
    for key, ticket_id in ids_by_key(keys, seen_by=user, even_spam=True).items():
        names[f"ticket:{ticket_id}"] = f"ticket:{key}"
    return names


def _named(
    the_hub: Hub, inbox: Queue, names: dict[str, str], still: Callable[[], dict[str, str]]
) -> Iterator[str]:
    """The stream (WHATWG HTML, 9.2): an event for each topic with news, comments in between.

    It ends when `still` says that the person may hear of less by now; the browser
    then asks anew.
    """
    yield "retry: 3000\n: hello\n\n"
    asked_at = time.monotonic()
    for topic in the_hub.news(inbox):
        if time.monotonic() - asked_at > ASK_AGAIN:
            if still() != names:
                return
            asked_at = time.monotonic()
        if topic is None:
            yield ": still here\n\n"
            continue
        if topic == ENOUGH:
            yield "event: enough\ndata: this page asks by itself from now on\n\n"
            return
        for name in names.values() if topic == EVERYTHING else [names[topic]]:
            yield f"event: {name}\ndata: news\n\n"
