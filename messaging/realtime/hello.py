"""`hello`: what the client of a socket needs to begin."""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import Block, User
from accounts.wire import my_profile
from common.epoch import epoch
from conversations.models import Membership
from conversations.wire import encode_event
from media.upload_parser import max_file_size
from media.wire import ATTACHMENTS
from messaging.reading.counts import annotate_counts
from messaging.realtime.streams import Position
from messaging.wire.writing import CONTENT_SIZE, METADATA_BYTES

PING_INTERVAL = 25
SHOWN_CONVERSATIONS = 200
FRAME_SIZE = 64 * 1024


NOBODY = UUID(int=0)
Compiled = tuple[str, tuple[Any, ...]]


class PreparedHello(NamedTuple):
    """A `hello` frame, the person as it shows them, whom they block, and the positions of all their conversations."""

    user: User
    frame: bytes
    blocked: frozenset[UUID]
    positions: dict[UUID, Position]


def prepare_hello(user: User, session_id: UUID, only_conversation: UUID | None = None) -> PreparedHello:
    """The `hello` for a person's socket, for all their conversations or only one.

    The person was read before: what happened since has a higher seq and is delivered as well.
    """
    rows = [row for row in _read_conversations(user.id) if only_conversation in (None, row[0])]
    blocked = _read_blocked(user.id)
    data = {
        "user": my_profile(user),
        "session_id": session_id,
        "epoch": epoch(),
        "me_seq": user.seq,
        "ping_interval": PING_INTERVAL,
        "limits": _limits(),
        "unread": {
            "messages": sum(unread for *_, unread, _ in rows),
            "conversations": sum(1 for *_, unread, _ in rows if unread),
            "mentions": sum(mentions for *_, mentions in rows),
        },
        "conversations": [
            {
                "id": id_,
                "seq": seq,
                "visible_from_seq": visible,
                "unread_count": unread,
                "mention_count": mentions,
                "last_read_seq": read,
            }
            for id_, seq, visible, read, unread, mentions in rows[:SHOWN_CONVERSATIONS]
        ],
        "has_more": len(rows) > SHOWN_CONVERSATIONS,
        "blocked_ids": blocked,
    }
    frame = encode_event("hello", data, timezone.now())
    positions = {id_: Position(seq, visible) for id_, seq, visible, *_ in rows}
    return PreparedHello(user, frame, frozenset(blocked), positions)


def _read_conversations(user_id: UUID) -> list[tuple[UUID, int, int, int, int, int]]:
    """Each conversation of a person: id, head, begin of the view, read mark, unread messages, mentions; latest activity
    first."""
    return [(_uuid(row[0]), *row[1:]) for row in _execute(_conversations_statement(), user_id)]


def _read_blocked(user_id: UUID) -> list[UUID]:
    """The people whom a person blocks, oldest block first."""
    return [_uuid(row[0]) for row in _execute(_blocked_statement(), user_id)]


def _execute(compiled: Compiled, user_id: UUID) -> list[Any]:
    """The rows of a compiled query for this person."""
    statement, parameters = compiled
    user = Membership._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, user])
        found: list[Any] = cursor.fetchall()
        return found


@cache
def _conversations_statement() -> Compiled:
    memberships = annotate_counts(Membership.objects.live().filter(user=NOBODY))
    rows = memberships.order_by("-conversation__active_at").values_list(
        "conversation_id",
        "conversation__seq",
        "visible_from_seq",
        "last_read_seq",
        F("conversation__message_count") - F("last_read_number") - F("uncounted"),
        "mention_count",
    )
    return _compiled(rows)


@cache
def _blocked_statement() -> Compiled:
    return _compiled(Block.objects.filter(blocker=NOBODY).order_by("id").values_list("blocked"))


def _compiled(query: QuerySet[Any, Any]) -> Compiled:
    """A query without its last parameter, the person. Every socket that opens runs it, and compiling it costs more than
    running it, so it is compiled once."""
    statement, parameters = query.query.sql_with_params()
    return statement, parameters[:-1]


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _limits() -> dict[str, Any]:
    """The limits that a client has to keep to."""
    return {
        "content": CONTENT_SIZE,
        "metadata_bytes": METADATA_BYTES,
        "frame_bytes": FRAME_SIZE,
        "upload_bytes": max_file_size(),
        "attachments": ATTACHMENTS,
        "messages": settings.RATE_MESSAGES,
        "frames": settings.RATE_FRAMES,
    }
