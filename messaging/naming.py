"""Whom a message means: those it mentions and whom it answers are given a notice in the transaction that writes it.

The writer runs its transactions by itself, so this is SQL, the same for both databases. What everybody in the
conversation is told is the worker's (`tail.py`).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from chatproject.common.publish import Ring, person_topic
from conversations.models import Membership
from messaging.previews import preview
from messaging.store.rows import Row
from notifications.levels import Occasion, welcome
from notifications.models import Notice
from notifications.wire import created_frame

Kind = Notice.Kind
KEEP = """
    INSERT INTO notifications_notice
        (id, user_id, kind, subject_id, actor_id, conversation_id, message_id, seq, at, data)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '{}')"""
COLUMNS = ("id", "user", "kind", "subject_id", "actor", "conversation", "message_id", "seq", "at")
NUMBER = "UPDATE accounts_user SET seq = seq + %s WHERE id = %s RETURNING seq"


class Meant(NamedTuple):
    """Somebody whom a message means, and how."""

    row: Row
    user_id: UUID
    kind: str


def meant_by(row: Row, answered: Iterable[UUID]) -> list[Meant]:
    """Whom a message mentions, then whom it answers; nobody twice, and never its sender."""
    kinds = dict.fromkeys(answered, Kind.REPLY) | dict.fromkeys(row.mentions, Kind.MENTION)
    return [Meant(row, user_id, kind) for user_id, kind in kinds.items() if user_id != row.sender_id]


def tell_meant(meant: Collection[Meant]) -> list[Ring]:
    """Write a notice for each who wants it, within the writer's transaction; returns what is to be rung after it."""
    if not meant:
        return []
    glad = welcome(Kind.MENTION, [_occasion(one) for one in meant])
    notices = [(_notice(one, there), one.row) for one in meant if (there := glad.get(_occasion(one)))]
    if not notices:
        return []
    senders = User.objects.in_bulk({row.sender_id for _, row in notices})
    with connection.cursor() as cursor:
        numbers = _numbers(cursor, Counter(notice.user_id for notice, _ in notices))
        cursor.executemany(KEEP, [_values(notice) for notice, _ in notices])
    rings = []
    for notice, row in notices:
        notice.actor = senders[row.sender_id]
        numbers[notice.user_id] += 1
        number = numbers[notice.user_id]
        rings.append(Ring(person_topic(notice.user_id), number, created_frame(notice, number, preview(row.content))))
    return rings


def _occasion(one: Meant) -> Occasion:
    return Occasion(one.row.conversation_id, one.user_id, one.row.sender_id, one.row.seq)


def _notice(one: Meant, membership: Membership) -> Notice:
    row = one.row
    return Notice(
        user=membership.user,
        kind=one.kind,
        subject_id=row.id,
        actor_id=row.sender_id,
        conversation=membership.conversation,
        message_id=row.id,
        seq=row.seq,
        at=row.created_at,
    )


def _numbers(cursor: CursorWrapper, counts: Counter[UUID]) -> dict[UUID, int]:
    """The numbers of these people before so many more; in id order, as everybody who locks several."""
    key, numbers = User._meta.pk, {}
    for user_id, count in sorted(counts.items()):
        cursor.execute(NUMBER, [count, key.get_db_prep_value(user_id, connection)])
        (number,) = cursor.fetchone()
        numbers[user_id] = number - count
    return numbers


def _values(notice: Notice) -> list[Any]:
    fields: list[Any] = [Notice._meta.get_field(name) for name in COLUMNS]
    return [field.get_db_prep_value(getattr(notice, field.attname), connection) for field in fields]
