import signal
import subprocess
import sys

import pytest

from embedded import ports
from embedded.state import InUse, State, write_private

HOLD = """
import sys, time
from pathlib import Path
from embedded.state import State
state = State(Path(sys.argv[1]))
state.hold()
state.say_where("http://127.0.0.1:8765")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the state in tmp_path."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_password_is_random_and_the_same_ever_after(tmp_path):
    password = State(tmp_path).secret("postgres")

    assert len(password) >= 32
    assert State(tmp_path).secret("postgres") == password
    assert State(tmp_path / "other").secret("postgres") != password


def test_passwords_are_for_their_owner_alone(tmp_path):
    State(tmp_path).secret("postgres")

    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_private_file_was_never_open_to_others_even_where_one_lay_there(tmp_path):
    (tmp_path / "file").write_text("old")

    write_private(tmp_path / "file", "new")

    assert (tmp_path / "file").read_text() == "new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_port_is_remembered(tmp_path):
    port = State(tmp_path).port("postgres")

    assert State(tmp_path).port("postgres", preferred=ports.choose()) == port


def test_another_port_is_taken_where_the_remembered_one_is_in_use(tmp_path):
    port = State(tmp_path).port("postgres")

    with ports.listen(port):
        assert State(tmp_path).port("postgres") != port


def test_two_servers_never_get_one_port(tmp_path):
    state, port = State(tmp_path), ports.choose()

    assert state.port("one", port) == port
    assert state.port("two", port) != port
    assert state.port("one", port) == port


def test_a_second_run_is_told_where_the_first_is(tmp_path, holder):
    with pytest.raises(InUse, match=r"^http://127\.0\.0\.1:8765$"):
        State(tmp_path).hold()


def test_a_run_that_was_killed_holds_nothing(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    state = State(tmp_path)

    assert state.hold() == set()
    state.release()


def test_what_was_released_can_be_held_again_by_one(tmp_path):
    first, second = State(tmp_path), State(tmp_path)
    first.hold()
    with pytest.raises(InUse):
        second.hold()

    first.release()

    assert second.hold() == set()
    with pytest.raises(InUse):
        first.hold()
    second.release()


def test_a_large_log_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("embedded.state.KEEP_LOG", 10)
    state = State(tmp_path)
    state.log("web").write_text("x" * 11)

    assert not state.log("web").exists()
    assert (tmp_path / "log/web.log.1").exists()
