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
