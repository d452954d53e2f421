import pytest

from portal.accounts.cli import create, show
from portal.accounts.queries import user_by_email
from portal.extensions import db
from portal.permissions import Role
from tests import factories as make
from tests.accounts.gate import log_in


@pytest.fixture
def flask(app):
    runner = app.test_cli_runner()
    return lambda command, *options, **more: runner.invoke(command, options, **more)


def test_an_admin_is_made_and_can_log_in(app, flask):
    done = flask(create, "--email", "A@example.org", "--name", "Aylin", "--role", "admin", "--generate")

    assert done.exit_code == 0, done.output
    password = done.output.rpartition("Password: ")[2].strip()
    assert log_in(app.test_client(), "a@example.org", password).status_code == 303
    assert user_by_email("a@example.org").role is Role.ADMIN


def test_it_asks_for_what_is_missing(flask):
    typed = "ann@example.org\nAnn\nglass bridge kettle\nglass bridge kettle\n"

    done = flask(create, input=typed)

    assert done.exit_code == 0, done.output
    assert user_by_email("ann@example.org").role is Role.EMPLOYEE
    assert "glass bridge kettle" not in done.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--email", "nonsense", "--name", "X", "--generate"], "not a mail address"),
        (["--email", "a@example.org", "--name", " ", "--generate"], "Say a name"),
        (["--email", "a@example.org", "--name", "X", "--password", "short"], "at least 8 characters"),
        (["--email", "known@example.org", "--name", "X", "--generate"], "has an account already"),
        (["--email", "a@example.org", "--name", "X", "--role", "king", "--generate"], "king"),
    ],
)
def test_what_is_wrong_is_said(flask, options, said):
    make.employee(email="known@example.org")
    db.session.commit()

    done = flask(create, *options)

    assert done.exit_code != 0
    assert said in done.output


def test_everybody_is_listed(flask):
    make.employee(email="gone@example.org", is_active=False)
    make.agent(email="new@example.org", email_verified_at=None)
    db.session.commit()

    lines = flask(show).output.splitlines()

    assert any("gone@example.org" in line and "deactivated" in line for line in lines)
    assert any("new@example.org" in line and "not confirmed" in line for line in lines)
