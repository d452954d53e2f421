import pytest

from portal.extensions import db
from portal.sso.managing import create_provider
from tests import factories as make
from tests.sso import house


@pytest.fixture(scope="session")
def issuer():
    with house.running() as address:
        yield address


@pytest.fixture
def provide(app, issuer):
    """Make the provider known to the desk."""

    def known(*rules, **values):
        usual = {
            "name": "The house",
            "issuer": issuer,
            "client_id": "desk",
            "scopes": "openid email profile groups",
            "groups_claim": "groups",
            "creates_accounts": True,
            "is_active": True,
        }
        provider = create_provider(
            "house", secret=house.SECRET, rules=rules, actor=make.admin(), **usual | values
        )
        db.session.commit()
        return provider

    return known


@pytest.fixture
def client(app):
    return app.test_client()
