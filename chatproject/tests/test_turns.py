"""Whoever finds all connections to the database at work waits their turn, and is answered."""

import os
import threading
import time

import httpx
import pytest

from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server

PERSON = {"email": "alice@example.org", "username": "alice", "password": "a long password"}


@pytest.mark.skipif(not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite has no pool")
def test_more_requests_than_connections_wait_longer_than_the_pool_would_let_them() -> None:
    with Server(env={"REQUIRE_EMAIL_VERIFICATION": "off"}) as server:
        access = httpx.post(f"{server.url}/api/v1/auth/register/", json=PERSON).json()["access"]
        codes: list[int] = []

        def ask() -> None:
            headers = {"Authorization": f"Bearer {access}"}
            codes.append(httpx.get(f"{server.url}/api/v1/conversations/", headers=headers, timeout=60).status_code)

        asking = [threading.Thread(target=ask) for _ in range(16)]
        with postgres_session(server.env["DATABASE_URL"]) as holder:
            holder.execute("LOCK TABLE conversations_membership IN ACCESS EXCLUSIVE MODE")
            for one in asking:
                one.start()
            time.sleep(7)  # the pool lets them wait for five
        for one in asking:
            one.join()
    assert set(codes) == {200}
