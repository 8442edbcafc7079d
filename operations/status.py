"""`status/`: the state of the installation in numbers, for the console's overview and for monitoring.

Every number comes from an index or a few rows. None requires counting all messages or all people.
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

from accounts.api.staff import StaffViewSet
from accounts.authentication import SignedInRequest
from accounts.models import User
from accounts.services.mails import send_mail
from common.clock import now, rfc3339
from common.openapi import describe
from common.wire import Moment
from media.models import Blob
from messaging.models import Report
from notifications import providers
from notifications.models import Push
from operations.backups import schedule
from operations.health import redis_state
from operations.heartbeat import first_id
from operations.models import Hour, Process

HOURS, DAYS = 24, 30
SLOW_MS, FULL, LATE_SECONDS = 250, 0.9, 300
"""Above these values the database counts as slow, the disk as full and the worker as late."""
NO_WORKER = (
    "No worker is running, so no mails or pushes are sent and no files or backups are processed. "
    "Start `manage.py worker`, or restart `serve`."
)


class ProcessState(msgspec.Struct):
    """A serving process, as of its last heartbeat."""

    name: str
    pid: int
    sockets: int
    people: int
    started_at: Moment


class Count(msgspec.Struct):
    """The number of messages sent in the hour or day that begins at `begins_at`."""

    begins_at: Moment
    messages: int


class Queue(msgspec.Struct):
    """How many are waiting, for how many seconds the oldest has been due, and how many failed for good."""

    waiting: int
    overdue_seconds: float
    failed: int


class Storage(msgspec.Struct):
    """In bytes: uploaded files, the database, and the used and free space of the disk with the data."""

    files: int
    database: int
    disk_used: int
    disk_free: int


class Health(msgspec.Struct):
    """`database_ms` is one round trip. `redis` is `ok`, `unused` or `unavailable`; `push` lists the configured
    providers."""

    database_ms: float
    redis: str
    push: list[str]


class Status(msgspec.Struct):
    """The state of the installation. `troubles` are sentences about problems, none if all is well. `processes` are the
    serving processes, `workers` the number of background workers. `backup_proved_at` is when the newest verified backup
    was made. People with sockets in two processes count twice."""

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


class StatusViewSet(StaffViewSet):
    needs = "chatproject.view_status"

    @describe("How the installation is, for the staff", answers={200: Status})
    def list(self, request: SignedInRequest) -> Response:
        return Response(status(request.user))


def status(viewer: Any) -> Status:
    """The current state. Reports about the viewer are not counted, because the number would reveal them."""
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
            ProcessState(process.name, process.pid, process.sockets, process.people, rfc3339(process.started_at))
            for process in processes
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
    """The messages of the last `count` hours or days, the current one last."""
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


def _failed_mails() -> list[str]:
    """The exception of each mail that has failed, for good or so far."""
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
    return Health(took, redis_state(), providers.configured_names())


def _troubles(found: Status) -> Any:
    """What an operator should attend to, in sentences."""
    if not found.processes:
        yield "No serving process is running. Start `manage.py serve`."
    if not found.workers:
        yield NO_WORKER
    if found.health.redis == "unavailable":
        yield "Redis does not answer, so messages between processes arrive late. Check REDIS_URL."
    if found.health.database_ms > SLOW_MS:
        yield f"The database takes {found.health.database_ms:.0f} ms to answer."
    for name, queue in (("tasks", found.tasks), ("pushes", found.pushes)):
        if queue.overdue_seconds > LATE_SECONDS:
            late = queue.overdue_seconds / 60
            yield f"The oldest of the waiting {name} is {late:.0f} minutes late. Check that a worker is running."
    if reasons := _failed_mails():
        why = ", ".join(sorted(set(reasons)))
        yield f"Mails that could not be sent: {len(reasons)} ({why}). Check EMAIL_URL, then run them again under Tasks."
    if found.tasks.failed:
        yield f"Tasks that failed for good: {found.tasks.failed}. See the reasons and run them again under Tasks."
    if found.pushes.failed:
        yield f"Pushes that failed for good: {found.pushes.failed}. See the reasons and try again under Pushes."
    yield from schedule.troubles()
    if found.storage.disk_used > FULL * (found.storage.disk_used + found.storage.disk_free):
        yield "The disk with DATA_DIR is nearly full. Free some space."
