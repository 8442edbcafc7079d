"""PostgreSQL ends every connection, as a restart of it does: nobody meets a dead one afterwards."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from chatproject.tests.server import Server, free_port
from messaging.tests.client import Person
from messaging.tests.conftest import GENEROUS, cast_on
from messaging.tests.faults.conftest import needs_both

pytestmark = [pytest.mark.faults, needs_both]


@pytest.fixture
def server():
    with Server(env={**GENEROUS, "DATABASE_THREADS": "4"}) as server:
        yield server


def end_every_connection(server: Server) -> int:
    with psycopg.connect(server.env["DATABASE_URL"]) as connection:
        ended = connection.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended
    return int(ended[0])


def requests(person: Person, group: str) -> list[int]:
    """Forty at once, which need all connections that there may be: half of them read, half of them write."""

    def ask(number: int) -> int:
        if number % 2:
            return person.call("GET", "conversations/").status_code
        body = {"client_id": str(uuid4()), "content": f"number {number}"}
        return person.call("POST", f"conversations/{group}/messages/", json=body).status_code

    with ThreadPoolExecutor(10) as pool:
        return sorted(pool.map(ask, range(40)))


def test_no_request_meets_a_dead_connection(server: Server) -> None:
    alice = cast_on(server)("alice")
    group = alice.group()
    fine = [200] * 20 + [201] * 20
    assert requests(alice, group) == fine

    for _ in range(3):
        assert end_every_connection(server) > 4
        assert requests(alice, group) == fine

    assert "Traceback" not in server.log


@pytest.mark.parametrize("command", [["end_sessions", "alice"], ["migrate"], ["serve"]])
def test_a_command_waits_for_the_database_and_then_says_one_sentence(command: list[str]) -> None:
    away = Server(env={"DATABASE_URL": ""})
    away.env["DATABASE_URL"] = f"postgres://postgres@127.0.0.1:{free_port()}/nothing"

    ended = away.run(*command)
    away.close()

    said = (ended.stdout + ended.stderr).strip().splitlines()
    assert ended.returncode == 1
    assert len(said) == 1, said
    assert said[0].startswith("The database of DATABASE_URL does not answer: ")
