"""`status/`: how the installation is, in numbers, for the console's first page and for machines.

Every number is a look at an index or at a few rows: none counts all messages or all people.
"""

import shutil
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.db.models import Case, Min, Sum, When
from django_tasks_db.models import DBTaskResult, get_date_max
from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.authentication import SignedInRequest
from accounts.models import User
from accounts.services.mails import send_mail
from chatproject.backups import schedule
from chatproject.common.clock import now, rfc3339
from chatproject.common.openapi import describe
from chatproject.common.wire import Moment
from chatproject.health import redis_state
from chatproject.models import Hour, Process
from chatproject.pulse import first_id
from media.models import Blob
from messaging.models import Report
from notifications import providers
from notifications.models import Push

HOURS, DAYS = 24, 30
SLOW_MS, FULL, LATE_SECONDS = 250, 0.9, 300
"""From where on the database is slow, the disk full and the worker late."""
NO_WORKER = (
    "No worker says that it works: no mail, push, file or backup goes on. Start `manage.py worker`, or `serve` anew."
)


class ProcessState(msgspec.Struct):
    """A serving process, as it said within the last minute."""

    name: str
    pid: int
    sockets: int
    people: int
    started_at: Moment


class Count(msgspec.Struct):
    """How many messages were written in the hour or day that begins there."""

    begins_at: Moment
    messages: int


class Queue(msgspec.Struct):
    """What waits, how many seconds the oldest is due, and what was given up for good."""

    waiting: int
    overdue_seconds: float
    failed: int


class Storage(msgspec.Struct):
    """Bytes: what people brought, the database, and how much of the disk with the data is used and free."""

    files: int
    database: int
    disk_used: int
    disk_free: int


class Health(msgspec.Struct):
    """`database_ms` is one round trip. `redis` is `ok`, `unused` or `unavailable`; `push` names what is set up."""

    database_ms: float
    redis: str
    push: list[str]


class Status(msgspec.Struct):
    """How the installation is. `troubles` are sentences, none when all is well; `processes` are those that serve, and
    `workers` says how many do what is done in the background. `backup_proved_at` is from when the newest backup is that
    was restored to prove it. People who have sockets in two processes count twice."""

    version: str
    at: Moment
    troubles: list[str]
    people_online: int
    sockets: int
    people_new: int
    processes: list[ProcessState]
    workers: int
    messages_by_hour: list[Count]
    messages_by_day: list[Count]
    tasks: Queue
    pushes: Queue
    reports_open: int
    storage: Storage
    health: Health
    backup_proved_at: Moment | None


class StatusView(StaffView):
    needs = "chatproject.view_status"

    @describe("How the installation is, for the staff", answers={200: Status})
    def get(self, request: SignedInRequest) -> Response:
        return Response(status(request.user))


def status(viewer: Any) -> Status:
    """How it is at this moment. Reports about the viewer are not counted: that would tell of them."""
    moment = now()
    alive = Process.objects.filter(seen_at__gt=moment - timedelta(minutes=1)).order_by("name", "pid")
    processes = [process for process in alive if not process.is_worker]
    found = Status(
        version=settings.VERSION,
        at=rfc3339(moment),
        troubles=[],
        people_online=sum(process.people for process in processes),
        sockets=sum(process.sockets for process in processes),
        people_new=User.objects.filter(id__gte=first_id(moment - timedelta(days=1)), email__isnull=False).count(),
        processes=[
            ProcessState(one.name, one.pid, one.sockets, one.people, rfc3339(one.started_at)) for one in processes
        ],
        workers=len(alive) - len(processes),
        messages_by_hour=_counts(moment, timedelta(hours=1), HOURS),
        messages_by_day=_counts(moment, timedelta(days=1), DAYS),
        tasks=_tasks(moment),
        pushes=_pushes(moment),
        reports_open=Report.objects.visible_to(viewer).open().count(),
        storage=_storage(),
        health=_health(),
        backup_proved_at=rfc3339(proved) if (proved := schedule.last_proved_at()) else None,
    )
    found.troubles = list(_troubles(found))
    return found


def _counts(moment: datetime, each: timedelta, count: int) -> list[Count]:
    """The messages of the last so many hours or days, the present one last."""
    last = moment.replace(minute=0, second=0, microsecond=0)
    if each >= timedelta(days=1):
        last = last.replace(hour=0)
    begins = [last - each * n for n in reversed(range(count))]
    sums = dict.fromkeys(begins, 0)
    for begins_at, messages in Hour.objects.filter(begins_at__gte=begins[0]).values_list("begins_at", "messages"):
        sums[begins[0] + (begins_at - begins[0]) // each * each] += messages
    return [Count(rfc3339(begin), messages) for begin, messages in sums.items()]


def _tasks(moment: datetime) -> Queue:
    ready = DBTaskResult.objects.ready()
    due = Case(When(run_after=get_date_max(), then="enqueued_at"), default="run_after")
    oldest = ready.aggregate(oldest=Min(due))["oldest"]
    failed = DBTaskResult.objects.filter(status="FAILED").count()
    return Queue(ready.count(), _overdue(moment, oldest), failed)


def _pushes(moment: datetime) -> Queue:
    waiting = Push.objects.waiting()
    return Queue(
        waiting.count(),
        _overdue(moment, waiting.aggregate(oldest=Min("due_at"))["oldest"]),
        Push.objects.dead().count(),
    )


def _dead_mails() -> list[str]:
    """Of each mail that has failed, for good or so far, with what."""
    mails = DBTaskResult.objects.filter(task_path=send_mail.module_path).exclude(exception_class_path="")
    failed = mails.filter(status__in=("FAILED", "READY")).values_list("exception_class_path", flat=True)
    return [path.rpartition(".")[2] for path in failed]


def _overdue(moment: datetime, due_at: datetime | None) -> float:
    return round(max(0.0, (moment - due_at).total_seconds()), 1) if due_at else 0.0


def _storage() -> Storage:
    disk = shutil.disk_usage(settings.DATA_DIR)
    files = Blob.objects.aggregate(bytes=Sum("size"))["bytes"] or 0
    return Storage(files, _database_bytes(), disk.used, disk.free)


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        (size,) = cursor.fetchone()
    return int(size)


def _health() -> Health:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    took = round((time.perf_counter() - began) * 1000, 2)
    return Health(took, redis_state(), providers.configured())


def _troubles(found: Status) -> Any:
    """What an operator should look at."""
    if not found.processes:
        yield "No process says that it serves."
    if not found.workers:
        yield NO_WORKER
    if found.health.redis == "unavailable":
        yield "Redis does not answer: processes hear of each other late."
    if found.health.database_ms > SLOW_MS:
        yield f"The database takes {found.health.database_ms:.0f} ms to answer."
    for name, queue in (("tasks", found.tasks), ("pushes", found.pushes)):
        if queue.overdue_seconds > LATE_SECONDS:
            late = queue.overdue_seconds / 60
            yield f"The oldest of the {name} that wait is {late:.0f} minutes late: does a worker run?"
    if reasons := _dead_mails():
        why = ", ".join(sorted(set(reasons)))
        yield f"{len(reasons)} mails could not be sent: {why}. Look at EMAIL_URL; Tasks sends them again."
    if found.tasks.failed:
        yield f"{found.tasks.failed} tasks have failed for good: Tasks says why, and runs them again."
    if found.pushes.failed:
        yield f"{found.pushes.failed} pushes were given up: Pushes says why, and tries them again."
    yield from schedule.troubles()
    if found.storage.disk_used > FULL * (found.storage.disk_used + found.storage.disk_free):
        yield "The disk is nearly full."
