"""What processes are running, and how many messages are sent per hour. Both are cheap to read, however many messages
there are."""

import os
import platform
import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections, connections
from django.db.models import Max

from accounts.presence import process_id
from common.clock import now
from common.ids import uuid7
from messaging.models import Message
from messaging.realtime.runtime import hub
from operations.models import Hour, Process

logger = structlog.get_logger(__name__)

INTERVAL = 15.0
STOPPED_AFTER = timedelta(minutes=1)
HOUR = timedelta(hours=1)
COUNTED_BACK = timedelta(days=30)
"""How far back messages are counted at first."""


class ProcessHeartbeat:
    """A thread that records, every few seconds, that this process is alive and how many sockets it serves."""

    def __init__(self, *, is_worker: bool = False) -> None:
        self._is_worker = is_worker
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._id = uuid7() if self._is_worker else UUID(process_id())
        self._started_at = now()
        self._thread.start()

    def stop(self) -> None:
        """Stop, and delete the row of this process."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            try:
                self._record()
            except DatabaseError as error:
                logger.warning("heartbeat_without_database", reason=type(error).__name__)
            close_old_connections()
            if self._stopping.wait(INTERVAL):
                break
        try:
            Process.objects.filter(id=self._id).delete()
        except DatabaseError:
            logger.warning("heartbeat_without_database")
        connections.close_all()

    def _record(self) -> None:
        sockets, people = (0, 0) if self._is_worker else hub.users.count_sockets()
        state = {"name": platform.node()[:200], "pid": os.getpid(), "started_at": self._started_at, "seen_at": now()}
        state |= {"sockets": sockets, "people": people, "is_worker": self._is_worker}
        Process.objects.update_or_create(id=self._id, defaults=state)


def delete_stopped_processes() -> None:
    """Delete processes that have recorded nothing for a minute."""
    Process.objects.filter(seen_at__lt=now() - STOPPED_AFTER).delete()


def count_messages_by_hour() -> None:
    """Count the messages of the last counted hour and of all hours since."""
    moment = now()
    begin, current = _first_hour(moment), _hour_of(moment)
    known = dict(Hour.objects.filter(begins_at__gte=begin).values_list("begins_at", "messages"))
    hours = [begin + HOUR * n for n in range((current - begin) // HOUR + 1)]
    counted = [Hour(begins_at=hour, messages=_count_messages(hour, hour + HOUR)) for hour in hours]
    changed = [hour for hour in counted if known.get(hour.begins_at) != hour.messages]
    Hour.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["begins_at"], update_fields=["messages"], batch_size=200
    )


def _first_hour(moment: datetime) -> datetime:
    """The first hour to count: the last one counted before, or that of the first message."""
    last: datetime | None = Hour.objects.aggregate(last=Max("begins_at"))["last"]
    if last is None:
        last = Message.objects.order_by("id").values_list("created_at", flat=True).first() or moment
    return max(_hour_of(last), _hour_of(moment) - COUNTED_BACK)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _count_messages(begin: datetime, end: datetime) -> int:
    """Counts by id, because ids begin with the time and are indexed."""
    return Message.objects.filter(id__gte=first_id(begin), id__lt=first_id(end)).count()


def first_id(moment: datetime) -> UUID:
    """The smallest id that can be generated at this moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
