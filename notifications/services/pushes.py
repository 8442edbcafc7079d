"""What is to be pushed: a row per device and topic, which is sent some seconds later by the worker."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q

from accounts.models import Device
from notifications.models import Notice, Push
from notifications.providers import configured


def queue(notices: Collection[Notice], moment: datetime) -> None:
    """Have these notices pushed to all devices of their people: what is read within `PUSH_DELAY_SECONDS` is not.

    What is about the same conversation, or the same subject elsewhere, is one push: about the newest that means this
    person, else about the newest. The caller holds a lock that keeps
    others from queueing the same: of the people, or of their conversation's tail."""
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
    found = Push.objects.select_for_update().filter(
        device__in={device_id for device_id, _ in wanted}, topic__in={one for _, one in wanted}
    )
    known = {(push.device_id, push.topic): push for push in found.order_by("id")}
    due_at = moment + timedelta(seconds=settings.PUSH_DELAY_SECONDS)
    fresh = []
    for (device_id, one), notice in wanted.items():
        push = known.get((device_id, one))
        if push is None:
            fresh.append(_described(Push(device_id=device_id, topic=one, due_at=due_at, created_at=moment), notice))
            continue
        push.round += 1
        if push.dead_at:
            push.dead_at, push.attempts, push.due_at = None, 0, due_at
        if not (push.kind in Notice.NAMING and notice.kind == Notice.Kind.MESSAGE):
            _described(push, notice)
    Push.objects.bulk_create(fresh)
    Push.objects.bulk_update(
        [known[key] for key in wanted.keys() & known.keys()],
        ["round", "dead_at", "attempts", "due_at", "kind", "actor", "conversation", "message_id", "seq"],
        batch_size=200,
    )


def topic(notice: Notice) -> UUID:
    """What is pushed as one: all that messages cause in a conversation; else each subject."""
    if notice.kind in Notice.READ_WITH and notice.conversation_id:
        return notice.conversation_id
    return notice.subject_id


def _weight(notice: Notice) -> tuple[bool, int]:
    return notice.kind in Notice.NAMING, notice.seq or 0


def _described(push: Push, notice: Notice) -> Push:
    push.kind, push.actor_id = notice.kind, notice.actor_id
    push.conversation_id, push.message_id, push.seq = notice.conversation_id, notice.message_id, notice.seq
    return push


def forget_pushes(message_id: UUID) -> None:
    """A message is gone: what was to be pushed for it alone is not, and what it joined names it no longer."""
    about = Push.objects.filter(message_id=message_id)
    about.filter(Q(round=1) | Q(kind=Notice.Kind.REACTION)).delete()
    about.update(message_id=None, kind=Notice.Kind.MESSAGE, round=F("round") - 1)


def redrive(pushes: Collection[Push], moment: datetime) -> int:
    """Try these again that were given up. Returns how many."""
    ids = [push.id for push in pushes]
    return Push.objects.dead().filter(id__in=ids).update(dead_at=None, attempts=0, due_at=moment)
