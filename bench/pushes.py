"""What it costs that members are told: sending with and without pushes, pushes themselves, and the tail of the log.

python -m bench.pushes [--quick] [--database sqlite postgres] [--rounds 3] [--part sends pushes tail]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

from bench.databases import POSTGRES, UNLIMITED
from bench.procstat import cpu_seconds
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import GENEROUS, cast_on, http
from notifications.tests.fcm import FcmServer
from notifications.tests.loopback import HANG

REDIS = "redis://127.0.0.1:6379/14"
DATABASES = {
    "sqlite": {"DATABASE_URL": "", "REDIS_URL": ""},
    "postgres": {"DATABASE_URL": f"{POSTGRES}/postgres", "REDIS_URL": REDIS},
}
PLENTY = {
    **GENEROUS,
    "RATE_MESSAGES": UNLIMITED,
    "RATE_FRAMES": UNLIMITED,
    "ACCESS_TOKEN_MINUTES": "600",
    "LOG_LEVEL": "ERROR",
    "DATABASE_THREADS": "4",
}
AT_ONCE = {"PUSH_DELAY_SECONDS": "1", "PUSH_ONLINE_SECONDS": "0"}
"""Nobody has time to read anything: more pushes than in life."""
WARM = 8
"""Seconds of the same load before measuring: by then the first pushes were sent, and what sends them is loaded."""
NAMED = {"DJANGO_SETTINGS_MODULE": "bench.named"}
"""So that the worker's threads are counted apart."""
MEMBERS, ROOMS, SENDERS = 200, 50, 100
"""In each room two send, and two have never read anything."""
CROWD = 1000


class Way(NamedTuple):
    """How members are told while others send."""

    name: str
    env: dict[str, str] = {}
    has_pushes: bool = True
    hangs: bool = False


WAYS = (
    Way("nothing told", {"DJANGO_SETTINGS_MODULE": "bench.silent"}, has_pushes=False),
    Way("told, no pushes", has_pushes=False),
    Way("pushes, quick service"),
    Way("pushes, service hangs", hangs=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one short round: for a look, not for a table")
    parser.add_argument("--database", nargs="+", choices=tuple(DATABASES), default=list(DATABASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    for part in options.part:
        PARTS[part](options)


# --- Sending ------------------------------------------------------------------------------------------------------
COLUMNS = {
    "server CPU µs/send": "cpu_us_per_message",
    "worker CPU µs/send": "worker_us_per_message",
    "PostgreSQL µs/send": "database_us_per_message",
}


def sends(options: argparse.Namespace) -> None:
    """Durable sends, everybody waiting for the reply; the ways take turns. Ratios are medians of those of a round."""
    print(f"| database | way | {' | '.join(COLUMNS)} | × server | × all | sends/s | × | p50 / p99 ms | pushes/s |")
    print(f"| {' | '.join(['---'] * (len(COLUMNS) + 8))} |")
    for database in options.database:
        rounds = [
            [play(database, way, 3 if options.quick else 6) for way in turned(WAYS, n)] for n in range(options.rounds)
        ]
        for n, way in enumerate(WAYS):
            runs, bases = ([turned(one, -turn)[at] for turn, one in enumerate(rounds)] for at in (n, 0))
            cells = [f"{middle(runs, key):.0f}" for key in COLUMNS.values()]
            cells += [f"{ratio(runs, bases, key):.2f}" for key in ("cpu_us_per_message", "all")]
            cells += [f"{middle(runs, 'messages_per_second'):,.0f}"]
            cells += [f"{ratio(runs, bases, 'messages_per_second'):.2f}"]
            cells += [f"{middle(runs, 'reply_p50_ms'):.0f} / {middle(runs, 'reply_p99_ms'):.0f}"]
            cells += [f"{middle(runs, 'pushes'):.0f}"]
            print(f"| {' | '.join([database, way.name, *cells])} |", flush=True)


def turned(some: Iterable[Any], by: int) -> list[Any]:
    """The same in a circle, begun elsewhere."""
    found = list(some)
    return found[by % len(found) :] + found[: by % len(found)]


def middle(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def ratio(runs: list[dict[str, float]], bases: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] / base[key] for run, base in zip(runs, bases, strict=True))


def play(database: str, way: Way, seconds: float) -> dict[str, float]:
    """One stretch on a new server."""
    with FcmServer() as fcm:
        fcm.always(HANG if way.hangs else None)
        env = {**NAMED, **DATABASES[database], **way.env, **(fcm.env if way.has_pushes else {})}
        with seeded(env, MEMBERS, ROOMS) as server:
            sizes = {"members": MEMBERS, "rooms": ROOMS, "senders": SENDERS, "seconds": seconds, "warm": WARM}
            command = [sys.executable, "-m", "bench.wsload", server.ws_url, f"--pid={server.pid}", "--until=reply"]
            command += [
                "--speaks=chat",
                f"--people={server.data_dir / 'cast.json'}",
                *(f"--{name}={n}" for name, n in sizes.items()),
            ]
            command += [f"--worker={worker(server)}"]
            if database == "postgres":
                command += [f"--database={urlsplit(server.env['DATABASE_URL']).path[1:]}"]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
            result: dict[str, float] = json.loads(done.stdout)
            assert not result["refused"], result["first_refusal"]
            result["all"] = sum(result[key] for key in COLUMNS.values())
            return result | {"pushes": len(fcm.taken) / (WARM + seconds)}


@contextmanager
def seeded(env: dict[str, str], members: int, rooms: int) -> Iterator[Server]:
    """A running server on which everybody of a cast has a telephone."""
    server = Server(env={**PLENTY, **AT_ONCE, **env})
    try:
        seed(server, members, rooms)
        with server:
            yield server
    finally:
        server.close()


def seed(server: Server, members: int, rooms: int, *more: str) -> str:
    command = [sys.executable, "-m", "bench.seed_pushes", str(members), str(rooms), str(server.data_dir), *more]
    return subprocess.run(command, cwd=ROOT, env=server.env, stdout=subprocess.PIPE, check=True, text=True).stdout


def worker(server: Server) -> int:
    """The worker's process: its own with Redis, else the server's."""
    if "REDIS_URL" not in server.env:
        return server.pid
    while not (found := [one.pid for one in server.processes() if one.name() == "chat-worker"]):
        time.sleep(0.1)
    return int(found[0])


# --- Pushes -------------------------------------------------------------------------------------------------------
def pushes(options: argparse.Namespace) -> None:
    """From sending to arriving, without the delay that is set; and how many a worker delivers when many wait."""
    print("\n| database | sent to pushed, p50 / max s | pushes/s | worker CPU ms/push |\n| --- | --- | --- | --- |")
    for database in options.database:
        with FcmServer() as fcm:
            took = lateness(database, fcm, 3 if options.quick else 20)
            rates = [rate(database) for _ in range(options.rounds)]
        cells = [f"{statistics.median(took):.2f} / {max(took):.2f}", f"{statistics.median(r for r, _ in rates):.0f}"]
        print(f"| {database} | {' | '.join([*cells, f'{statistics.median(c for _, c in rates):.1f}'])} |", flush=True)


def lateness(database: str, fcm: FcmServer, rounds: int) -> list[float]:
    """Seconds beyond the delay."""
    with Server(env={**PLENTY, **AT_ONCE, **DATABASES[database], **fcm.env}) as server:
        alice, bob = map(cast_on(server), ("alice", "bob"))
        group = alice.group(bob)
        bob.post("users/me/devices/", {"provider": "fcm", "token": "bob's telephone"})
        found = []
        for n in range(rounds):
            time.sleep(n / rounds)  # at another moment of the worker's second each time
            alice.write(group)
            began = time.monotonic()
            fcm.wait_for(n + 1)
            found.append(time.monotonic() - began - float(AT_ONCE["PUSH_DELAY_SECONDS"]))
        return found


def rate(database: str) -> tuple[float, float]:
    """A message to a thousand: the pushes per second from the first tenth to the last, and their cost."""
    with FcmServer() as fcm, seeded({**DATABASES[database], **fcm.env}, CROWD, 1) as server:
        cast = json.loads((server.data_dir / "cast.json").read_text())
        address = f"{server.url}/api/v1/conversations/{cast['conversations'][0]}/messages/"
        headers = {"Authorization": f"Bearer {cast['tokens'][0]}"}
        http.post(address, json={"content": "Hello"}, headers=headers).raise_for_status()
        pid = worker(server)
        fcm.wait_for(CROWD // 10, timeout=60)
        first, began, cpu = len(fcm.taken), time.monotonic(), cpu_seconds([pid])
        fcm.wait_for(CROWD - 1, timeout=120)
        count = len(fcm.taken) - first
        return count / (time.monotonic() - began), (cpu_seconds([pid]) - cpu) * 1000 / count


# --- The tail -----------------------------------------------------------------------------------------------------
SIZES = (10, 100, 1000)


def tail(options: argparse.Namespace) -> None:
    """CPU time that a message costs the worker's tail, PostgreSQL's included, by the size of the group."""
    print("\n| database | members | first ms | joins ms | of twenty, each ms |\n| --- | --- | --- | --- | --- |")
    for database in options.database:
        for size in SIZES:
            with FcmServer() as fcm:
                server = Server(env={**PLENTY, **AT_ONCE, **DATABASES[database], **fcm.env})
                try:
                    found = json.loads(seed(server, size, 1, f"--tail={2 if options.quick else 20}"))
                finally:
                    server.close()
            print(f"| {database} | {size} | {' | '.join(f'{ms:.2f}' for ms in found.values())} |", flush=True)


PARTS = {"sends": sends, "pushes": pushes, "tail": tail}

if __name__ == "__main__":
    main()
