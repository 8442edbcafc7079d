"""Fill a database with messages for `bench.search`, through the writer's own statements.

python -m bench.seed_search COUNT FILE    # with the server's environment; what the readers need goes into FILE
python -m bench.seed_search COUNT FILE --bare    # the same without any index of words, to compare the cost

`FILE` is `{"cost": µs of CPU per message, "tokens": {reader: token}, "words": {kind: [words]}}`.
"""

import argparse
import itertools
import json
import os
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

# Below, because these need the applications to be loaded.
from django.db import connection  # noqa: E402

from accounts.models import Session, User  # noqa: E402
from accounts.tokens import access_token  # noqa: E402
from bench.seed import people  # noqa: E402
from common.ids import uuid7  # noqa: E402
from conversations.models import Conversation, Membership  # noqa: E402
from messaging.models.search_terms import index_search_terms  # noqa: E402
from messaging.search import schema as search_schema  # noqa: E402
from messaging.writing.store import open_store  # noqa: E402
from messaging.writing.store.rows import MessageRow  # noqa: E402

ROOMS, SMALL, MANY = 2001, 20, 500
WRITERS = 50
VOCABULARY = 50_000
ELSEWHERE, RARE = "elsewhere", "once"
BATCH = 20
"""Messages per transaction while the cost is measured; afterwards fifty times as many."""
MEASURED = 20_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    chance = random.Random(1)
    vocabulary = list({word(chance): None for _ in range(VOCABULARY)})
    readers, rooms, writers = cast()
    if options.bare:
        is_postgres = connection.vendor == "postgresql"
        with connection.cursor() as cursor:
            for statement in search_schema.POSTGRES_REVERSE if is_postgres else search_schema.SQLITE_REVERSE:
                cursor.execute(statement)
    cost = write(texts(options.count, vocabulary, chance), rooms, writers, is_bare=options.bare)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    expires_at = datetime.now(UTC) + timedelta(days=1)
    tokens = {who.username: access_token(Session.objects.create(user=who, expires_at=expires_at)) for who in readers}
    words = {
        "in 1 of 2 messages": vocabulary[:3],
        "in 1 of 100": vocabulary[95:110],
        "in 1 of 10,000": vocabulary[9_000:9_015],
        "in 10 of all": [RARE],
        "in none": ["nowhere"],
        "common elsewhere only": [ELSEWHERE],
        "beginning of a common one": [one[:-1] for one in vocabulary[:10] if len(one) > 4],
        "two common ones": [f"{vocabulary[n]} {vocabulary[n + 1]}" for n in range(5)],
    }
    options.file.write_text(json.dumps({"cost": cost, "tokens": tokens, "words": words}))


def word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9)))


def cast() -> tuple[list[User], list[Conversation], list[User]]:
    """Three readers, the rooms of which the first is as large as all others together, and who writes there."""
    readers, writers = people("reader", 3), people("writer", WRITERS)
    for reader, name in zip(readers, ("one large", f"{SMALL} small", f"the large and {MANY} small"), strict=True):
        reader.username = name
    rooms = Conversation.objects.bulk_create([Conversation(kind="group", name=f"room {n}") for n in range(ROOMS)])
    reads = [(readers[0], rooms[:1]), (readers[1], rooms[1 : SMALL + 1]), (readers[2], rooms[: MANY + 1])]
    Membership.objects.bulk_create(
        [Membership(user=reader, conversation=room) for reader, mine in reads for room in mine]
        + [Membership(user=writers[n % WRITERS], conversation=room) for n, room in enumerate(rooms)],
        batch_size=500,
    )
    return readers, rooms, writers


def texts(count: int, vocabulary: list[str], chance: random.Random) -> Iterator[tuple[int, str]]:
    """Messages of 3 to 16 words, as often as words of a language are, and the number of the room of each."""
    weights = list(itertools.accumulate(1 / (n + 1) for n in range(len(vocabulary))))
    for n in range(count):
        said = chance.choices(vocabulary, cum_weights=weights, k=chance.randint(3, 16))
        room = 0 if chance.random() < 0.5 else chance.randrange(1, ROOMS)
        if room == 0 and n % 5 == 0:
            said.append(ELSEWHERE)
        if n % max(1, count // 10) == 0:
            said.append(RARE)
        yield room, " ".join(said)


def write(said: Iterator[tuple[int, str]], rooms: list[Conversation], writers: list[User], *, is_bare: bool) -> float:
    """Store all messages; the microseconds of the database's CPU time for each of the first ones."""
    store, places = open_store(), [0] * len(rooms)
    stored, before, cost = 0, cpu_seconds(), 0.0
    while batch := list(itertools.islice(said, BATCH if stored < MEASURED else BATCH * 50)):
        rows = []
        for room, text in batch:
            places[room] += 1
            rows.append(row(rooms[room], places[room], writers[room % WRITERS], text, is_bare))
        with store.transaction():
            store.begin([], 1000)
            store.commit(rows)
        stored += len(batch)
        if stored <= MEASURED:
            cost = (cpu_seconds() - before) * 1e6 / stored
    return cost


def row(room: Conversation, place: int, writer: User, text: str, is_bare: bool) -> MessageRow:
    id_, words = uuid7(), "" if is_bare else index_search_terms(text)
    return MessageRow(
        id_, room.id, place, place, writer.id, id_.hex, b"-" * 16, "text", text, words,
        None, None, None, [], False, None, None, datetime.now(UTC), True,
    )  # fmt: skip


def cpu_seconds() -> float:
    """What the database has used: PostgreSQL's process for this connection, or this process with SQLite in it."""
    pid = connection.connection.info.backend_pid if connection.vendor == "postgresql" else os.getpid()
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
