"""Put a cast into the database of a server, everybody with a telephone, and time what the worker's tail does there.

python -m bench.seed_pushes MEMBERS ROOMS FOLDER           # with the server's environment; writes FOLDER/cast.json
python -m bench.seed_pushes MEMBERS 1 FOLDER --tail 20     # prints what a message costs the tail, 20 times
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

from bench.seed import seed  # (makes Django ready)  # isort: skip
from django.db import connection
from django.db.models import OuterRef, Subquery

from accounts.models import Device, Session
from bench.procstat import cpu_seconds, postgres_backends
from bench.scenes import Cast
from common.ids import uuid7
from conversations.models import Conversation, Membership
from messaging import services
from messaging.following.tail import notify_members
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from notifications.models import Push

BURST = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("members", type=int)
    parser.add_argument("rooms", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tail", type=int, default=0)
    options = parser.parse_args()
    seeded = seed("cast", Cast(options.members, options.rooms))
    (options.folder / "cast.json").write_text(json.dumps(seeded))
    Device.objects.bulk_create(
        [
            Device(user_id=session.user_id, session=session, provider="fcm", token=name, token_hash=name)
            for session in Session.objects.all()
            for name in [f"telephone-{session.id.hex}"]
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database that was not filled a second ago would have it
    if options.tail:
        print(json.dumps(tail(UUID(seeded["conversations"][0]), options.tail)))


def tail(conversation: UUID, rounds: int) -> dict[str, float]:
    """The milliseconds of CPU time, PostgreSQL's too, that the tail takes: for the first message after everybody has
    read all, for one that joins what waits, and for each of so many that come at once."""
    sender = Membership.objects.filter(conversation=conversation).select_related("user").first().user
    first, joins, each = [], [], []
    for _ in range(rounds + 1):
        Push.objects.all().delete()
        seqs = Conversation.objects.filter(id=OuterRef("conversation")).values("seq")
        Membership.objects.update(last_read_seq=Subquery(seqs), last_delivered_seq=Subquery(seqs))
        for count, costs in ((1, first), (1, joins), (BURST, each)):
            for _ in range(count):
                message = NewMessage("Hello", client_id=uuid7().hex)
                services.send_message(sender, conversation_id=conversation, message=message)
            costs.append(cpu_ms(lambda: notify_members([conversation])) / count)
    writer.stop()
    return {name: statistics.fmean(costs[1:]) for name, costs in (("first", first), ("joins", joins), ("each", each))}


def cpu_ms(action: Callable[[], object]) -> float:
    database = str(connection.settings_dict["NAME"])
    backends = postgres_backends(database) if connection.vendor == "postgresql" else []
    own, others = time.process_time(), cpu_seconds(backends)
    action()
    return (time.process_time() - own + cpu_seconds(backends) - others) * 1000


if __name__ == "__main__":
    main()
