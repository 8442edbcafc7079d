"""`hello`: what a socket's client must know to begin, read in one query."""

from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Block, User
from accounts.wire import my_profile
from chatproject.common.epoch import epoch
from conversations.models import Membership
from conversations.models.membership import MembershipQuerySet
from conversations.wire import event
from media.arriving import largest
from media.wire import ATTACHMENTS
from messaging.models import Mention, Message
from messaging.rooms import Place
from messaging.wire.writing import CONTENT_SIZE, METADATA_BYTES

PING_INTERVAL = 25
SHOWN = 200
FRAME_SIZE = 64 * 1024


NOBODY = UUID(int=0)
Compiled = tuple[str, tuple[Any, ...]]


class Greeting(NamedTuple):
    """A `hello` frame, the person that it stands for, whom they block, and all their conversations."""

    user: User
    frame: bytes
    blocked: frozenset[UUID]
    places: dict[UUID, Place]


def with_counts(memberships: MembershipQuerySet) -> MembershipQuerySet:
    """Each with what is counted behind its read mark, by partial indexes, whatever lies there: `uncounted`, messages
    that are nothing unread, because they were deleted, or because this person wrote them or blocks who did; and
    `mention_count`, messages that name this person, or everybody."""
    behind = Message.objects.filter(
        conversation=OuterRef("conversation_id"), number__gt=OuterRef("last_read_number")
    ).order_by()
    blocked = Block.objects.filter(blocker=OuterRef(OuterRef("user_id"))).values("blocked")
    deleted = behind.filter(deleted_at__isnull=False)
    folded = behind.filter(deleted_at__isnull=True, sender__in=blocked)
    own = behind.filter(deleted_at__isnull=True, sender=OuterRef("user_id"))
    naming = Mention.objects.filter(
        user=OuterRef("user_id"), conversation=OuterRef("conversation_id"), number__gt=OuterRef("last_read_number")
    ).exclude(sender__in=blocked)
    named_too = Mention.objects.filter(message=OuterRef("pk"), user=OuterRef(OuterRef("user_id")))
    to_all = behind.filter(~Exists(named_too), mentions_all=True).exclude(sender=OuterRef("user_id"))
    return memberships.annotate(
        uncounted=_count(deleted) + _count(folded) + _count(own),
        mention_count=_count(naming) + _count(to_all.exclude(sender__in=blocked)),
    )


def _count(messages: QuerySet[Any]) -> Coalesce:
    counted = messages.order_by().values("conversation").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(counted), 0)


def greet(user: User, session_id: UUID, only: UUID | None = None) -> Greeting:
    """The greeting for a person's socket, for all their conversations or `only` one.

    The person was read before: what happened since has a higher number and is heard as well.
    """
    rows = [row for row in _rows(user.id) if only in (None, row[0])]
    blocked = _blocked(user.id)
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
            for id_, seq, visible, read, unread, mentions in rows[:SHOWN]
        ],
        "has_more": len(rows) > SHOWN,
        "blocked_ids": blocked,
    }
    frame = event("hello", data, timezone.now())
    places = {id_: Place(seq, visible) for id_, seq, visible, *_ in rows}
    return Greeting(user, frame, frozenset(blocked), places)


def _rows(user_id: UUID) -> list[tuple[UUID, int, int, int, int, int]]:
    """Each conversation of a person: id, head, begin of the view, read mark, unread messages, mentions; latest activity
    first."""
    return [(_uuid(row[0]), *row[1:]) for row in _of(user_id, _rows_statement())]


def _blocked(user_id: UUID) -> list[UUID]:
    """Whom a person blocks, in the order in which they did."""
    return [_uuid(row[0]) for row in _of(user_id, _blocked_statement())]


def _of(user_id: UUID, compiled: Compiled) -> list[Any]:
    """The rows of a compiled query for this person."""
    statement, parameters = compiled
    user = Membership._meta.get_field("user").get_db_prep_value(user_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, user])
        found: list[Any] = cursor.fetchall()
        return found


@cache
def _rows_statement() -> Compiled:
    memberships = with_counts(Membership.objects.live().filter(user=NOBODY))
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
    running it: so once."""
    statement, parameters = query.query.sql_with_params()
    return statement, parameters[:-1]


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _limits() -> dict[str, Any]:
    """What clients may rely on not to exceed."""
    return {
        "content": CONTENT_SIZE,
        "metadata_bytes": METADATA_BYTES,
        "frame_bytes": FRAME_SIZE,
        "upload_bytes": largest(),
        "attachments": ATTACHMENTS,
        "messages": settings.RATE_MESSAGES,
        "frames": settings.RATE_FRAMES,
    }
