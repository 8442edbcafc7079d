"""How often, how long and how much is searched."""

import pytest
from django.db import connection

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server
from messaging.search.search import CANDIDATES
from messaging.tests.client import GENEROUS, cast_on


def test_searching_too_often_is_refused() -> None:
    with Server(env={**GENEROUS, "RATE_SEARCH": "2/m"}) as server:
        alice, bob = (cast_on(server)(name) for name in ("alice", "bob"))
        assert [alice.code("GET", "messages/search/?q=hello") for _ in range(3)] == ["ok", "ok", "rate_limited"]
        assert alice.call("GET", "messages/search/?q=hello").headers["Retry-After"]
        assert bob.code("GET", "messages/search/?q=hello") == "ok"


def test_postgresql_cancels_a_search_that_takes_too_long(server, solo) -> None:
    if "DATABASE_URL" not in server.env:
        pytest.skip("SQLite has a test of its own")
    solo.write(solo.group(), "hello")
    with postgres_session(server.env["DATABASE_URL"]) as other:
        other.execute("LOCK TABLE messaging_message IN ACCESS EXCLUSIVE MODE")
        answer = solo.call("GET", "messages/search/?q=hello")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert solo.code("GET", "messages/search/?q=hello") == "ok"


def test_sqlite_cancels_a_search_that_takes_too_long(alice_in_process, monkeypatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has a test of its own")
    client, say = alice_in_process
    for n in range(40):
        say(f"plan {n}")
    monkeypatch.setattr("messaging.search.search.TIMEOUT_MS", 0)
    answer = client.get("/api/v1/messages/search/?q=plan")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    monkeypatch.setattr("messaging.search.search.TIMEOUT_MS", 2000)
    assert len(client.get("/api/v1/messages/search/?q=plan").json()["results"]) == 40


def test_only_the_newest_matches_are_ranked(alice_in_process, monkeypatch) -> None:
    monkeypatch.setattr("messaging.search.search.CANDIDATES", 3)
    assert CANDIDATES == 200
    client, say = alice_in_process
    for text in ("planning 0", "planning 1", "planning 2", "planning 3"):
        say(text)
    found = client.get("/api/v1/messages/search/?q=plan").json()["results"]
    assert [hit["message"]["content"] for hit in found] == ["planning 3", "planning 2", "planning 1"]


def test_by_relevance_prefix_matches_fill_up_the_results(alice_in_process, monkeypatch) -> None:
    monkeypatch.setattr("messaging.search.search.CANDIDATES", 2)
    client, say = alice_in_process

    def found(order: str) -> list[str]:
        hits = client.get(f"/api/v1/messages/search/?q=plan&order={order}").json()["results"]
        return [hit["message"]["content"] for hit in hits]

    for text in ("plan 0", "planning 1", "planning 2"):
        say(text)
    assert found("relevance") == ["plan 0", "planning 2", "planning 1"]
    say("plan 3")
    say("planning 4")
    assert found("relevance") == ["plan 3", "plan 0"]
    assert found("newest") == ["planning 4", "plan 3"]
