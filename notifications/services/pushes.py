"""Queueing pushes: one row per device and topic, which the worker sends some seconds later."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet

from accounts.models import Device
from common.compiled import CompiledQuery, Parameters
from notifications.models import Notice, Push
from notifications.providers import configured_names

SUBJECT_FIELDS = ("kind", "actor_id", "conversation_id", "message_id", "seq")
NEWER = "CASE WHEN push.kind IN ('mention', 'reply') AND excluded.kind = 'message' THEN push.{0} ELSE excluded.{0} END"
"""What a push is about after a merge: the newest notice, except that a mention or reply wins over a plain message."""
MERGE = """
    INSERT INTO notifications_push AS push
        (id, device_id, topic, kind, actor_id, conversation_id, message_id, seq,
         round, created_at, due_at, attempts, reason)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, topic) DO UPDATE SET
        kind = {kind}, actor_id = {actor_id}, conversation_id = {conversation_id},
        message_id = {message_id}, seq = {seq},
        round = push.round + 1,
        due_at = CASE WHEN push.dead_at IS NULL THEN push.due_at ELSE excluded.due_at END,
        attempts = CASE WHEN push.dead_at IS NULL THEN push.attempts ELSE 0 END,
        dead_at = NULL""".format_map({name: NEWER.format(name) for name in SUBJECT_FIELDS})
COLUMNS = (
    *("id", "device", "topic", "kind", "actor", "conversation", "message_id", "seq"),
    *("round", "created_at", "due_at", "attempts", "reason"),
)


def queue_pushes(notices: Collection[Notice], moment: datetime) -> None:
    """Queue these notices as pushes to all devices of their people, due after `PUSH_DELAY_SECONDS`: what is read by
    then is not pushed. Call it with the rows of these people locked: their devices only change under that lock.

    Notices about the same conversation, or else the same subject, become one push: about the newest that addresses this
    person, or else the newest. This is SQL because busy conversations merge into waiting pushes all the time, and
    Django's `bulk_update` takes a millisecond for each. Rows are written in the order that all code locks them in."""
    configured = configured_names()
    by_person: dict[UUID, list[UUID]] = {}
    for device_id, user_id, provider in _devices(users={notice.user_id for notice in notices}):
        if provider in configured:
            by_person.setdefault(user_id, []).append(device_id)
    by_topic = {
        (device_id, topic_of(notice)): notice
        for notice in sorted(notices, key=_weight)
        for device_id in by_person.get(notice.user_id, ())
    }
    if not by_topic:
        return
    due_at = moment + timedelta(seconds=settings.PUSH_DELAY_SECONDS)
    pushes = [
        _push(device_id, topic, by_topic[device_id, topic], moment, due_at) for device_id, topic in sorted(by_topic)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(MERGE, [_values(push) for push in pushes])


@CompiledQuery
def _devices() -> QuerySet[Device, Any]:
    return Device.objects.filter(user__in=Parameters("users")).values_list("id", "user_id", "provider")


def topic_of(notice: Notice) -> UUID:
    """What a notice is grouped by: the conversation for notices about messages, else the subject."""
    if notice.kind in Notice.READ_WITH and notice.conversation_id:
        return notice.conversation_id
    return notice.subject_id


def _weight(notice: Notice) -> tuple[bool, int]:
    return notice.kind in Notice.NAMING, notice.seq or 0


def _push(device_id: UUID, topic: UUID, notice: Notice, moment: datetime, due_at: datetime) -> Push:
    subject = {name: getattr(notice, name) for name in SUBJECT_FIELDS}
    return Push(device_id=device_id, topic=topic, created_at=moment, due_at=due_at, **subject)


def _values(push: Push) -> list[Any]:
    fields: list[Any] = [Push._meta.get_field(name) for name in COLUMNS]
    return [field.get_db_prep_value(getattr(push, field.attname), connection) for field in fields]


def forget_pushes(message_id: UUID) -> None:
    """Delete the pushes about a deleted message alone; those merged from several notices only lose the reference."""
    pushes = Push.objects.filter(message_id=message_id)
    pushes.filter(Q(round=1) | Q(kind=Notice.Kind.REACTION)).delete()
    pushes.update(message_id=None, kind=Notice.Kind.MESSAGE, round=F("round") - 1)


def redrive_pushes(pushes: Collection[Push], moment: datetime) -> int:
    """Retry those of these pushes that were given up. Returns how many."""
    ids = [push.id for push in pushes]
    return Push.objects.dead().filter(id__in=ids).update(dead_at=None, attempts=0, due_at=moment)
