"""`hello`: what a socket's client must know to begin, read in one query."""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from accounts.wire import my_profile
from chatproject.common.epoch import epoch
from conversations.models import Membership
from conversations.models.membership import MembershipQuerySet
from conversations.wire import event
from messaging.models import Message
from messaging.rooms import Place
from messaging.wire import CONTENT_SIZE, METADATA_BYTES

PING_INTERVAL = 25
SHOWN = 200
FRAME_SIZE = 64 * 1024


class Greeting(NamedTuple):
    """A `hello` frame, the number of the person that it stands for, and all their conversations."""

    me_seq: int
    frame: bytes
    places: dict[UUID, Place]


def with_tombstones(memberships: MembershipQuerySet) -> MembershipQuerySet:
    """Each with `tombstones`: how many messages behind its read mark were deleted (a small partial index)."""
    deleted = (
        Message.objects.filter(
            conversation=OuterRef("conversation_id"),
            number__gt=OuterRef("last_read_number"),
            deleted_at__isnull=False,
        )
        .order_by()
        .values("conversation")
        .annotate(count=Count("*"))
    )
    return memberships.annotate(tombstones=Coalesce(Subquery(deleted.values("count")), 0))


def greet(user: User, session_id: UUID, only: UUID | None = None) -> Greeting:
    """The greeting for a person's socket, for all their conversations or `only` one.

    The person was read before: what happened since has a higher number and is heard as well.
    """
    rows = [row for row in _rows(user.id) if only in (None, row[0])]
    data = {
        "user": my_profile(user),
        "session_id": session_id,
        "epoch": epoch(),
        "me_seq": user.seq,
        "ping_interval": PING_INTERVAL,
        "limits": _limits(),
        "unread": {
            "messages": sum(unread for *_, unread in rows),
            "conversations": sum(1 for *_, unread in rows if unread),
            "mentions": 0,
        },
        "conversations": [
            {"id": id_, "seq": seq, "unread_count": unread, "mention_count": 0, "last_read_seq": read}
            for id_, seq, _, read, unread in rows[:SHOWN]
        ],
        "has_more": len(rows) > SHOWN,
    }
    frame = event("hello", data, timezone.now())
    return Greeting(user.seq, frame, {id_: Place(seq, visible) for id_, seq, visible, *_ in rows})


def _rows(user_id: UUID) -> list[tuple[UUID, int, int, int, int]]:
    """Each conversation of a person: id, head, begin of the view, read mark, unread messages; latest activity first."""
    statement, parameters = _statement()
    user = Membership._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, user])
        return [(_uuid(row[0]), *row[1:]) for row in cursor.fetchall()]


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    """The query of `_rows` without its last parameter, the person. Every socket that opens runs it, and compiling it
    costs more than running it: so once."""
    memberships = with_tombstones(Membership.objects.live().filter(user=UUID(int=0)))
    rows = memberships.order_by("-conversation__active_at").values_list(
        "conversation_id",
        "conversation__seq",
        "visible_from_seq",
        "last_read_seq",
        F("conversation__message_count") - F("last_read_number") - F("tombstones"),
    )
    statement, parameters = rows.query.sql_with_params()
    return statement, parameters[:-1]


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _limits() -> dict[str, Any]:
    """What clients may rely on not to exceed."""
    return {
        "content": CONTENT_SIZE,
        "metadata_bytes": METADATA_BYTES,
        "frame_bytes": FRAME_SIZE,
        "messages": settings.RATE_MESSAGES,
        "frames": settings.RATE_FRAMES,
    }
