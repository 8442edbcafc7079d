import pytest

from chatproject.common import publish


@pytest.fixture
def rings(monkeypatch):
    """What this process rang, as a feed would hear it, but for what people are told of: each sign-in is a notice."""
    heard = []

    def hear(rings):
        heard.extend(ring for ring in rings if b"notification.created" not in ring.frame)

    monkeypatch.setattr(publish, "listeners", [hear])
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
