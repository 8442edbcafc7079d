"""PostgreSQL ends every connection, as a restart of it does: nobody meets a dead one afterwards."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server, free_port
from common.database import run_on_live_connection
from messaging.tests.client import GENEROUS, Person, cast_on
from messaging.tests.faults.conftest import needs_both

pytestmark = [pytest.mark.faults, needs_both]


@pytest.fixture
def server():
    with Server(env={**GENEROUS, "DATABASE_THREADS": "4"}) as server:
        yield server


def end_every_connection(server: Server) -> int:
    with postgres_session(server.env["DATABASE_URL"]) as connection:
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


async def test_one_who_asks_alone_meets_none_of_many_dead_connections(server: Server) -> None:
    alice = await asyncio.to_thread(cast_on(server), "alice")
    group = await asyncio.to_thread(alice.group)
    async with alice.socket() as socket:
        for content in ("over the socket", "again"):
            await asyncio.to_thread(requests, alice, group)
            assert await asyncio.to_thread(end_every_connection, server) > 8
            await socket.say(group, content)

        await asyncio.to_thread(end_every_connection, server)
        assert (await socket.ask("read.mark", conversation_id=group, seq=1))["ok"]
        await asyncio.to_thread(end_every_connection, server)
        async with alice.socket():
            pass

    assert "unavailable" not in server.log


async def test_a_message_whose_connection_dies_under_it_is_written_once(server: Server) -> None:
    person = await asyncio.to_thread(cast_on, server)
    alice = await asyncio.to_thread(person, "alice")
    group = await asyncio.to_thread(alice.group)
    async with alice.socket() as socket:
        session = postgres_session(server.env["DATABASE_URL"])
        session.execute("SELECT 1 FROM conversations_membership WHERE conversation_id = %s FOR UPDATE", [group])
        saying = asyncio.create_task(socket.say(group, "Hello"))  # keeps its batch from the end of it
        waiting = f"FROM pg_locks WHERE NOT granted AND {session.info.backend_pid} = ANY(pg_blocking_pids(pid))"
        while not session.execute(f"SELECT pg_terminate_backend(pid) {waiting}").fetchall():
            await asyncio.sleep(0)
        session.close()
        said = await saying

    assert [message["id"] for message in await asyncio.to_thread(alice.history, group)] == [said["id"]]
    assert "connection_lost" in server.log


@pytest.mark.django_db(transaction=True)
def test_what_loses_its_connection_is_done_again_and_only_that() -> None:
    def ask(statement: str) -> int:
        asked.append(statement)
        with connection.cursor() as cursor:
            cursor.execute(statement if len(asked) == 1 else "SELECT 7")
            return cursor.fetchone()[0]

    asked: list[str] = []
    assert run_on_live_connection(ask, "SELECT pg_terminate_backend(pg_backend_pid())") == 7
    assert len(asked) == 2

    asked.clear()
    with pytest.raises(OperationalError):
        run_on_live_connection(ask, "DO 'BEGIN RAISE SQLSTATE ''55P03''; END'")
    assert len(asked) == 1


@pytest.mark.parametrize("command", [["end_sessions", "alice"], ["migrate"], ["serve"]])
def test_a_command_waits_for_the_database_and_then_says_one_sentence(command: list[str]) -> None:
    away = Server(env={"DATABASE_URL": ""})
    away.env["DATABASE_URL"] = f"postgres://postgres@127.0.0.1:{free_port()}/nothing"

    ended = away.run(*command)
    away.close()

    said = (ended.stdout + ended.stderr).strip().splitlines()
    assert ended.returncode == 1
    assert len(said) == 1, said
    assert said[0].startswith("The database at DATABASE_URL does not answer: ")
