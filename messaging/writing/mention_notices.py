"""Notices for the members that a message addresses: those it mentions, and those it replies to.

They are written in the writer's transaction, which Django does not manage: hence SQL, the same for both databases. The
worker notifies all other members (`following/tail.py`).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from common.publish import Publication, user_topic
from conversations.models import Membership
from messaging.reading.previews import preview
from messaging.writing.store.rows import MessageRow
from notifications.levels import NoticeTarget, find_recipients
from notifications.models import Notice
from notifications.wire import created_frame

Kind = Notice.Kind
INSERT = """
    INSERT INTO notifications_notice
        (id, user_id, kind, subject_id, actor_id, conversation_id, message_id, seq, at, data)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '{}')"""
COLUMNS = ("id", "user", "kind", "subject_id", "actor", "conversation", "message_id", "seq", "at")
BUMP = "UPDATE accounts_user SET seq = seq + %s WHERE id = %s RETURNING seq"


class Addressed(NamedTuple):
    """A member whom a message addresses, and the kind of notice they get."""

    row: MessageRow
    user_id: UUID
    kind: str


def addressed_by(row: MessageRow, replied_to: Iterable[UUID]) -> list[Addressed]:
    """Whom a message addresses: each member once, as mentioned rather than replied to, and never its sender."""
    kinds = dict.fromkeys(replied_to, Kind.REPLY) | dict.fromkeys(row.mentions, Kind.MENTION)
    return [Addressed(row, user_id, kind) for user_id, kind in kinds.items() if user_id != row.sender_id]


def notify_addressed(addressed: Collection[Addressed]) -> list[Publication]:
    """Write a notice for each addressed member who wants one, within the writer's transaction. Returns what to publish
    after the commit."""
    if not addressed:
        return []
    memberships = find_recipients(Kind.MENTION, [_target(one) for one in addressed])
    notices = [
        (_notice(one, membership), one.row) for one in addressed if (membership := memberships.get(_target(one)))
    ]
    if not notices:
        return []
    senders = User.objects.in_bulk({row.sender_id for _, row in notices})
    with connection.cursor() as cursor:
        user_seqs = _bump_user_seqs(cursor, Counter(notice.user_id for notice, _ in notices))
        cursor.executemany(INSERT, [_values(notice) for notice, _ in notices])
    publications = []
    for notice, row in notices:
        notice.actor = senders[row.sender_id]
        user_seqs[notice.user_id] += 1
        seq = user_seqs[notice.user_id]
        frame = created_frame(notice, seq, preview(row.content))
        publications.append(Publication(user_topic(notice.user_id), seq, frame))
    return publications


def _target(one: Addressed) -> NoticeTarget:
    return NoticeTarget(one.row.conversation_id, one.user_id, one.row.sender_id, one.row.seq)


def _notice(one: Addressed, membership: Membership) -> Notice:
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


def _bump_user_seqs(cursor: CursorWrapper, counts: Counter[UUID]) -> dict[UUID, int]:
    """Advance the seq of each user by this count, and return what it was before. In id order, as everywhere that locks
    several users."""
    key, before = User._meta.pk, {}
    for user_id, count in sorted(counts.items()):
        cursor.execute(BUMP, [count, key.get_db_prep_value(user_id, connection)])
        (seq,) = cursor.fetchone()
        before[user_id] = seq - count
    return before


def _values(notice: Notice) -> list[Any]:
    fields: list[Any] = [Notice._meta.get_field(name) for name in COLUMNS]
    return [field.get_db_prep_value(getattr(notice, field.attname), connection) for field in fields]
