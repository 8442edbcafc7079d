"""`hello`: what the client of a socket needs to begin."""

from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Block, User
from accounts.wire import my_profile
from common.compiled import CompiledQuery, Parameter
from common.epoch import epoch
from conversations.wire import encode_event
from media.upload_parser import max_file_size
from media.wire import ATTACHMENTS
from messaging.reading.counts import counted_conversations, unread_totals
from messaging.realtime.streams import Position
from messaging.wire.writing import CONTENT_SIZE, METADATA_BYTES

PING_INTERVAL = 25
SHOWN_CONVERSATIONS = 200
FRAME_SIZE = 64 * 1024


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
    mine = [one for one in counted_conversations(user.id) if only_conversation in (None, one.id)]
    blocked = _blocked_by(user=user.id)
    data = {
        "user": my_profile(user),
        "session_id": session_id,
        "epoch": epoch(),
        "me_seq": user.seq,
        "ping_interval": PING_INTERVAL,
        "limits": _limits(),
        "unread": unread_totals(mine),
        "conversations": mine[:SHOWN_CONVERSATIONS],
        "has_more": len(mine) > SHOWN_CONVERSATIONS,
        "blocked_ids": blocked,
    }
    frame = encode_event("hello", data, timezone.now())
    positions = {one.id: Position(one.seq, one.visible_from_seq) for one in mine}
    return PreparedHello(user, frame, frozenset(blocked), positions)


@CompiledQuery
def _blocked_by() -> QuerySet[Block, UUID]:
    return Block.objects.filter(blocker=Parameter("user")).order_by("id").values_list("blocked", flat=True)


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
