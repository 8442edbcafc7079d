"""What files cost: bringing and fetching them, making them ready, and what sockets notice of it.

python -m bench.media [--database postgres sqlite] [--megabytes 20] [--rounds 10] [--downloads 20]
"""

import argparse
import asyncio
import io
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
from PIL import Image

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

from bench.databases import POSTGRES
from bench.procstat import TICKS_PER_SECOND, stat, tree
from chatproject.tests.server import Server
from media.tests import films
from messaging.tests.client import GENEROUS, Person, cast_on

MEGABYTE = 1024 * 1024
URLS = {"postgres": f"{POSTGRES}/postgres", "sqlite": ""}
PLENTY = {
    **GENEROUS,
    "RATE_UPLOADS": "100000/s",
    "RATE_FILES": "100000/s",
    "MAX_UPLOAD_MB": "200",
    "UPLOAD_QUOTA_MB": "0",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--database", nargs="+", choices=tuple(URLS), default=["sqlite"])
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--downloads", type=int, default=20)
    options = parser.parse_args()
    for database in options.database:
        with Server(env={**PLENTY, "DATABASE_URL": URLS[database]}) as server:
            alice, bob = map(cast_on(server), ("alice", "bob"))
            group = alice.group(bob)
            print(f"\n| {database} | MB/s | server CPU ms/MB |\n| --- | --- | --- |")
            address = transfers(server, alice, group, options.megabytes, options.rounds)
            print("\n| made ready | seconds | server CPU s |\n| --- | --- | --- |")
            for name, content in samples():
                print(f"| {name} | {ready(server, alice, group, content, options.rounds)} |", flush=True)
            print("\n| sockets | reply and delivery p50 ms | p99 ms | downloads MB/s |\n| --- | --- | --- | --- |")
            for downloads in (0, options.downloads, 0):
                print(
                    f"| {downloads} downloads | {asyncio.run(talk(alice, bob, group, address, downloads))} |",
                    flush=True,
                )


def cpu(server: Server) -> float:
    """User and system time of the server's processes, and of those it waited for."""
    return sum(sum(map(int, stat(pid)[11:15])) for pid in tree(server.pid)) / TICKS_PER_SECOND


def transfers(server: Server, person: Person, group: str, megabytes: int, rounds: int) -> str:
    """Print what bringing and fetching a large file costs; the address of one."""
    content = b"%PDF-" + bytes(megabytes * MEGABYTE - 5)
    address = bring(person, group, content)
    person.write(group, attachment_ids=[address.split("/")[-3]])
    for name, action in (("bring", lambda: bring(person, group, content)), ("fetch", lambda: fetch(person, address))):
        before, began = cpu(server), time.perf_counter()
        for _ in range(rounds):
            action()
        total = megabytes * rounds
        took, used = time.perf_counter() - began, cpu(server) - before
        print(f"| {name} {megabytes} MB | {total / took:.0f} | {used * 1000 / total:.2f} |", flush=True)
    return address


def bring(person: Person, group: str, content: bytes) -> str:
    """Upload a file; the address of its content."""
    answer = person.call("POST", "media/", data={"conversation_id": group}, files={"file": ("file", content)})
    address: str = answer.raise_for_status().json()["content_url"]
    return address


def fetch(person: Person, address: str) -> None:
    person.call("GET", address.removeprefix("/api/v1/")).raise_for_status()


def samples() -> Iterator[tuple[str, bytes]]:
    """Files as people send them."""
    noise = Image.effect_noise((1000, 750), 60).resize((4000, 3000))
    photo = Image.merge("RGB", (noise, noise.rotate(90).resize(noise.size), noise.rotate(180)))
    photo.save(file := io.BytesIO(), "JPEG", quality=85)
    yield f"photo, 12 megapixels, {file.tell() / MEGABYTE:.1f} MB", file.getvalue()
    shot = photo.resize((1920, 1080))
    shot.save(file := io.BytesIO(), "PNG")
    yield f"PNG, 2 megapixels, {file.tell() / MEGABYTE:.1f} MB", file.getvalue()
    yield "film, MP4", films.film()
    yield "voice note, Opus", films.voice()


def ready(server: Server, person: Person, group: str, content: bytes, rounds: int) -> str:
    """From the end of the upload until it is ready, and what that costs; medians."""
    took, used = [], []
    for _ in range(rounds):
        before = cpu(server)
        address = bring(person, group, content).removeprefix("/api/v1/").removesuffix("content/")
        began = time.perf_counter()
        while (state := person.get(address))["status"] == "processing":
            time.sleep(0.02)
        assert state["status"] == "ready", state
        took.append(time.perf_counter() - began)
        used.append(cpu(server) - before)
    return f"{statistics.median(took):.2f} | {statistics.median(used):.2f}"


async def talk(alice: Person, bob: Person, group: str, address: str, downloads: int, messages: int = 300) -> str:
    """alice writes to bob twenty times a second while others, in another process, fetch files."""
    fetched = multiprocessing.Value("q", 0)
    others = multiprocessing.Process(target=keep_fetching, args=(alice, address, downloads, fetched), daemon=True)
    others.start()
    took, began = [], time.perf_counter()
    async with alice.socket() as one, bob.socket() as other:
        for n in range(messages):
            sent = time.perf_counter()
            seq = (await one.say(group, f"Number {n}"))["seq"]
            await other.until(lambda seq=seq: seq in other.seqs(group)[-3:])
            took.append((time.perf_counter() - sent) * 1000)
            await asyncio.sleep(0.05)
    rate = fetched.value / MEGABYTE / (time.perf_counter() - began)
    others.kill()
    return f"{statistics.median(took):.1f} | {statistics.quantiles(took, n=100)[98]:.1f} | {rate:.0f}"


def keep_fetching(person: Person, address: str, downloads: int, fetched: Any) -> None:
    """So many at a time, for ever."""

    def keep_on() -> None:
        while True:
            with httpx.stream("GET", person.server.url + address, headers=person.headers) as answer:
                for chunk in answer.iter_bytes(MEGABYTE):
                    with fetched.get_lock():
                        fetched.value += len(chunk)

    threads = [threading.Thread(target=keep_on) for _ in range(downloads)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
