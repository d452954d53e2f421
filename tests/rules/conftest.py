"""Rules as an admin keeps them, and deliveries as a worker makes them."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.rules.models import RuleTrace
from tests import factories as make


@pytest.fixture
def rule(world):
    """Keep an enabled rule: what wakes it, what has to be so, and what it does."""
    owner = make.admin(name="Olga Owner")

    def keep(asks="", *, on="created", does=(), **more):
        triggers = [{"name": on, "values": {}}] if isinstance(on, str) else list(on)
        actions = tuple({"name": name, "values": values} for name, values in does)
        return make.rule(
            more.pop("owner", owner), filter=asks, triggers=tuple(triggers), actions=actions, **more
        )

    keep.owner = owner
    return keep


@pytest.fixture
def deliver(queue):
    """Commit, and let a worker show every event to what follows it."""

    def run():
        db.session.commit()
        queue.run()

    return run


@pytest.fixture
def outcomes():
    """What each rule that the event woke has come to."""

    def of(event):
        trace = db.session.scalar(select(RuleTrace).where(RuleTrace.event_id == event.id))
        return {answer[0]: answer[2] for answer in trace.answers} if trace else {}

    return of


def chosen(name, value, label=""):
    """A value of a list, as a rule keeps it."""
    return {name: {"id": value, "label": label or value}}


def tags(*names):
    return {"tags": list(names)}


def person(user):
    return {"person": {"id": user.id, "label": user.name, "email": user.email}}
