"""What searching costs among many messages, and what the index costs each message that is written.

python -m bench.search [--messages 1000000] [--database postgres sqlite] [--rounds 60] [--pairs 3]
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench.databases import POSTGRES
from bench.procstat import cpu_seconds, postgres_backends
from chatproject.tests.server import ROOT, Server

PLENTY = dict.fromkeys(("RATE_SEARCH", "RATE_REQUESTS_USER"), "1000000/s") | {"ACCESS_TOKEN_MINUTES": "600"}
URLS = {"postgres": f"{POSTGRES}/postgres", "sqlite": ""}
INSERTED = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", nargs="+", choices=tuple(URLS), default=["postgres", "sqlite"])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    print("| database | reader's conversations | word | p50 ms | p95 ms | CPU ms | hits |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for database in options.database:
        with Server(env={**PLENTY, "DATABASE_URL": URLS[database]}) as server:
            seeded = seed(server, options.messages)
            for (reader, token), (kind, words) in itertools.product(seeded["tokens"].items(), seeded["words"].items()):
                print(f"| {database} | {reader} | {kind} | {row(server, token, words, options.rounds)} |", flush=True)
    print("\n| database | CPU µs/message without | with the index | difference |\n| --- | --- | --- | --- |")
    for database in options.database:
        without, with_index = cost(database, options.pairs)
        print(f"| {database} | {without:.1f} | {with_index:.1f} | {with_index - without:+.1f} |", flush=True)


def row(server: Server, token: str, words: list[str], rounds: int) -> str:
    """So many searches for these words in turn: percentiles as the client waits, CPU time of the server and PostgreSQL
    for each, and the hits of a page."""
    took, hits, headers = [], 0, {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1/", headers=headers, timeout=30) as client:
        client.get("messages/search/", params={"q": words[0]})
        before = cpu_seconds(working(server))
        for word in itertools.islice(itertools.cycle(words), rounds):
            began = time.perf_counter()
            answer = client.get("messages/search/", params={"q": word})
            took.append((time.perf_counter() - began) * 1000)
            hits = max(hits, len(answer.raise_for_status().json()["results"]))
        cpu = (cpu_seconds(working(server)) - before) * 1000 / rounds
    return f"{statistics.median(took):.1f} | {statistics.quantiles(took, n=20)[-1]:.1f} | {cpu:.1f} | {hits}"


def working(server: Server) -> list[int]:
    """The processes that work on a search."""
    url = server.env.get("DATABASE_URL", "")
    return [server.pid, *(postgres_backends(urlsplit(url).path.strip("/")) if url else [])]


def cost(database: str, pairs: int) -> tuple[float, float]:
    """Medians of what a message costs the database in CPU time without and with the index, each time in a new one."""
    costs: dict[bool, list[float]] = {True: [], False: []}
    for n in range(pairs):
        for is_bare in (True, False) if n % 2 else (False, True):
            with Server(env={**PLENTY, "DATABASE_URL": URLS[database]}) as server:
                costs[is_bare].append(seed(server, INSERTED, *(["--bare"] if is_bare else []))["cost"])
    return statistics.median(costs[True]), statistics.median(costs[False])


def seed(server: Server, count: int, *more: str) -> Any:
    """Fill a server's database; what `bench.seed_search` tells of it."""
    told = Path(server.data_dir) / "seeded.json"
    command = [sys.executable, "-m", "bench.seed_search", str(count), str(told), *more]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **server.env}, check=True)
    return json.loads(told.read_text())


if __name__ == "__main__":
    main()
