"""What reading costs as the log grows: lists, history, catching up, at ten thousand and at a million messages.

    python -m bench.reading [--messages 10000 1000000] [--database sqlite postgres]

Prints a Markdown table: the median of one request in milliseconds, in the server's process without a network, and how
many times the smaller number the larger one is. The sizes take turns, so that what else the machine does meets both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any

from bench.databases import DATABASE, POSTGRES, drop_postgres, recreate_postgres
from bench.servers import ROOT

CONVERSATIONS, MEMBERS, ROUNDS, WARM_UP = 50, 20, 40, 3
TEXT = "the quick brown fox jumps over a lazy dog while everybody else talks about the weather and lunch"
WORDS = TEXT.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    sizes = [f"{count:,}" for count in options.messages]
    print(f"| database | request | {' | '.join(f'{size} ms' for size in sizes)} | ratio |")
    print(f"| --- | --- | {' | '.join('---' for _ in sizes)} | --- |")
    for database in options.database:
        with ExitStack() as stack:
            filled = [stack.enter_context(in_a_process(database, count)) for count in options.messages]
            rounds = [[one() for one in filled] for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
        for request in rounds[0][0]:
            times = [statistics.median(one[request] for one in same) for same in zip(*rounds, strict=True)]
            print(f"| {database} | {request} | {' | '.join(f'{t:.1f}' for t in times)} | {times[-1] / times[0]:.2f} |")
        sys.stdout.flush()


@contextmanager
def in_a_process(database: str, count: int) -> Iterator[Callable[[], dict[str, float]]]:
    """A fresh database with so many messages, in a process of its own: call it for the milliseconds of each request."""
    name = f"{DATABASE}_{count}"
    with tempfile.TemporaryDirectory(prefix="chat-bench-") as folder:
        url = f"sqlite:///{Path(folder, 'chat.sqlite3')}"
        if database == "postgres":
            recreate_postgres(name)
            url = f"{POSTGRES}/{name}"
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DATABASE_URL": url,
            "LOG_LEVEL": "ERROR",
            "REDIS_URL": "",
            "PYTHONWARNINGS": "ignore",
            "RATE_REQUESTS_USER": "1000000/s",
        }
        try:
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
            command = [sys.executable, "-m", "bench.reading", "--measure", str(count)]
            with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, text=True) as process:
                yield partial(ask, process)
                process.communicate()
        finally:
            if database == "postgres":
                drop_postgres(name)


def ask(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    answer: dict[str, float] = json.loads(process.stdout.readline())
    return answer


def measure(count: int) -> None:
    """Fill the database; then, for each line on standard input, print the milliseconds of each request."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    django.setup()
    from rest_framework.test import APIClient

    from accounts import services, tokens

    reader, conversation, head = fill(count)
    client = APIClient(SERVER_NAME="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(services.open_session(reader))}")
    found = client.get("/api/v1/sync/?per_conversation=1").json()
    positions = {row["id"]: max(0, row["seq"] - 20) for row in found["conversations"]}
    body = {"epoch": found["epoch"], "positions": positions}
    here = f"/api/v1/conversations/{conversation}"
    requests: dict[str, Callable[[], Any]] = {
        "list of conversations": lambda: client.get("/api/v1/conversations/"),
        "newest history": lambda: client.get(f"{here}/messages/"),
        "history from the middle": lambda: client.get(f"{here}/messages/?around={head // 2}"),
        "log, the last 100": lambda: client.get(f"{here}/log/?after={head - 100}"),
        "snapshot": lambda: client.get("/api/v1/sync/"),
        "what came since, 20 each": lambda: client.post("/api/v1/sync/", body, format="json"),
        "unread": lambda: client.get("/api/v1/messages/unread/"),
    }
    for _ in sys.stdin:
        print(json.dumps({name: timed(request) for name, request in requests.items()}), flush=True)


def timed(request: Callable[[], Any]) -> float:
    began = time.perf_counter()
    answer = request()
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, answer.content
    return took


def fill(count: int) -> tuple[Any, str, int]:
    """Some people in some conversations with so many messages altogether. Returns one of them, who has read all but the
    last hundred of each, one conversation, and its head."""
    from django.db import connection
    from django.utils import timezone

    from bench.seed import people
    from conversations.models import Conversation, Membership

    users, each = people("reader", MEMBERS), count // CONVERSATIONS
    heads = {"seq": each, "message_count": each, "member_count": MEMBERS}
    conversations = Conversation.objects.bulk_create(
        [Conversation(kind="group", name=f"Room {n}", active_at=timezone.now(), **heads) for n in range(CONVERSATIONS)]
    )
    read = max(0, each - 100)
    Membership.objects.bulk_create(
        [
            Membership(conversation=one, user=user, last_read_seq=read, last_read_number=read)
            for one in conversations
            for user in users
        ]
    )
    insert(messages(users, conversations, each))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return users[0], str(conversations[0].id), each


def messages(users: list[Any], conversations: list[Any], each: int) -> Iterator[tuple[Any, ...]]:
    """The columns of `insert` for each message: the conversations take turns, as they do in life."""
    from common.clock import now
    from common.ids import uuid7

    moment = now()
    for seq in range(1, each + 1):
        for place, conversation in enumerate(conversations):
            content = " ".join(WORDS[(seq * 7 + place + step) % len(WORDS)] for step in range(8))
            sender = users[(seq + place) % len(users)]
            yield uuid7(), conversation.id, seq, sender.id, f"{place}-{seq}", content, moment


def insert(rows: Iterator[tuple[Any, ...]]) -> None:
    """Straight into the table, many at once."""
    from itertools import islice

    from django.db import connection, transaction

    from messaging.models import Message

    while part := list(islice(rows, 20_000)):
        with transaction.atomic():
            Message.objects.bulk_create(
                [
                    Message(
                        id=id_, conversation_id=conversation, seq=seq, number=seq, changed_seq=seq, sender_id=sender,
                        client_id=client_id, body_hash=b"", content=content, created_at=moment,
                    )
                    for id_, conversation, seq, sender, client_id, content, moment in part
                ],
                batch_size=500 if connection.vendor == "sqlite" else 5000,
            )  # fmt: skip


if __name__ == "__main__":
    main()
