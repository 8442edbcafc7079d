"""What is to be pushed: a row per device and topic, which is sent some seconds later by the worker."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Q

from accounts.models import Device
from notifications.models import Notice, Push
from notifications.providers import configured

ABOUT = ("kind", "actor_id", "conversation_id", "message_id", "seq")
NEWER = "CASE WHEN push.kind IN ('mention', 'reply') AND excluded.kind = 'message' THEN push.{0} ELSE excluded.{0} END"
"""What a push is about when something joins it: the newest, but being meant says more than a message."""
JOIN = """
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
        dead_at = NULL""".format_map({name: NEWER.format(name) for name in ABOUT})
COLUMNS = (
    *("id", "device", "topic", "kind", "actor", "conversation", "message_id", "seq"),
    *("round", "created_at", "due_at", "attempts", "reason"),
)


def queue(notices: Collection[Notice], moment: datetime) -> None:
    """Have these notices pushed to all devices of their people: what is read within `PUSH_DELAY_SECONDS` is not.
    Call it when the rows of these people are locked: devices come and go under that lock.

    What is about the same conversation, or the same subject elsewhere, is one push: about the newest that means this
    person, else about the newest. SQL, because busy conversations join what waits again and again, and Django's
    `bulk_update` takes a millisecond for each. In one order, in which all lock who lock several."""
    devices = Device.objects.filter(user__in={notice.user_id for notice in notices}, provider__in=configured())
    by_person: dict[UUID, list[UUID]] = {}
    for device_id, user_id in devices.values_list("id", "user_id"):
        by_person.setdefault(user_id, []).append(device_id)
    wanted = {
        (device_id, topic(notice)): notice
        for notice in sorted(notices, key=_weight)
        for device_id in by_person.get(notice.user_id, ())
    }
    if not wanted:
        return
    due_at = moment + timedelta(seconds=settings.PUSH_DELAY_SECONDS)
    pushes = [_push(device_id, one, wanted[device_id, one], moment, due_at) for device_id, one in sorted(wanted)]
    with connection.cursor() as cursor:
        cursor.executemany(JOIN, [_values(push) for push in pushes])


def topic(notice: Notice) -> UUID:
    """What is pushed as one: all that messages cause in a conversation; else each subject."""
    if notice.kind in Notice.READ_WITH and notice.conversation_id:
        return notice.conversation_id
    return notice.subject_id


def _weight(notice: Notice) -> tuple[bool, int]:
    return notice.kind in Notice.NAMING, notice.seq or 0


def _push(device_id: UUID, one: UUID, notice: Notice, moment: datetime, due_at: datetime) -> Push:
    about = {name: getattr(notice, name) for name in ABOUT}
    return Push(device_id=device_id, topic=one, created_at=moment, due_at=due_at, **about)


def _values(push: Push) -> list[Any]:
    fields: list[Any] = [Push._meta.get_field(name) for name in COLUMNS]
    return [field.get_db_prep_value(getattr(push, field.attname), connection) for field in fields]


def forget_pushes(message_id: UUID) -> None:
    """A message is gone: what was to be pushed for it alone is not, and what it joined names it no longer."""
    about = Push.objects.filter(message_id=message_id)
    about.filter(Q(round=1) | Q(kind=Notice.Kind.REACTION)).delete()
    about.update(message_id=None, kind=Notice.Kind.MESSAGE, round=F("round") - 1)


def redrive(pushes: Collection[Push], moment: datetime) -> int:
    """Try these again that were given up. Returns how many."""
    ids = [push.id for push in pushes]
    return Push.objects.dead().filter(id__in=ids).update(dead_at=None, attempts=0, due_at=moment)
