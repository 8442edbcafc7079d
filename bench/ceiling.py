"""Our own server without the database statements for messages: what the rest of the path costs.

Sockets, frames, validation, limits, batches, encoding, replies and the hub are the real ones. The writer's store is
replaced by one that has conversations and members in memory and stores nothing but the numbers.

    python -m bench.ceiling serve    # takes what manage.py takes
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

# Below, because these need the applications to be loaded.
from django.core.management import execute_from_command_line  # noqa: E402

from conversations.models import Conversation, Membership  # noqa: E402
from messaging.writing import writer  # noqa: E402
from messaging.writing.store.rows import Head, Lookup, LookupResult, MessageRow  # noqa: E402


class ForgetfulStore:
    """Reads each conversation and its members once, then answers from memory."""

    def __init__(self) -> None:
        self.heads: dict[UUID, Head] = {}
        self.members: dict[tuple[UUID, UUID], tuple[str, str, str, str]] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def begin(self, asked: Sequence[Lookup], wait_ms: int) -> tuple[list[Head], list[LookupResult]]:
        conversation_ids = {one.conversation_id for one in asked}
        for id_ in conversation_ids - self.heads.keys():
            self.learn(id_)
        nothing = (False, *[None] * (len(LookupResult._fields) - 6))
        found = [
            LookupResult(n, *self.members[one.conversation_id, one.sender_id], *nothing) for n, one in enumerate(asked)
        ]
        return [self.heads[id_] for id_ in conversation_ids], found

    def learn(self, conversation_id: UUID) -> None:
        columns = ("message_count" if name == "number" else name for name in Head._fields)
        found = Conversation.objects.values_list(*columns)
        self.heads[conversation_id] = Head._make(found.get(id=conversation_id))
        members = Membership.objects.live().filter(conversation_id=conversation_id)
        who = ("role", "user__username", "user__full_name", "user__avatar_url")
        self.members |= {(conversation_id, user): rest for user, *rest in members.values_list("user_id", *who)}

    def commit(self, rows: Sequence[MessageRow]) -> None:
        for row in rows:
            head = self.heads[row.conversation_id]
            self.heads[row.conversation_id] = head._replace(seq=row.seq, number=row.number)


if __name__ == "__main__":
    writer.open_store = ForgetfulStore
    execute_from_command_line(sys.argv)
