"""How the web server runs: https://gunicorn.org/reference/settings/.

Each page that is open holds a thread for its live updates, so there are many
threads and few processes; portal caps the streams well below their number.
"""

import gc
import os
import re
import signal
from pathlib import Path

from gunicorn.glogging import Logger

bind = os.environ.get("WEB_BIND") or f"127.0.0.1:{os.environ.get('PORT', '8000')}"

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "128"))
timeout = 30
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_TIMEOUT", "30"))
keepalive = 5
forwarder_headers = ""  # no header of a visitor says under which path the desk stands

max_requests = 20_000  # a leak never grows old
max_requests_jitter = 2_000  # and the processes are not replaced together

if (memory := Path("/dev/shm")).is_dir():  # noqa: S108
    worker_tmp_dir = str(memory)  # the heartbeat must not wait for a disk
control_socket_disable = True  # it would be made in the home directory


class DiscreetLogger(Logger):
    """Writes down which page was asked for, but no token of a link, nor one of a program, that lets in."""

    def atoms(self, *answered):
        token = re.compile(r"((?<=/)|desk_)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
        return {name: token.sub("…", str(value)) for name, value in super().atoms(*answered).items()}


logger_class = DiscreetLogger
accesslog = "-" if os.environ.get("WEB_ACCESS_LOG") == "true" else None


def post_worker_init(worker):
    _collect_rarely()
    _let_streams_end(worker)


def _collect_rarely():
    """The application itself stays, so it is not looked through; what a page leaves behind can wait."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _let_streams_end(worker):
    """When the worker is to stop: it would wait for the streams of open pages otherwise."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _after_the_streams(worker, signal.getsignal(number)))


def _after_the_streams(worker, stop):
    def end(number, frame):
        if hub := getattr(worker.wsgi, "extensions", {}).get("hub"):  # no page of another application streams
            hub.end()
        stop(number, frame)

    return end
