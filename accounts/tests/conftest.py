import pytest

from chatproject.common import publish


@pytest.fixture
def rings(monkeypatch):
    """What this process rang, as a feed would hear it."""
    heard = []
    monkeypatch.setattr(publish, "listeners", [heard.extend])
    return heard


@pytest.fixture
def registered(api, db):
    """`registered("dave")`: dave has registered and his code is on its way. Needs real commits."""

    def registered(username, **fields):
        body = {"email": f"{username}@example.org", "username": username, "password": "correct horse battery"}
        response = api.post("/api/v1/auth/register/", {**body, **fields})
        assert response.status_code == 201, response.content
        return response.json()

    return registered
