"""The background worker: runs queued tasks, retries failed ones, and takes over what a killed worker left behind."""

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections
from django.db.models import CharField, DateTimeField, Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult, get_date_max
from django_tasks_db.utils import exclusive_transaction

from accounts import services as accounts
from common import isolation
from common.compiled import CompiledQuery, Parameter
from common.database import close_dead_connection
from common.stopping import on_stop
from common.tasks import MAX_ATTEMPTS
from media.file_processor import FileProcessor
from messaging.following.tail import LogFollower
from messaging.following.unread import newest_unread
from messaging.reading.previews import previews_of
from notifications.push_sender import PushSender
from operations import erasure, heartbeat, housekeeping
from operations.backups import QUEUE as BACKUP_QUEUE
from operations.backups import retention, schedule

logger = structlog.get_logger(__name__)

READY, RUNNING, FAILED = "READY", "RUNNING", "FAILED"
MAINTENANCE_INTERVAL = 20.0
SHORTEST_REST, LONGEST_REST = 0.4, 5.0
"""The pauses, in seconds, between two passes over the logs."""
TAIL_SHARE = 1 / 40
"""The part of a processor that following the logs may use."""
QUEUES: tuple[str | None, ...] = (None, BACKUP_QUEUE)
"""Queues with a thread of their own, so that a long backup delays no mail. `None` is all other queues."""
MOVED_TASKS = {
    "chatproject.backups.making.make_backup": "operations.backups.create.make_backup",
    "chatproject.backups.making.copy_backups": "operations.backups.retention.copy_backups",
    "chatproject.backups.drilling.drill_newest": "operations.backups.drill.drill_newest",
    "chatproject.personal_export.making.make_export": "operations.personal_export.create.make_export",
    "chatproject.erasure.erase_person": "operations.erasure.erase_person",
    "chatproject.cleaning.clean_older_text": "operations.cleaning.clean_older_text",
    "encryption.services.directory.tell_acquainted": "encryption.services.directory.publish_to_acquaintances",
    "messaging.reindexing.reindex_search": "messaging.search.reindexing.reindex_search",
}
"""Paths of tasks that earlier versions may have queued, and the paths of these tasks today."""
LEASE = timedelta(seconds=90)
"""A running task is requeued if its worker has not been heard from for this long."""


class Job:
    """Work that a thread of its own does step by step, for as long as there is some."""

    def __init__(self, name: str, step: Callable[[], bool], is_due: Callable[[], bool]) -> None:
        self.name = name
        self.step = step
        """Do one step. False if nothing is left."""
        self.is_due = is_due
        """Whether there may be something to do, by one small query."""
        self.is_wanted = threading.Event()


class ChatWorker(Worker):
    """Runs the tasks of each queue in a thread. Other threads follow the logs of conversations, send pushes, process
    files, and do maintenance. They rest until the watch, twice a second, finds something for them.

    `started_at` of a running task is updated by maintenance: it says when its worker was last alive. A task may run
    again after a crash, so every task must be safe to repeat.
    """

    def __init__(self, interval: float = 0.5) -> None:
        super().__init__(
            queue_names=["*"],
            excluded_queue_names=[],
            interval=interval,
            batch=False,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=get_random_string(32),
        )
        self._stopping = threading.Event()
        self._running: set[UUID] = set()
        self._unclaimable: set[UUID] = set()
        self._cleaned_up_at = 0.0
        self._follower = LogFollower()
        self._push_sender = PushSender(previews_of, newest_unread)
        self._file_processor = FileProcessor()
        self._heartbeat = heartbeat.ProcessHeartbeat(is_worker=True)
        self._maintained_at = -MAINTENANCE_INTERVAL
        self._jobs = [
            *(Job(f"worker-{queue or 'tasks'}", partial(self.run_next, queue), partial(self._is_ready, queue))
              for queue in QUEUES),
            Job("worker-tail", self._follow_logs, self._follower.is_behind),
            Job("worker-push", self._push_sender.send_due, self._push_sender.is_due),
            Job("worker-files", self._file_processor.run_next, self._file_processor.is_due),
            Job("worker-maintenance", self.maintain, self._is_maintenance_due),
        ]  # fmt: skip
        self._threads = [
            threading.Thread(target=self._watch, name="worker-watch", daemon=True),
            *(threading.Thread(target=self._work, args=(job,), name=job.name, daemon=True) for job in self._jobs),
        ]

    def start(self) -> None:
        """Start the threads."""
        self._heartbeat.start()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Take no more tasks, and wait for those that are running. A task that takes longer is requeued when its lease
        ends."""
        self._stopping.set()
        for job in self._jobs:
            job.is_wanted.set()
        for thread in self._threads:
            thread.join(timeout)
        self._push_sender.stop(timeout)
        self._heartbeat.stop()

    def run_next(self, queue: str | None = None) -> bool:
        """Run the next due task of this queue, or of all queues that have no thread of their own. False if there is
        none."""
        task = self._claim(queue)
        if task is None:
            return False
        self._running.add(task.id)
        try:
            self.run_task(task)
        finally:
            self._running.discard(task.id)
        return True

    def run_task(self, db_task_result: DBTaskResult) -> None:
        """Run one task. If it fails, retry it later, up to `MAX_ATTEMPTS` times."""
        db_task_result.task_path = current_task_path(db_task_result.task_path)
        super().run_task(db_task_result)
        if db_task_result.status != FAILED:
            return
        attempt = len(db_task_result.worker_ids)
        logger.warning(
            "task_failed",
            task=db_task_result.task_path,
            attempt=attempt,
            reason=db_task_result.exception_class_path,
        )
        if attempt < MAX_ATTEMPTS:
            later = timezone.now() + timedelta(seconds=5 * 4 ** (attempt - 1))
            DBTaskResult.objects.filter(id=db_task_result.id).update(status=READY, run_after=later)

    def maintain(self) -> bool:
        """Renew the leases of running tasks, requeue abandoned ones, queue what is due, and clean up once an hour."""
        now, self._maintained_at = timezone.now(), time.monotonic()
        if self._running:
            DBTaskResult.objects.filter(id__in=tuple(self._running), status=RUNNING).update(started_at=now)
        abandoned = DBTaskResult.objects.filter(status=RUNNING, started_at__lt=now - LEASE)
        isolation.run_all(
            partial(requeue_abandoned, abandoned),
            erasure.queue_due_erasures,
            accounts.restore_due,
            heartbeat.delete_stopped_processes,
            heartbeat.count_messages_by_hour,
            retention.record_missing_files,
            schedule.queue_due_work,
        )
        if time.monotonic() - self._cleaned_up_at > 3600 or not self._cleaned_up_at:
            self._cleaned_up_at = time.monotonic()
            housekeeping.clean_up(self._stopping)
        return False

    def _follow_logs(self) -> bool:
        """Follow the logs, within `TAIL_SHARE` and not too often: SQLite blocks senders during a pass, and one long
        pass costs less than several short ones."""
        began = time.thread_time()
        has_more = self._follower.follow()
        spent = time.thread_time() - began
        self._stopping.wait(min(max(SHORTEST_REST, spent / TAIL_SHARE), LONGEST_REST))
        return has_more

    def _claim(self, queue: str | None) -> DBTaskResult | None:
        ready = DBTaskResult.objects.ready().filter(_in_queue(queue), backend_name=self.backend_name)
        ready = ready.exclude(id__in=self._unclaimable)
        if not ready.exists():  # checked first: taking SQLite's write lock twice a second would delay senders
            return None
        task: DBTaskResult | None = None
        try:
            with exclusive_transaction():
                task = ready.get_locked()
                if task:
                    task.claim(self.worker_id)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            if task:  # the database refuses this row, so it cannot be marked as failed either
                self._unclaimable.add(task.id)
            raise
        return task

    def _is_ready(self, queue: str | None) -> bool:
        now = timezone.now()
        return _ready_tasks(queue).first(now=now, never=get_date_max(), backend=self.backend_name) is not None

    def _is_maintenance_due(self) -> bool:
        return time.monotonic() - self._maintained_at >= MAINTENANCE_INTERVAL

    def _watch(self) -> None:
        """Wake the threads that have something to do. If each looked for itself, that would keep a server busy."""
        while not self._stopping.is_set():
            close_dead_connection()
            for job in self._jobs:
                if not job.is_wanted.is_set() and self._try(job.is_due):
                    job.is_wanted.set()
            self._stopping.wait(self.interval)
        connections.close_all()

    def _work(self, job: Job) -> None:
        while not self._stopping.is_set():  # looked at after `clear`, which may undo the call of `stop`
            job.is_wanted.wait()
            if self._stopping.is_set():
                break
            has_more = self._try(job.step)
            close_old_connections()  # returns it to the pool while this thread waits
            if not has_more:
                job.is_wanted.clear()
        connections.close_all()

    def _try(self, action: Callable[[], bool]) -> bool:
        """Whether it returned true. A fault is logged, and tried again when the watch looks next."""
        try:
            return action()
        except (OperationalError, InterfaceError) as error:
            logger.warning("worker_without_database", reason=type(error).__name__)
            connection.close()
        except Exception:
            logger.exception("worker_fault")
        return False


@cache
def _ready_tasks(queue: str | None) -> CompiledQuery[UUID]:
    """The id of a task that is ready, of this queue or of those without a thread of their own."""
    time_field, text = DateTimeField(), CharField()
    is_due = Q(run_after=Parameter("never", time_field)) | Q(run_after__lte=Parameter("now", time_field))
    tasks = DBTaskResult.objects.filter(_in_queue(queue), is_due, status=READY, backend_name=Parameter("backend", text))
    return CompiledQuery(lambda: tasks.order_by().values_list("id", flat=True)[:1])


def _in_queue(queue: str | None) -> Q:
    return Q(queue_name=queue) if queue else ~Q(queue_name__in=[name for name in QUEUES if name])


def run_worker(parent: int | None = None) -> None:
    """Work until this process is told to stop, or until `parent`, the process that started it, has exited."""
    stopping = threading.Event()
    on_stop(lambda *_: stopping.set())
    worker = ChatWorker()
    worker.start()
    while not stopping.wait(1):
        if parent and os.getppid() != parent:
            break
    worker.stop()


def current_task_path(path: str) -> str:
    """The path today of a task that was queued under this path."""
    return MOVED_TASKS.get(path, path)


def requeue_failed(tasks: "DBTaskResult.objects") -> int:  # type: ignore[valid-type]
    """Queue those of these tasks again that have failed for good. Returns their number."""
    count: int = tasks.filter(status=FAILED).update(status=READY, run_after=timezone.now(), worker_ids=[])
    return count


def requeue_abandoned(tasks: "DBTaskResult.objects") -> None:  # type: ignore[valid-type]
    """Queue tasks again whose worker died. A task that has killed `MAX_ATTEMPTS` workers fails for good."""
    isolation.for_each(tasks[:100], _requeue_abandoned_task)


def _requeue_abandoned_task(task: DBTaskResult) -> None:
    is_given_up = len(task.worker_ids) >= MAX_ATTEMPTS
    row = DBTaskResult.objects.filter(id=task.id, status=RUNNING, started_at=task.started_at)
    if row.update(status=FAILED if is_given_up else READY):
        logger.warning("task_taken_back", task=task.task_path, given_up=is_given_up)
