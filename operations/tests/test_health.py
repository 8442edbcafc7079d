"""Health for those who watch."""

import httpx
import pytest
from django.db import connection
from django.test import Client

from chatproject import __version__
from chatproject.tests.server import Server


def test_alive_with_version_and_uptime(running: Server) -> None:
    answer = httpx.get(f"{running.url}/health/")
    assert answer.status_code == 200
    assert answer.json() | {"uptime": 0} == {"status": "ok", "version": __version__, "uptime": 0}
    assert answer.json()["uptime"] > 0
    assert answer.headers["cache-control"] == "no-store"


def test_ready_names_its_parts(running: Server) -> None:
    answer = httpx.get(f"{running.url}/health/ready/").json()
    redis = "ok" if "REDIS_URL" in running.env else "unused"
    assert answer == {"status": "ok", "database": "ok", "redis": redis, "feed": "ok"}


def test_without_redis_it_is_degraded_but_ready(own: Server) -> None:
    own.env["REDIS_URL"] = "redis://127.0.0.1:1/0"
    own.start()
    answer = httpx.get(f"{own.url}/health/ready/")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["redis"] == "unavailable"
    assert own.stop() == 0
    assert "Traceback" not in own.log


@pytest.mark.parametrize("path", ["/health/", "/health/ready/", "/metrics"])
@pytest.mark.parametrize(
    "host", ["10.0.0.7:8000", "pod-7.cluster.local", "a b", "[::1", "chat_1", "ex\xe4mple", "", "a,b"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.django_db
def test_probes_are_answered_whatever_they_call_this_machine(client, settings, path, host, method) -> None:
    settings.SECURE_SSL_REDIRECT, settings.DEBUG = True, False
    answer = client.generic(method, path, HTTP_HOST=host, HTTP_ORIGIN="http://elsewhere.example")
    assert answer.status_code == (405 if method == "POST" else 200)


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", "a b", "[::1"])
@pytest.mark.parametrize("path", ["/", "/health", "/health/ready", "/metrics/", "/health/x/", "/api/v1/", "/admin/"])
def test_everything_else_is_refused_to_who_names_a_foreign_host(running: Server, host: str, path: str) -> None:
    answer = httpx.get(f"{running.url}{path}", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_real_server_answers_probes_under_any_host(running: Server) -> None:
    for path in ("/health/", "/health/ready/", "/metrics"):
        for host in ("10.0.0.7", "[::1", "a b", "evil.example:99999"):
            assert httpx.get(f"{running.url}{path}", headers={"Host": host}).status_code == 200


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away() -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert answer["Retry-After"]
    assert client.get("/health/").status_code == 200
