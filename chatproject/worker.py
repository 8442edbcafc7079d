"""Work in the background: runs queued tasks, tries failed ones again, takes back what a killed worker left."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from django_tasks_db.utils import exclusive_transaction

from accounts import services as accounts
from chatproject import erasure, housekeeping, pulse
from chatproject.backups import keeping, making, schedule
from chatproject.common import apart
from media.lane import FileLane
from messaging.previews import previews_of
from messaging.tail import Follower
from messaging.unread import newest_unread
from notifications.lane import PushLane

log = structlog.get_logger(__name__)

READY, RUNNING, FAILED = "READY", "RUNNING", "FAILED"
MAX_ATTEMPTS = 5
HEARTBEAT = 20.0
LONGEST_REST = 5.0
"""Seconds for which the tail rests, however long a pass took."""
LANES: tuple[str | None, ...] = (None, making.QUEUE)
"""What is done at the same time: a long backup keeps nobody's mail."""
LEASE = timedelta(seconds=90)
"""A running task whose worker was not heard of for so long is taken back."""


class ChatWorker(Worker):
    """Runs the tasks of each lane in a thread; others tell of new messages, push, look at files, and keep the leases
    and the house.

    `started_at` of a running task moves with each heartbeat: it says when its worker was last alive. A task may run
    again after a crash, so tasks must bear being repeated.
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
        self._aside: set[UUID] = set()
        self._tidied = 0.0
        self._tail = Follower()
        self._pushes = PushLane(previews_of, newest_unread)
        self._files = FileLane()
        self._pulse = pulse.Pulse(is_worker=True)
        self._threads = [
            threading.Thread(target=self._repeat, args=(deed, pause), name=name, daemon=True)
            for deed, pause, name in (
                *((partial(self.run_next, lane), interval, f"worker-{lane or 'all'}") for lane in LANES),
                (self._follow, interval, "worker-tail"),
                (self._pushes.send_due, interval, "worker-push"),
                (self._files.run_next, interval, "worker-files"),
                (self.keep, HEARTBEAT, "worker-keep"),
            )
        ]

    def start(self) -> None:
        """Begin to work, in threads."""
        self._pulse.start()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Take no more tasks and wait for the running one; what takes longer is taken back after its lease."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout)
        self._pushes.stop(timeout)
        self._pulse.stop()

    def run_next(self, lane: str | None = None) -> bool:
        """Run the next task of a lane that is due; without a name, of what has no lane of its own. False when there is
        none."""
        task = self._claim(lane)
        if task is None:
            return False
        self._running.add(task.id)
        try:
            self.run_task(task)
        finally:
            self._running.discard(task.id)
        return True

    def run_task(self, db_task_result: DBTaskResult) -> None:
        """Run one task; when it fails, have it run again later, up to `MAX_ATTEMPTS` times."""
        super().run_task(db_task_result)
        if db_task_result.status != FAILED:
            return
        attempt = len(db_task_result.worker_ids)
        log.warning(
            "task_failed",
            task=db_task_result.task_path,
            attempt=attempt,
            reason=db_task_result.exception_class_path,
        )
        if attempt < MAX_ATTEMPTS:
            later = timezone.now() + timedelta(seconds=5 * 4 ** (attempt - 1))
            DBTaskResult.objects.filter(id=db_task_result.id).update(status=READY, run_after=later)

    def keep(self) -> bool:
        """Say that the running task is alive, queue what is due, take back what others left, tidy up once an hour."""
        now = timezone.now()
        if self._running:
            DBTaskResult.objects.filter(id__in=tuple(self._running), status=RUNNING).update(started_at=now)
        lost = DBTaskResult.objects.filter(status=RUNNING, started_at__lt=now - LEASE)
        apart.run(
            partial(take_back, lost),
            erasure.erase_who_is_due,
            accounts.restore_who_is_due,
            pulse.keep,
            keeping.note_gone,
            schedule.keep_up,
        )
        if time.monotonic() - self._tidied > 3600 or not self._tidied:
            self._tidied = time.monotonic()
            housekeeping.tidy(self._stopping)
        return False

    def _follow(self) -> bool:
        """Tell of new messages, with a twentieth of a processor at most: SQLite lets nobody send meanwhile, and a long
        pass is cheaper than several."""
        began = time.thread_time()
        again = self._tail.follow()
        self._stopping.wait(min(19 * (time.thread_time() - began), LONGEST_REST))
        return again

    def _claim(self, lane: str | None) -> DBTaskResult | None:
        own = Q(queue_name=lane) if lane else ~Q(queue_name__in=[name for name in LANES if name])
        ready = DBTaskResult.objects.ready().filter(own, backend_name=self.backend_name).exclude(id__in=self._aside)
        if not ready.exists():  # asked first: taking SQLite's write lock twice a second would delay senders
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
            if task:  # it cannot even be written that it failed
                self._aside.add(task.id)
            raise
        return task

    def _repeat(self, deed: Callable[[], bool], interval: float) -> None:
        while not self._stopping.is_set():
            again = False
            try:
                again = deed()
            except (OperationalError, InterfaceError) as error:
                log.warning("worker_without_database", reason=type(error).__name__)
            except Exception:
                log.exception("worker_fault")
            close_old_connections()  # a pool has it for others while this thread waits
            if not again:
                self._stopping.wait(interval)
        connections.close_all()


def redrive(tasks: "DBTaskResult.objects") -> int:  # type: ignore[valid-type]
    """Run these again that have failed for good. Returns how many."""
    count: int = tasks.filter(status=FAILED).update(status=READY, run_after=timezone.now(), worker_ids=[])
    return count


def take_back(lost: "DBTaskResult.objects") -> None:  # type: ignore[valid-type]
    """Put tasks whose worker died back into the queue; what has killed `MAX_ATTEMPTS` workers has failed."""
    apart.each(lost[:100], _take_back)


def _take_back(task: DBTaskResult) -> None:
    poisonous = len(task.worker_ids) >= MAX_ATTEMPTS
    row = DBTaskResult.objects.filter(id=task.id, status=RUNNING, started_at=task.started_at)
    if row.update(status=FAILED if poisonous else READY):
        log.warning("task_taken_back", task=task.task_path, given_up=poisonous)
