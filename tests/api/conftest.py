import pytest

from portal.extensions import db
from tests import factories as make


class Program:
    """Something that asks with a token, and has no cookies."""

    def __init__(self, client, token):
        self.client, self.token = client, token

    def __call__(self, method, path, **more):
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path, **more):
        return self("GET", path, **more)

    def put(self, path, **more):
        return self("PUT", path, **more)

    def post(self, path, **more):
        return self("POST", path, **more)

    def delete(self, path, **more):
        return self("DELETE", path, **more)


@pytest.fixture
def program_of(app):
    """A program that acts for this person, with these scopes or with all."""

    def start(person, *scopes):
        token = make.token(person, *scopes)
        db.session.commit()
        client = app.test_client()
        client.sends_token = False
        return Program(client, token)

    return start
