"""Threads are kept from one request to the next, and nobody waits for one that is still at work."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from chatproject import handler
from chatproject.handler import Handler
from common.viewsets import ViewSet

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]

entered, free = threading.Event(), threading.Event()


def quick(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(threading.get_ident()))


def slow(request: HttpRequest) -> HttpResponse:
    entered.set()
    free.wait(10)
    return quick(request)


class Answers(ViewSet):
    authentication_classes = ()
    permission_classes = ()
    given: list[weakref.ref[Response]]

    def list(self, request: Request) -> Response:
        response = Response({"answer": 42})
        self.given.append(weakref.ref(response))
        return response


urlpatterns = [path("quick/", quick), path("slow/", slow), path("answers/", Answers.as_view({"get": "list"}))]


@pytest.fixture
def door(settings) -> Iterator[Handler]:
    settings.ROOT_URLCONF = __name__
    entered.clear()
    free.clear()
    yield (door := Handler())
    free.set()
    for thread in door._idle:
        thread.shutdown()


async def asked(door: Handler, where: str, *, client_stays: bool = True) -> str:
    """The thread that answered."""
    answer: list[bytes] = []
    begun, is_answered = False, asyncio.Event()

    async def receive() -> dict:
        nonlocal begun
        if begun:
            await is_answered.wait()
            return {"type": "http.disconnect"}
        begun = True
        return {"type": "http.request", "body": b""}

    async def send(message: dict) -> None:
        answer.append(message.get("body", b""))
        if not client_stays and "body" in message:
            is_answered.set()
            await asyncio.sleep(0.01)

    scope = {"type": "http", "method": "GET", "path": where, "query_string": b"", "headers": [(b"host", b"localhost")]}
    await door(scope, receive, send)
    return b"".join(answer).decode()


async def until_idle(door: Handler, count: int) -> None:
    async with asyncio.timeout(10):
        while len(door._idle) != count:
            await asyncio.sleep(0.01)


async def test_requests_one_after_the_other_have_one_thread(door) -> None:
    threads = set()
    for _ in range(5):
        threads.add(await asked(door, "/quick/"))
        await until_idle(door, 1)
    assert len(threads) == 1


async def test_requests_at_once_have_their_own_and_only_some_stay(door, monkeypatch) -> None:
    monkeypatch.setattr(handler, "IDLE_THREADS", 2)
    slow_ones = [asyncio.create_task(asked(door, "/slow/")) for _ in range(5)]
    await asyncio.to_thread(entered.wait, 10)
    free.set()
    assert len(set(await asyncio.gather(*slow_ones))) == 5
    await until_idle(door, 2)


async def test_who_has_gone_keeps_nobody_waiting(door) -> None:
    gone = asyncio.create_task(asked(door, "/slow/"))
    await asyncio.to_thread(entered.wait, 10)
    gone.cancel()
    busy = asyncio.create_task(asyncio.wait_for(asked(door, "/quick/"), 5))
    assert (await busy).isdigit()
    free.set()
    await until_idle(door, 2)


@pytest.mark.parametrize("client_stays", [True, False])
async def test_an_answer_is_freed_without_the_garbage_collector(door, monkeypatch, client_stays: bool) -> None:
    """It may hold thousands of objects, and the collector holds up every socket while it looks at them."""
    monkeypatch.setattr(Answers, "given", [], raising=False)
    before = done_tasks()
    gc.disable()
    try:
        for _ in range(2):
            assert await asked(door, "/answers/", client_stays=client_stays) == '{"answer":42}'
            await until_idle(door, 1)
        after = done_tasks()
    finally:
        gc.enable()
    assert [answer() for answer in Answers.given] == [None, None]
    assert not [task for task in after if task not in before]


def done_tasks() -> list[asyncio.Task]:
    """By `type`, because others have left proxies of what is gone."""
    return [one for one in gc.get_objects() if issubclass(type(one), asyncio.Task) and one.done()]
