import pytest

from portal.extensions import db
from tests import factories as make


@pytest.fixture
def ann(world):
    person = make.employee(name="Ann Sørensen")
    db.session.commit()
    return person


@pytest.fixture
def store(app):
    return app.extensions["storage"]
