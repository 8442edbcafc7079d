"""Our own server with the database's statements for messages left out: what the rest of the path costs.

Sockets, frames, validation, limits, batches, encoding, replies and the feed are the real ones; in place of the
writer's store stands one that knows conversations and members by heart and keeps nothing but the numbers.

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
from messaging import writer  # noqa: E402
from messaging.store.rows import Asked, Head, Known, Row  # noqa: E402


class ForgetfulStore:
    """Reads each conversation and its members once, then answers from memory."""

    def __init__(self) -> None:
        self.heads: dict[UUID, Head] = {}
        self.members: dict[tuple[UUID, UUID], tuple[str, str, str, str]] = {}

    @contextmanager
    def transaction(self, wait_ms: int) -> Iterator[None]:
        yield

    def lock(self, conversation_ids: Sequence[UUID]) -> list[Head]:
        for id_ in conversation_ids:
            if id_ not in self.heads:
                self.learn(id_)
        return [self.heads[id_] for id_ in conversation_ids]

    def learn(self, conversation_id: UUID) -> None:
        columns = ("message_count" if name == "number" else name for name in Head._fields)
        found = Conversation.objects.values_list(*columns)
        self.heads[conversation_id] = Head._make(found.get(id=conversation_id))
        members = Membership.objects.live().filter(conversation_id=conversation_id)
        who = ("role", "user__username", "user__full_name", "user__avatar_url")
        self.members |= {(conversation_id, user): rest for user, *rest in members.values_list("user_id", *who)}

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        members = self.members
        nothing = (False, *[None] * (len(Known._fields) - 6))
        return [Known(n, *members[one.conversation_id, one.sender_id], *nothing) for n, one in enumerate(asked)]

    def keep(self, rows: Sequence[Row]) -> None:
        for row in rows:
            head = self.heads[row.conversation_id]
            self.heads[row.conversation_id] = head._replace(seq=row.seq, number=row.number)


if __name__ == "__main__":
    writer.open_store = ForgetfulStore
    execute_from_command_line(sys.argv)
