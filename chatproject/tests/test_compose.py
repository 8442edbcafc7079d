"""compose.yaml passes on what `.env` says: no setting gets lost on its way into the containers."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatproject.tests.test_docs import settings_read

pytestmark = pytest.mark.plain

COMPOSE = yaml.safe_load((Path(__file__).resolve().parents[2] / "compose.yaml").read_text())
OURS = [service for service in COMPOSE["services"].values() if "build" in service]
PUBLISHED = {"HOST", "PORT"}
FOLDERS = {"DATA_DIR": "/data", "STATIC_ROOT": "/app/static"}
"""Where the volume is mounted, and what the image has collected."""


def within(service: dict[str, Any], env: dict[str, str]) -> dict[str, str]:
    """The environment of a container where `.env` says this, as Compose puts it together."""
    files = [file["path"] for file in service.get("env_file", [])]
    passed = env if ".env" in files else {}
    return passed | {name: interpolated(str(value), env) for name, value in service["environment"].items()}


def interpolated(value: str, env: dict[str, str]) -> str:
    while found := re.search(r"\$\{(\w+):-([^${}]*)\}", value):
        value = value.replace(found[0], env.get(found[1]) or found[2])
    assert "$" not in value
    return value


def test_the_server_and_the_worker_are_told_the_same() -> None:
    assert len(OURS) == 2
    assert OURS[0]["environment"] == OURS[1]["environment"]
    assert OURS[0]["env_file"] == OURS[1]["env_file"] == [{"path": ".env", "required": False}]


def test_every_setting_of_the_file_reaches_the_container_but_its_folders() -> None:
    said = {name: f"said-{name}" for name in settings_read()}

    for service in OURS:
        heard = within(service, said)
        assert {name for name in said if heard.get(name) != said[name]} == PUBLISHED | FOLDERS.keys()
        assert {name: heard[name] for name in FOLDERS} == FOLDERS


def test_host_and_port_are_where_it_is_published() -> None:
    [port] = COMPOSE["services"]["app"]["ports"]
    assert interpolated(port, {}) == "127.0.0.1:8000:8000"
    assert interpolated(port, {"HOST": "0.0.0.0", "PORT": "80"}) == "0.0.0.0:80:8000"
    assert (OURS[0]["environment"]["HOST"], OURS[0]["environment"]["PORT"]) == ("0.0.0.0", "8000")


def test_without_a_file_it_is_postgres_and_redis_with_two_processes() -> None:
    heard = within(OURS[0], {})
    assert heard["DATABASE_URL"] == "postgres://chat:chat@postgres:5432/chat"
    assert (heard["REDIS_URL"], heard["WORKERS"]) == ("redis://redis:6379/0", "2")
    assert within(OURS[0], {"POSTGRES_PASSWORD": "long"})["DATABASE_URL"].startswith("postgres://chat:long@")


def test_a_stop_has_the_time_it_takes() -> None:
    assert COMPOSE["services"]["app"]["stop_grace_period"] == "30s"  # Docker kills after ten
