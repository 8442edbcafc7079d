"""The load generator: one process, one core, any WebSocket server. Prints one JSON object.

    python -m bench.wsload ws://127.0.0.1:9000 --pid 123 --window 4             # a room of 500, one sender
    python -m bench.wsload ws://127.0.0.1:9000 --pid 123 --rate 5               # five messages a second
    python -m bench.wsload ws://127.0.0.1:9000 --pid 123 --members 200 --rooms 50 --senders 200 --until reply
    python -m bench.wsload ws://127.0.0.1:9000 --pid 123 --members 2000 --idle  # memory and connecting only

`--speaks chat --people FILE` talks to our own server.
"""

import argparse
import asyncio
import json
import time
from array import array
from pathlib import Path

import uvloop

from bench import procstat
from bench.adapters import ADAPTERS
from bench.crowd import Crowd

SILENCE = 1.5  # seconds without a frame after which the rest counts as lost


def percentiles(name: str, nanoseconds: array) -> dict[str, float]:
    """Median and 99th percentile in milliseconds; nothing for an empty list."""
    values = sorted(nanoseconds)
    last = len(values) - 1
    shares = {"p50": 0.5, "p99": 0.99} if values else {}
    return {f"{name}_{label}_ms": values[min(last, int(len(values) * share))] / 1e6 for label, share in shares.items()}


async def connecting(crowd: Crowd, options: argparse.Namespace) -> dict[str, float]:
    """What it costs to have everybody connect, sign in and then sit there for `rest` seconds."""
    server, memory = options.pid, procstat.rss_kib(options.pid)
    spent, began = cpu_seconds(options), time.monotonic()
    await crowd.connect()
    took = time.monotonic() - began
    await asyncio.sleep(options.rest)
    cpu, worker_cpu, database_cpu = (now - then for now, then in zip(cpu_seconds(options), spent, strict=True))
    return {
        "connect_cpu_ms": (cpu + worker_cpu) * 1e3 / crowd.size,
        "connect_database_ms": database_cpu * 1e3 / crowd.size,
        "connect_seconds": took,
        "kib_per_connection": (procstat.rss_kib(server) - memory) / crowd.size,
        "rss_mib": procstat.rss_kib(server) / 1024,
    }


async def sending(crowd: Crowd, options: argparse.Namespace) -> dict[str, float | str]:
    """What it costs to carry the messages of one timed stretch, and how they fared."""
    crowd.forget()
    own, began, first = time.process_time(), time.monotonic(), crowd.sent
    spent = cpu_seconds(options)
    await drive(crowd, options, options.seconds)
    ended = await crowd.settle(SILENCE)
    cpu, worker_cpu, database_cpu = (now - then for now, then in zip(cpu_seconds(options), spent, strict=True))
    sent, wall = crowd.sent - first, ended - began
    return {
        "sent": sent,
        "delivered": crowd.deliveries,
        "replies": crowd.replies,
        "refused": crowd.refused,
        "first_refusal": crowd.first_refusal,
        "lost": crowd.expected - crowd.deliveries,
        "duplicates": crowd.duplicates,
        "closed": crowd.closed,
        "frame_bytes": crowd.frame_size,
        "messages_per_second": sent / wall,
        "deliveries_per_second": crowd.deliveries / wall,
        "cpu_us_per_delivery": cpu * 1e6 / max(crowd.deliveries, 1),
        "cpu_us_per_message": cpu * 1e6 / max(sent, 1),
        "worker_us_per_message": worker_cpu * 1e6 / max(sent, 1),
        "database_us_per_message": database_cpu * 1e6 / max(sent, 1),
        "all_us_per_message": (cpu + worker_cpu + database_cpu) * 1e6 / max(sent, 1),
        "server_busy": cpu / wall,
        "client_busy": (time.process_time() - own) / wall,
        **percentiles("received", crowd.received_ns),
        **percentiles("last_received", crowd.last_received_ns),
        **percentiles("reply", crowd.reply_ns),
    }


def cpu_seconds(options: argparse.Namespace) -> tuple[float, float, float]:
    """Of the server, of its worker (a process or threads), and of the PostgreSQL processes that work for both."""
    if options.worker == options.pid:
        worker = procstat.thread_seconds(options.pid, ("worker", "push"))
    else:
        worker = procstat.cpu_seconds([options.worker]) if options.worker else 0.0
    return procstat.cpu_seconds([options.pid]) - worker, worker, procstat.postgres_seconds(options.database)


async def drive(crowd: Crowd, options: argparse.Namespace, seconds: float) -> None:
    if options.rate:
        await crowd.pace(seconds, options.rate)
    else:
        await crowd.loop(seconds, options.window)


async def run(options: argparse.Namespace) -> dict[str, float | str]:
    adapter = ADAPTERS[options.speaks](options.url, options.rooms, options.people)
    crowd = Crowd(adapter, options.members, options.rooms, options.senders, options.until)
    result: dict[str, float | str] = dict(await connecting(crowd, options))
    if not options.idle:
        await drive(crowd, options, options.warm)
        await crowd.settle(SILENCE)
        result |= await sending(crowd, options)
    crowd.disconnect()
    return result


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="scheme, host and port")
    parser.add_argument("--pid", type=int, required=True, help="the server; its process tree is summed")
    parser.add_argument("--worker", type=int, help="counted apart: a process of that tree, or the same for its threads")
    parser.add_argument("--database", default="", help="name of the server's PostgreSQL database, to count its CPU too")
    parser.add_argument("--speaks", choices=list(ADAPTERS), default="room")
    parser.add_argument("--people", type=Path, help="who is who, in a server that has to know them")
    parser.add_argument("--members", type=int, default=500, help="connections")
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--window", type=int, default=1, help="closed loop: messages on their way per sender")
    parser.add_argument("--rate", type=float, default=0, help="messages a second over all senders; 0: closed loop")
    parser.add_argument("--until", choices=["all", "reply"], default="all", help="what completes a message")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warm", type=float, default=0.5, help="seconds of the same load before measuring")
    parser.add_argument("--rest", type=float, default=0.5, help="seconds between connecting and measuring")
    parser.add_argument("--idle", action="store_true", help="connect only")
    return parser


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(parser().parse_args()))))
