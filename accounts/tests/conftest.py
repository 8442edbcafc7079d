import pytest

from common import publish


@pytest.fixture
def publications(monkeypatch):
    """What this process published, as its hub would receive it, but for notices: each sign-in makes one."""
    received = []

    def receive(publications):
        received.extend(one for one in publications if b"notification.created" not in one.frame)

    monkeypatch.setattr(publish, "listeners", [receive])
    return received


@pytest.fixture
def registered(api, db):
    """`registered("carol")`: carol has registered and her code is on its way. Needs real commits."""

    def registered(username, **fields):
        body = {"email": f"{username}@example.org", "username": username, "password": "correct horse battery"}
        response = api.post("/api/v1/auth/register/", {**body, **fields})
        assert response.status_code == 201, response.content
        return response.json()

    return registered
