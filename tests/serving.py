"""The desk as its operators run it: gunicorn and a worker as processes of their own."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import psycopg
import requests
from psycopg import sql

from embedded import ports
from tests import isolation

ROOT = Path(__file__).parent.parent
PATIENCE = 60  # seconds for a start, and for an answer: the machine may be busy


def new_database(name: str) -> str:
    """An empty database in place of one of that name; the address by which the application reaches it."""
    with psycopg.connect(owner(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return _to(name, _application())


def owner(of: str = "") -> str:
    """The address by which the owner reaches the database of that address, or the one that was given."""
    given = os.environ.get("MAINTENANCE_DATABASE_URL") or os.environ["DATABASE_URL"]
    name = of.rpartition("/")[2].partition("?")[0]
    return _to(name, given) if of else given


def _application() -> str:
    """The address of the application's role; where one role was given, of another that migrating makes."""
    given = os.environ["DATABASE_URL"]
    if os.environ.get("MAINTENANCE_DATABASE_URL"):
        return given
    password = sha256(given.encode()).hexdigest()[:32]
    return re.sub(r"//[^@/]*@", f"//desk_of_tests:{password}@", given, count=1)


def _to(name: str, address: str) -> str:
    return re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", address, count=1)


def program(name: str) -> str:
    """The one beside this very Python, so that no activated environment is needed."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


def run(environment: dict[str, str], name: str, *arguments: str) -> str:
    """Its output. Raises CalledProcessError."""
    done = subprocess.run(
        [program(name), *arguments], env=environment, cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Served:
    """A desk that answers at `url`; its processes by name."""

    url: str
    environment: dict[str, str]
    log: Path
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        with self.log.open("a") as log:
            self.processes[name] = subprocess.Popen(
                [program(command[0]), *command[1:]],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def start_web(self) -> None:
        self.start("web", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
        self.wait_for("/healthz")

    def start_worker(self) -> None:
        self.start("worker", "python", "-m", "jobs.worker")

    def wait_for(self, path: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.processes["web"].poll() is None:
            try:
                with urllib.request.urlopen(self.url + path, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"The desk did not start:\n{self.log.read_text()[-3000:]}")

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        """Send the signal to that process and all it has started, and wait until they are gone."""
        process = self.processes.pop(name)
        try:
            os.killpg(process.pid, number)
            process.wait(30)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def end_all(self) -> None:
        for name in list(self.processes):
            self.end(name)

    def browser(self, email: str, password: str) -> "Browser":
        browser = Browser(self.url)
        browser.log_in(email, password)
        return browser


def serve(folder: Path, **settings: str) -> Served:
    """A desk that is not started yet, with these settings besides the test's."""
    port = ports.choose()
    environment = os.environ | {
        "ENVIRONMENT": "test",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "LOG_FORMAT": "console",
        "LOG_LEVEL": "WARNING",
        "SMTP_HOST": "",
        "PYTHONPATH": str(ROOT),
        **{name.upper(): bucket for name, bucket in isolation.buckets(_worker()).items()},
    }
    database = settings.get("DATABASE_URL", "")
    maintenance = {"MAINTENANCE_DATABASE_URL": owner(database)} if database else {}
    return Served(f"http://127.0.0.1:{port}", environment | maintenance | settings, folder / "log")


def fill(served: Served) -> None:
    """With the demo world."""
    for command in (("ops", "migrate"), ("storage", "prepare"), ("seed",)):
        run(served.environment, "flask", "--app", "wsgi", *command)


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "master")


@contextmanager
def answering(folder: Path, **settings: str):
    """A desk with one web process that answers until the end."""
    with ended(serve(folder, **settings)) as desk:
        desk.start_web()
        yield desk


@contextmanager
def ended(served: Served):
    try:
        yield served
    finally:
        served.end_all()


class Browser:
    """As much of one as forms need: it keeps cookies and sends each form's own token."""

    def __init__(self, url: str) -> None:
        self.url, self.session = url, requests.Session()

    def get(self, path: str, **options) -> requests.Response:
        return self.session.get(self.url + path, timeout=PATIENCE, **options)

    def token(self, path: str) -> str:
        page = self.get(path).text
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)

    def post(self, path: str, data: dict, *, token: str, **options) -> requests.Response:
        options.setdefault("allow_redirects", False)
        fields = data | {"csrf_token": token}
        return self.session.post(self.url + path, data=fields, timeout=PATIENCE, **options)

    def log_in(self, email: str, password: str) -> None:
        data = {"email": email, "password": password}
        answer = self.post("/login", data, token=self.token("/login"))
        assert answer.status_code == 303, answer.text
