"""What docs/api.md tells people to type works, and answers what stands below it."""

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from portal.accounts import tokens
from portal.api.door import PER_MINUTE
from portal.extensions import db
from portal.permissions import Scope
from portal.tickets.models import Priority, TicketType
from portal.web.machines import NAMES
from tests import factories as make

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"^## (.+?)$.*?```sh\n(.*?)```\s+```json\n(.*?)```", DOCS, re.DOTALL | re.MULTILINE)


@pytest.fixture
def desk(shared_app):
    """The desk at an address of its own, with Ann and her ticket; what her shell knows."""
    ann = make.employee(name="Ann Sørensen", email="ann@example.org")
    ticket = make.ticket(ann, type=TicketType.INCIDENT, priority=Priority.HIGH, description="It **burns**.")
    make.reply(ticket, ann, "Still burning.")
    token = make.token(ann, name="Weekly report")
    db.session.commit()
    server = make_server("127.0.0.1", 0, shared_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {"DESK": f"http://127.0.0.1:{server.port}", "TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    server.shutdown()
    thread.join()


def shape(thing):
    """The names in it, without the values; of a list, of its first member."""
    if isinstance(thing, dict):
        return {name: shape(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [shape(thing[0])] if thing and isinstance(thing[0], dict) else []
    return None


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_each_example_answers_what_stands_below_it(desk):
    assert len(EXAMPLES) == 5
    for title, command, answer in EXAMPLES:
        done = subprocess.run(
            ["bash", "-c", command], env=desk, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, (title, done.stderr)
        assert shape(json.loads(done.stdout)) == shape(json.loads(answer)), title


def test_every_scope_code_and_number_is_told():
    assert set(re.findall(r"^\| `(\w+:\w+)` ", DOCS, re.MULTILINE)) == {scope.value for scope in Scope}
    assert {code for _name, code, _words in NAMES.values()} <= set(re.findall(r"`(E_\w+)`", DOCS))
    sources = [path.read_text() for path in ROOT.glob("portal/api/*.py")]
    raised = {code for source in sources for code in re.findall(r'"(E_\w+)"', source)}
    assert raised <= set(re.findall(r"`(E_\w+)`", DOCS))
    assert f"more than {PER_MINUTE} requests" in DOCS
    assert f"`{tokens.MARK}[A-Za-z0-9_-]{{43}}`" in DOCS
