"""What a message end to end costs, by how many devices read it: its sender, its readers, the wire and the server.

python -m bench.sealing [--quick] [--database sqlite postgres] [--part clients server]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

from bench.procstat import cpu_seconds, postgres_backends
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import GENEROUS, Person, cast_on, http

sys.path.insert(0, str(ROOT / "clients" / "python"))
from chatcrypt import CURVE, RSA, Head, OwnDevice, Place, make_device, open_message, seal_message
from chatcrypt.suite import Suite

SIZES = (2, 10, 100)
DATABASES = {
    "sqlite": {"DATABASE_URL": "", "REDIS_URL": ""},
    "postgres": {
        "DATABASE_URL": "postgres://postgres@127.0.0.1:5432/postgres",
        "REDIS_URL": "redis://127.0.0.1:6379/14",
    },
}
PLENTY = {**GENEROUS, "DATABASE_THREADS": "4", "LOG_LEVEL": "ERROR"}
WORDS = "Shall we meet at the station at six?"
IN_FLIGHT = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a few messages: for a look, not for a table")
    parser.add_argument("--database", nargs="+", choices=tuple(DATABASES), default=list(DATABASES))
    parser.add_argument("--part", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    options = parser.parse_args()
    for part in options.part:
        PARTS[part](options)


# --- Clients ------------------------------------------------------------------------------------------------------
def clients(options: argparse.Namespace) -> None:
    """Sealing once and opening once, on one core, and the bytes of the envelope as JSON."""
    print("| suite | devices | envelope bytes | Python seals / opens ms | JavaScript seals / opens ms |")
    print("| --- | --- | --- | --- | --- |")
    for suite in (CURVE, RSA):
        for size in SIZES:
            rounds = 5 if options.quick else 50
            sealing, opening, count = python(suite, size, rounds)
            script = ["node", str(ROOT / "bench" / "sealing.mjs"), suite.name, str(size), str(rounds)]
            js = json.loads(subprocess.run(script, stdout=subprocess.PIPE, check=True, text=True).stdout)
            pairs = (sealing, opening), (js["seal_ms"], js["open_ms"])
            cells = [suite.name, str(size), f"{count:,}", *(f"{one:.1f} / {other:.1f}" for one, other in pairs)]
            print(f"| {' | '.join(cells)} |", flush=True)


def python(suite: Suite, size: int, rounds: int) -> tuple[float, float, int]:
    devices = [make_device(str(UUID(int=1)), suite, device=str(UUID(int=n + 1))) for n in range(min(size, 10))]
    # Keys cost seconds to make and are wrapped for alike: beyond ten the recipients differ in their ids alone.
    keys = [devices[n % len(devices)] for n in range(size)]
    readers = [renamed(device, UUID(int=n + 1)) for n, device in enumerate(keys)]
    place, sealed = Place(str(UUID(int=9)), "message"), {}
    how = {"recipients": [device.public for device in readers], "roster_seq": 7, "heads": heads_of(readers)}

    def seal() -> None:
        sealed.update(seal_message({"content": WORDS}, place, sender=readers[0], **how))

    def opens() -> None:
        open_message(sealed, place, sender=readers[0].public, devices=[readers[-1]])

    return middle(seal, rounds), middle(opens, rounds), len(json.dumps(sealed, separators=(",", ":")))


def heads_of(devices: list[OwnDevice]) -> list[Head]:
    """A key log for each device, as if each were of another person: the most heads that there can be."""
    return [Head(str(device.id), 1, "ab" * 32) for device in devices]


def renamed(device: OwnDevice, id_: UUID) -> OwnDevice:
    public = device.public
    named = type(public)(
        str(id_), public.user_id, public.suite, public.encryption_key, public.signing_key, public.signature
    )
    return OwnDevice(named, device.encryption_key, device.signing_key)


def middle(call: Callable[[], None], rounds: int) -> float:
    """The median, in milliseconds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


# --- The server ---------------------------------------------------------------------------------------------------
def server(options: argparse.Namespace) -> None:
    """Sends over HTTP, a few at a time, sealed before: what they cost the server and the database, and how many times
    what the same number of readable messages costs in a group of the same people."""
    count = 40 if options.quick else 400
    print("\n| database | suite | devices | CPU ms/send | × readable | sends/s | × readable |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for database in options.database:
        with Server(env={**PLENTY, **DATABASES[database]}) as running:
            for suite in (CURVE, RSA):
                for size in SIZES:
                    cells = compared(running, suite, size, count)
                    print(f"| {database} | {suite.name} | {size} | {' | '.join(cells)} |", flush=True)


def compared(running: Server, suite: Suite, size: int, count: int) -> list[str]:
    """Both kinds take turns, in slices."""
    people = [cast_on(running)("alice") for _ in range(size)]
    owner = people[0]
    pairs = [make_device(one.id, suite) for one in people] if suite is CURVE else bundles(people)
    ids = [one.post("encryption/devices/", pair.public.bundle)["id"] for one, pair in zip(people, pairs, strict=True)]
    devices = [renamed(pair, UUID(id_)) for pair, id_ in zip(pairs, ids, strict=True)]
    sealed_in, readable_in = owner.group(*people[1:], encryption="e2ee"), owner.group(*people[1:])
    seq = owner.get(f"encryption/roster/{sealed_in}/")["roster_seq"]
    slices = 4
    bodies = [sealed(sealed_in, devices, seq) for _ in range(count // slices)]
    plain: list[tuple[float, float]] = []
    private: list[tuple[float, float]] = []
    for n in range(slices):
        turn = [{**body, "client_id": f"{n} {body['client_id']}"} for body in bodies]
        readable = [{"content": WORDS, "client_id": f"r{body['client_id']}"} for body in turn]
        plain.append(sends(running, owner, readable_in, readable))
        private.append(sends(running, owner, sealed_in, turn))
    cpu, rate = (statistics.median(one[at] for one in private) for at in (0, 1))
    ratios = [statistics.median(p[at] / r[at] for p, r in zip(private, plain, strict=True)) for at in (0, 1)]
    return [f"{cpu:.2f}", f"{ratios[0]:.2f}", f"{rate:,.0f}", f"{ratios[1]:.2f}"]


def bundles(people: list[Person]) -> list[OwnDevice]:
    """RSA keys, made by as many threads as there are processors."""
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda one: make_device(one.id, RSA), people))


def sealed(conversation: str, devices: list[OwnDevice], seq: int) -> dict[str, object]:
    place = Place(conversation, os.urandom(8).hex())
    how = {"recipients": [device.public for device in devices], "roster_seq": seq, "heads": heads_of(devices)}
    envelope = seal_message({"content": WORDS}, place, sender=devices[0], **how)
    return {"client_id": place.client_id, "envelope": envelope}


def sends(running: Server, owner: Person, conversation: str, bodies: list[dict[str, object]]) -> tuple[float, float]:
    """CPU milliseconds a send, PostgreSQL's included, and sends a second."""
    address = f"{running.url}/api/v1/conversations/{conversation}/messages/"

    def send(body: dict[str, object]) -> None:
        http.post(address, json=body, headers=owner.headers).raise_for_status()

    name = Path(running.env.get("DATABASE_URL", "")).name
    roots = lambda: [running.pid, *(postgres_backends(name) if name else ())]  # noqa: E731
    began, cpu = time.monotonic(), cpu_seconds(roots())
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        list(threads.map(send, bodies))
    return (cpu_seconds(roots()) - cpu) * 1000 / len(bodies), len(bodies) / (time.monotonic() - began)


PARTS = {"clients": clients, "server": server}

if __name__ == "__main__":
    main()
