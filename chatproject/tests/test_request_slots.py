"""So many at once, so many more wait, and the others are told to come again."""

import asyncio

import pytest

from chatproject import request_slots
from chatproject.request_slots import RequestSlots
from common.errors import Refusal

pytestmark = pytest.mark.plain


async def test_some_work_some_wait_in_order_and_the_others_are_refused() -> None:
    turns = RequestSlots(at_once=2, waiting=2)
    release_first, _ = [await turns.acquire() for _ in range(2)]
    waiting = [asyncio.create_task(turns.acquire()) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(Refusal, match="unavailable") as refused:
        await turns.acquire()
    assert refused.value.retry_after

    release_first()
    release_first()  # once more is harmless
    await waiting[0]
    assert not waiting[1].done()


async def test_nobody_waits_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(request_slots, "MAX_WAIT_SECONDS", 0.01)
    turns = RequestSlots(at_once=1, waiting=5)
    release = await turns.acquire()

    with pytest.raises(Refusal, match="unavailable"):
        await turns.acquire()

    release()
    await turns.acquire()


async def test_who_stops_waiting_leaves_the_place_to_others() -> None:
    turns = RequestSlots(at_once=1, waiting=1)
    release = await turns.acquire()
    gone = asyncio.create_task(turns.acquire())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)

    waiting = asyncio.create_task(turns.acquire())
    await asyncio.sleep(0)
    release()
    await asyncio.wait_for(waiting, 5)
