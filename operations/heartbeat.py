"""The pulse of an installation: which processes live, and how much is written by the hour. What is shown of it costs no
more with a million messages than with a thousand."""

import os
import platform
import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, close_old_connections, connections
from django.db.models import Max

from accounts.presence import process_id
from chatproject.common.clock import now
from chatproject.common.ids import uuid7
from chatproject.models import Hour, Process
from messaging.models import Message
from messaging.realtime import feed

log = structlog.get_logger(__name__)

EVERY = 15.0
GONE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FIRST = timedelta(days=30)
"""How far back is counted where nothing was."""


class Pulse:
    """The thread of a serving process, or of a worker, that says that it lives, and with how many sockets."""

    def __init__(self, *, is_worker: bool = False) -> None:
        self._id = uuid7() if is_worker else UUID(process_id)
        self._is_worker = is_worker
        self._started_at = now()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The last word: this process is gone."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while True:
            try:
                self._beat()
            except DatabaseError as error:
                log.warning("pulse_without_database", reason=type(error).__name__)
            close_old_connections()
            if self._stopping.wait(EVERY):
                break
        try:
            Process.objects.filter(id=self._id).delete()
        except DatabaseError:
            log.warning("pulse_without_database")
        connections.close_all()

    def _beat(self) -> None:
        sockets, people = (0, 0) if self._is_worker else feed.people.count()
        state = {"name": platform.node()[:200], "pid": os.getpid(), "started_at": self._started_at, "seen_at": now()}
        state |= {"sockets": sockets, "people": people, "is_worker": self._is_worker}
        Process.objects.update_or_create(id=self._id, defaults=state)


def keep() -> None:
    """Count the messages of the hours that have changed, and forget who is gone. The worker does it now and then."""
    moment = now()
    Process.objects.filter(seen_at__lt=moment - GONE).delete()
    begin, this = _first_hour(moment), _hour_of(moment)
    known = dict(Hour.objects.filter(begins_at__gte=begin).values_list("begins_at", "messages"))
    hours = [begin + HOUR * n for n in range((this - begin) // HOUR + 1)]
    counted = [Hour(begins_at=hour, messages=_written(hour, hour + HOUR)) for hour in hours]
    changed = [hour for hour in counted if known.get(hour.begins_at) != hour.messages]
    Hour.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["begins_at"], update_fields=["messages"], batch_size=200
    )


def _first_hour(moment: datetime) -> datetime:
    """The hour from which on to count: the last that was counted, or else that of the first message."""
    last: datetime | None = Hour.objects.aggregate(last=Max("begins_at"))["last"]
    if last is None:
        last = Message.objects.order_by("id").values_list("created_at", flat=True).first() or moment
    return max(_hour_of(last), _hour_of(moment) - FIRST)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _written(begin: datetime, end: datetime) -> int:
    """Counted by ids, which begin with the moment at which they were made: an index has them in this order."""
    return Message.objects.filter(id__gte=first_id(begin), id__lt=first_id(end)).count()


def first_id(moment: datetime) -> UUID:
    """The least id that is made at this moment or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
