"""The worker's lane of pushes: takes what is due, asks whether it is still wanted, sends it, and settles it.

Whoever takes a push moves its `due_at` on by `LEASE`: when a worker is killed, what it had taken is due again by
itself.
A provider that hangs or fails over and over is left alone for a while, so that it holds up nobody else's.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection, connections, transaction
from django.db.models import F

from accounts.models import Device
from chatproject.common import endpoints
from chatproject.common.clock import now
from notifications import providers
from notifications.models import Push
from notifications.providers import Outcome, Provider, Verdict
from notifications.wanted import judge
from notifications.words import message_for

log = structlog.get_logger(__name__)

SLOTS = 16
"""Pushes that are being sent at the same time."""
LEASE = timedelta(seconds=endpoints.SECONDS + 5)
"""Longer than a push may take; after a kill, people wait so long for what was on its way."""
MAX_ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 3600.0
"""Seconds until a failed push is tried again; each time twice as many."""
STRIKES, REST = 5, 30.0
"""Failures one after the other after which a provider rests, and for how many seconds."""
Previews = Callable[[Collection[UUID]], Mapping[UUID, str]]


class PushLane:
    """See the module. `previews` tells what these messages say now; it is asked only where the settings let it."""

    def __init__(self, previews: Previews) -> None:
        self._previews = previews
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="push")
        self._flying: set[Future[None]] = set()
        self._health = _Health()

    def send_due(self) -> bool:
        """Send what is due, as much as there are free slots. False when there is nothing to do."""
        self._flying = {future for future in self._flying if not future.done()}
        if len(self._flying) >= SLOTS:
            wait(self._flying, timeout=1, return_when=FIRST_COMPLETED)
            return True
        pushes = _take(SLOTS - len(self._flying))
        if not pushes:
            return False
        moment = now()
        going, waiting, dropped = judge(pushes, moment)
        for push in dropped:
            _done(push)
        for push, due_at in waiting:
            _put_off(push, due_at)
        previews = self._previews({push.message_id for push in going if push.message_id})
        for push in going:
            self._send(push, previews)
        return True

    def wait(self, timeout: float) -> None:
        """Wait for what is on its way, so many seconds at most."""
        wait(self._flying, timeout=timeout)

    def stop(self, timeout: float) -> None:
        """Send no more; what is still on its way after `timeout` seconds is due again after its lease."""
        self.wait(timeout)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, push: Push, previews: Mapping[UUID, str]) -> None:
        provider = providers.provider_of(push.device.provider)
        if provider is None:
            Push.objects.filter(id=push.id).delete()
            return
        host = provider.lane(push.device.token)
        if seconds := self._health.rests_for(host):
            _put_off(push, now() + timedelta(seconds=seconds))
            return
        message = message_for(push, previews.get(push.message_id) if push.message_id else None)
        self._flying.add(self._pool.submit(self._deliver, provider, host, push, message))

    def _deliver(self, provider: Provider, host: str, push: Push, message: providers.Push) -> None:
        outcome = provider.send(push.device.token, message)
        self._health.note(host, outcome)
        try:
            settle(push, outcome)
        except Exception as error:  # due again after its lease, as after a crash
            log.warning("push_not_settled", reason=type(error).__name__)
        finally:
            connections.close_all()


def _take(count: int) -> list[Push]:
    """Up to `count` pushes that are due, for this worker alone."""
    moment = now()
    due = Push.objects.waiting().filter(due_at__lte=moment).order_by("due_at")
    if not due.exists():  # asked first: taking SQLite's write lock twice a second would delay senders
        return []
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        ids = list(due.select_for_update(skip_locked=skip).values_list("id", flat=True)[:count])
        Push.objects.filter(id__in=ids).update(due_at=moment + LEASE, attempts=F("attempts") + 1)
    return list(Push.objects.filter(id__in=ids).select_related("device__user__preference", "actor", "conversation"))


def _put_off(push: Push, due_at: datetime) -> None:
    """Not now: that was no attempt."""
    Push.objects.filter(id=push.id).update(due_at=due_at, attempts=push.attempts - 1)


def _done(push: Push) -> None:
    """Sent, or not wanted; what has joined it meanwhile still has to be looked at."""
    row = Push.objects.filter(id=push.id)
    if not row.filter(round=push.round).delete()[0]:
        row.update(attempts=0, due_at=now())


def settle(push: Push, outcome: Outcome) -> None:
    """Write down what became of an attempt."""
    row = Push.objects.filter(id=push.id)
    if outcome.verdict == Verdict.SENT:
        _done(push)
    elif outcome.verdict == Verdict.GONE:
        Device.objects.filter(id=push.device_id, token_hash=push.device.token_hash).delete()
    elif outcome.verdict == Verdict.REFUSED or push.attempts >= MAX_ATTEMPTS:
        log.warning("push_given_up", push=str(push.id), provider=push.device.provider, reason=outcome.reason)
        row.update(dead_at=now(), reason=outcome.reason[:200])
    else:
        row.update(due_at=now() + _pause(push.attempts, outcome.retry_after), reason=outcome.reason[:200])


def _pause(attempts: int, retry_after: float | None) -> timedelta:
    """How long until the next attempt: at least what the provider asks for, and not all at the same moment."""
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(1, 1.25)  # noqa: S311
    return timedelta(seconds=max(pause, min(retry_after or 0, 24 * 3600)))


class _Health:
    """Which hosts fail over and over, in this process."""

    def __init__(self) -> None:
        self._strikes: dict[str, int] = {}
        self._rests_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, host: str, outcome: Outcome) -> None:
        with self._lock:
            if outcome.verdict != Verdict.LATER:
                self._strikes.pop(host, None)
                return
            strikes = self._strikes[host] = self._strikes.get(host, 0) + 1
            if strikes >= STRIKES:
                self._rests_until[host] = time.monotonic() + REST

    def rests_for(self, host: str) -> float:
        """The seconds for which this host is still to be left alone; then one may try."""
        with self._lock:
            left = self._rests_until.get(host, 0.0) - time.monotonic()
            if left <= 0:
                self._rests_until.pop(host, None)
            return max(0.0, left)
