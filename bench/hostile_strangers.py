"""Crowds of strangers before a server: how much memory and processor time they cost it, and whether it still answers.

Each attack is for a fresh server on its default limits, behind a proxy that it trusts: strangers come from one address
or each from their own, which no limit by address can hold back.
"""

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import httpx

from bench.procstat import cpu_seconds, rss_kib
from chatproject.tests.server import Server

MEGABYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}
numbers = itertools.count()


class Request(NamedTuple):
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = {}


def registration() -> Request:
    name = f"mallory{next(numbers)}"
    body = {"email": f"{name}@example.org", "username": name, "password": "correct horse battery"}
    return Request("POST", "/api/v1/auth/register/", json.dumps(body).encode(), JSON)


def login() -> Request:
    body = {"login": f"mallory{next(numbers)}", "password": "correct horse battery"}
    return Request("POST", "/api/v1/auth/login/", json.dumps(body).encode(), JSON)


def large_login() -> Request:
    body = b'{"login":[' + b"[],{}," * (MEGABYTE // 6 - 10) + b"[]]}"
    return Request("POST", "/api/v1/auth/login/", body, JSON)


def wrong_token() -> Request:
    return Request("GET", "/api/v1/users/me/", headers={"Authorization": "Bearer x.y.z"})


def large_without_token() -> Request:
    return Request("POST", "/api/v1/conversations/", b"[" * MEGABYTE, JSON)


def console() -> Request:
    body = b"csrfmiddlewaretoken=x&" + b"a=" + b"%41" * (MEGABYTE // 3 - 20)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "sessionid=x; csrftoken=x"}
    return Request("POST", "/admin/accounts/user/", body, form)


MIXED = (registration, login, large_login, wrong_token, large_without_token, console)
Attack = tuple[str, tuple[Callable[[], Request], ...], int, int, bool]
ATTACKS: list[Attack] = [
    ("60 registrations", (registration,), 60, 1, False),
    ("60 registrations, an address each", (registration,), 60, 1, True),
    ("60 logins of 1 MiB", (large_login,), 60, 1, False),
    ("60 logins of 1 MiB, an address each", (large_login,), 60, 1, True),
    ("75 wrong tokens", (wrong_token,), 75, 1, False),
    ("500 strangers, 6 requests of each kind", MIXED, 500, 6, False),
    ("500 strangers, an address each", MIXED, 500, 6, True),
]


def attack_all() -> None:
    """Print a row for each attack."""
    print("| attack | MB idle | MB more at most | CPU seconds | health p50 / slowest ms | answers |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for attack in ATTACKS:
        with Server(env={"TRUSTED_PROXIES": "127.0.0.1"}) as server:
            asyncio.run(send(server, [wrong_token()] * 8, "192.0.2.1", Counter()))  # what is loaded later
            wait_until_idle(server)
            print(f"| {attack[0]} | {measured(server, attack)} |", flush=True)


def wait_until_idle(server: Server) -> None:
    """On PostgreSQL the worker is a process of its own, which takes a while to start."""
    last = 0
    while (taken := rss_kib(server.pid)) > last + 1024:
        last = taken
        time.sleep(2)


def measured(server: Server, attack: Attack) -> str:
    _, kinds, strangers, each, has_own_address = attack
    answers: Counter[str] = Counter()
    with Watch(server) as watch:
        asyncio.run(crowd(server, kinds, strangers, each, has_own_address, answers))
        seconds = cpu_seconds([server.pid]) - watch.seconds
    times = sorted(watch.health)
    shown = ", ".join(f"{count} × {answer}" for answer, count in sorted(answers.items()))
    health = f"{times[len(times) // 2] * 1000:.0f} / {times[-1] * 1000:.0f}" if times else "none"
    return f"{watch.before // 1024} | {(watch.most - watch.before) // 1024} | {seconds:.1f} | {health} | {shown}"


async def crowd(
    server: Server,
    kinds: tuple[Callable[[], Request], ...],
    strangers: int,
    each: int,
    has_own_address: bool,
    answers: Counter[str],
) -> None:
    turns = itertools.cycle(kinds)
    async with asyncio.TaskGroup() as group:
        for number in range(strangers):
            address = f"198.18.{number // 250}.{number % 250}" if has_own_address else "198.18.0.1"
            requests = [next(turns)() for _ in range(each)]
            group.create_task(send(server, requests, address, answers))


async def send(server: Server, requests: list[Request], address: str, answers: Counter[str]) -> None:
    for request in requests:
        answers[await answer(server.port, request, address)] += 1


async def answer(port: int, request: Request, address: str) -> str:
    """The status, over a connection of its own."""
    head = [f"{request.method} {request.path} HTTP/1.1", "Host: localhost", f"X-Forwarded-For: {address}"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    head += [f"Content-Length: {len(request.body)}", "Connection: close"]
    try:
        async with asyncio.timeout(120):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write("\r\n".join([*head, "", ""]).encode() + request.body)
            line = await reader.readline()
            with suppress(OSError):
                await reader.read()
            writer.close()
    except (OSError, TimeoutError) as error:
        return type(error).__name__
    return line.split(b" ")[1].decode() if line else "nothing"


class Watch:
    """What the server takes at most, and how long `/health/` takes, until the end of the block."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.before, self.seconds = rss_kib(server.pid), cpu_seconds([server.pid])
        self.most, self.health = self.before, list[float]()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._watch, self._ask)]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(0.05):
            self.most = max(self.most, rss_kib(self.server.pid))

    def _ask(self) -> None:
        while not self._stopping.wait(0.1):
            began = time.monotonic()
            httpx.get(f"{self.server.url}/health/", timeout=60)
            self.health.append(time.monotonic() - began)
