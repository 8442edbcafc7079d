"""The worker's lane of pushes: takes what is due, asks whether it is still wanted, sends it, and settles it.

Whoever takes a push moves its `due_at` on by `LEASE`: when a worker is killed, what it had taken is due again by
itself.
A provider that hangs or fails over and over is left alone for a while, so that it holds up nobody else's.
"""

import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from accounts.services import forget_dead_device
from chatproject.common import apart, endpoints
from chatproject.common.clock import now
from notifications import providers
from notifications.models import Push
from notifications.providers import Outcome, Verdict
from notifications.wanted import Unread, judge
from notifications.words import badges, message_for

log = structlog.get_logger(__name__)

SLOTS = 16
"""Pushes that are being sent at the same time."""
TOGETHER = 0.1
"""Seconds for which those that are being sent are waited for, to be settled together."""
LEASE = timedelta(seconds=endpoints.SECONDS + 5)
"""Longer than a push may take; after a kill, people wait so long for what was on its way."""
MAX_ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 3600.0
"""Seconds until a failed push is tried again; each time twice as many."""
FAULT = Outcome(Verdict.REFUSED, "fault")
"""What a push comes to that cannot be judged or put together: the log says why."""
LOST = Outcome(Verdict.REFUSED, "each worker that took it died")
STRIKES, REST = 5, 30.0
"""Failures one after the other after which a provider rests, and for how many seconds."""
Previews = Callable[[Collection[UUID]], Mapping[UUID, str]]


class PushLane:
    """See the module. `previews` tells what these messages say now; it is asked only where the settings let it.
    `unread` is what `judge` asks.

    Threads only send; what the database is told is told by the thread that calls, for many pushes at once."""

    def __init__(self, previews: Previews, unread: Unread) -> None:
        self._previews = previews
        self._unread = unread
        self._pool = ThreadPoolExecutor(SLOTS, thread_name_prefix="push")
        self._flying: dict[Future[Outcome], Push] = {}
        self._health = _Health()

    def send_due(self) -> bool:
        """Settle what was sent, and send what is due, as much as there are free slots. False when there is nothing to
        do."""
        self.wait(TOGETHER)
        self._settle_sent()
        pushes = _take(SLOTS - len(self._flying)) if len(self._flying) < SLOTS else []
        if pushes:
            self._send(pushes)
        return bool(self._flying or pushes)

    def wait(self, timeout: float) -> None:
        """Wait for what is on its way, so many seconds at most."""
        wait(self._flying, timeout=timeout)

    def stop(self, timeout: float) -> None:
        """Send no more; what is still on its way after `timeout` seconds is due again after its lease."""
        self.wait(timeout)
        with suppress(DatabaseError):
            self._settle_sent()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, pushes: list[Push]) -> None:
        moment = now()
        going, waiting, dropped, faulty = judge(pushes, moment, self._unread)
        ready: list[tuple[providers.Provider, Push]] = []

        def route(push: Push) -> None:
            provider = providers.provider_of(push.device.provider)
            if provider is None:
                dropped.append(push)
            elif seconds := self._health.rests_for(provider.lane(push.device.token)):
                waiting.append((push, moment + timedelta(seconds=seconds)))
            else:
                ready.append((provider, push))

        faulty += apart.each(going, route)
        _done(dropped)
        _put_off(waiting)
        asked = {push.message_id for _, push in ready if push.message_id}
        previews = self._previews(asked) if settings.PUSH_PREVIEWS else {}
        unread = badges({push.device for _, push in ready})

        def submit(one: tuple[providers.Provider, Push]) -> None:
            provider, push = one
            preview = previews.get(push.message_id) if push.message_id else None
            message = message_for(push, preview, unread[push.device_id])
            self._flying[self._pool.submit(provider.send, push.device.token, message)] = push

        faulty += [push for _, push in apart.each(ready, submit)]
        settle([(push, FAULT) for push in faulty])

    def _settle_sent(self) -> None:
        """When this fails, it is all due again after its lease, as after a kill."""
        sent = {future: push for future, push in self._flying.items() if future.done()}
        for future in sent:
            del self._flying[future]
        outcomes = [(push, future.result()) for future, push in sent.items()]
        for push, outcome in outcomes:
            if provider := providers.provider_of(push.device.provider):
                self._health.note(provider.lane(push.device.token), outcome)
        settle(outcomes)


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
    pushes = Push.objects.filter(id__in=ids).select_related("device__user__preference", "actor", "conversation")
    taken = list(pushes)
    settle([(push, LOST) for push in taken if push.attempts > MAX_ATTEMPTS])
    return [push for push in taken if push.attempts <= MAX_ATTEMPTS]


def _put_off(waiting: Collection[tuple[Push, datetime]]) -> None:
    """Not now: that was no attempt."""
    alike: dict[tuple[datetime, int], list[UUID]] = defaultdict(list)
    for push, due_at in waiting:
        alike[due_at, push.attempts - 1].append(push.id)
    for (due_at, attempts), ids in alike.items():
        with transaction.atomic():
            _lock(ids)
            Push.objects.filter(id__in=ids).update(due_at=due_at, attempts=attempts)


def _done(pushes: Collection[Push]) -> None:
    """Sent, or not wanted; what has joined them meanwhile still has to be looked at."""
    if not pushes:
        return
    with transaction.atomic():
        rounds = _lock([push.id for push in pushes])
        joined = [push.id for push in pushes if rounds.get(push.id, push.round) != push.round]
        Push.objects.filter(id__in=rounds.keys() - joined).delete()
        Push.objects.filter(id__in=joined).update(attempts=0, due_at=now())


def _lock(ids: Collection[UUID]) -> dict[UUID, int]:
    """Their rounds, with their rows locked in the order in which all lock who lock several."""
    rows = Push.objects.select_for_update().filter(id__in=ids).order_by("device_id", "topic")
    return dict(rows.values_list("id", "round"))


def settle(outcomes: list[tuple[Push, Outcome]]) -> None:
    """Write down what became of these attempts."""
    _done([push for push, outcome in outcomes if outcome.verdict == Verdict.SENT])
    apart.each(outcomes, _settle)


def _settle(one: tuple[Push, Outcome]) -> None:
    push, outcome = one
    if outcome.verdict == Verdict.GONE:
        forget_dead_device(push.device)
    elif outcome.verdict != Verdict.SENT:
        _failed(push, outcome)


def _failed(push: Push, outcome: Outcome) -> None:
    row = Push.objects.filter(id=push.id)
    if outcome.verdict == Verdict.REFUSED or push.attempts >= MAX_ATTEMPTS:
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

    def note(self, host: str, outcome: Outcome) -> None:
        if outcome.verdict != Verdict.LATER:
            self._strikes.pop(host, None)
            return
        strikes = self._strikes[host] = self._strikes.get(host, 0) + 1
        if strikes >= STRIKES:
            self._rests_until[host] = time.monotonic() + REST

    def rests_for(self, host: str) -> int:
        """The seconds for which this host is still to be left alone; then one may try."""
        left = self._rests_until.get(host, 0.0) - time.monotonic()
        if left <= 0:
            self._rests_until.pop(host, None)
        return math.ceil(max(0.0, left))
