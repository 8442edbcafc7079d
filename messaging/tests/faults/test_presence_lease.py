"""A killed process publishes nothing: its users are offline within a minute all the same."""

import time

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, cast_on
from messaging.tests.faults.conftest import needs_both


@needs_both
async def test_who_was_on_a_killed_process_is_offline_within_a_minute() -> None:
    with Server(env=GENEROUS) as first, Server(beside=first) as second:
        await is_offline_in_time(first, second)


async def is_offline_in_time(first: Server, second: Server) -> None:
    alice, bob = cast_on(first)("alice"), cast_on(second)("bob")
    alice.group(bob)

    async with alice.socket() as hers, bob.socket() as his:
        await hers.ask("presence.watch", user_ids=[bob.id])
        await hers.expect("presence.updated", user_id=bob.id, is_online=True)
        second.kill()
        killed = time.monotonic()
        await his.closed()
        await hers.until(lambda: not hers.of("presence.updated")[-1]["data"]["is_online"], patience=75)
        took = time.monotonic() - killed

    assert took < 60
    assert alice.get(f"users/{bob.id}/")["is_online"] is False
    assert alice.get("users/online/")["results"] == []
