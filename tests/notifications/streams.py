"""Streams of a served desk, as a browser reads them."""

import contextlib
import threading
import time

from portal.extensions import db
from tests import factories as make


class Stream:
    """An open stream whose events are collected as they come."""

    def __init__(self, browser, *topics, since=None):
        asked = [("topics", topic) for topic in topics] + ([] if since is None else [("since", since)])
        self.answer = browser.get("/live", params=asked, stream=True)
        self.names, self.changed = [], threading.Condition()
        if self.answer.status_code == 200:
            self.lines = self.answer.iter_lines(decode_unicode=True)
            assert next(self.lines).startswith("retry")
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(Exception):
            for line in self.lines:
                if line.startswith("event: "):
                    with self.changed:
                        self.names.append(line.removeprefix("event: "))
                        self.changed.notify_all()

    def gets(self, *names, seconds=8.0):
        """Whether just these come, in any order; sooner than a page asks that has no stream."""
        with self.changed:
            self.changed.wait_for(lambda: set(names) <= set(self.names), seconds)
            return set(names) == set(self.names)


def listen(browser, *topics, **more):
    """A stream that is open; a process that does not hear Redis yet refuses the first ones."""
    until = time.monotonic() + 30
    while (stream := Stream(browser, *topics, **more)).answer.status_code == 204:
        assert time.monotonic() < until
    return stream


def neighbours(served):
    """Ann's ticket and a stranger's, Petra, who works on both, and the browsers of the three."""
    ann, stranger, petra = make.employee(), make.employee(), make.agent()
    ticket, another = make.ticket(ann, assignee=petra), make.ticket(stranger, assignee=petra)
    db.session.commit()
    browsers = [served.browser(person.email, make.PASSWORD) for person in (ann, stranger, petra)]
    return ticket, another, petra, browsers
