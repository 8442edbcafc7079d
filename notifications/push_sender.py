"""The push sender, run by the worker: takes due pushes, checks whether they are still eligible, sends them and records
the outcome.

Taking a push moves its `due_at` on by `LEASE`: if a worker is killed, the pushes it had taken become due again by
themselves. A host that hangs or keeps failing is paused for a while, so that it does not delay pushes to other hosts.
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
from django.db.models import DateTimeField, F, QuerySet

from accounts.services import forget_dead_device
from common import isolation, outbound
from common.clock import now
from common.compiled import CompiledQuery, Parameter
from notifications import providers
from notifications.models import Push
from notifications.providers import Outcome, Verdict
from notifications.push_eligibility import FindUnread, sort_by_eligibility
from notifications.push_texts import count_badges, message_for

logger = structlog.get_logger(__name__)

MAX_IN_FLIGHT = 16
"""Pushes sent at the same time."""
SETTLE_WAIT = 0.1
"""How long to wait for pushes in flight, in seconds, so that several outcomes are recorded together."""
LEASE = timedelta(seconds=outbound.SECONDS + 5)
"""Longer than sending may take. After a kill, pushes in flight are delayed by this much."""
MAX_ATTEMPTS = 8
FIRST_PAUSE, MAX_PAUSE = 10.0, 3600.0
"""Seconds until a failed push is tried again, doubled each time."""
FAULT = Outcome(Verdict.REFUSED, "fault")
"""The outcome of a push for which our own code failed; the log has the traceback."""
LOST = Outcome(Verdict.REFUSED, "each worker that took it died")
MAX_FAILURES, PAUSE_SECONDS = 5, 30.0
"""How many failures in a row pause a host, and for how many seconds."""
LoadPreviews = Callable[[Collection[UUID]], Mapping[UUID, str]]


class PushSender:
    """See the module. `load_previews` returns the current previews of messages; it is called only if the settings allow
    previews. `find_unread` is passed on to `sort_by_eligibility`.

    The pool's threads only send. The calling thread does all database work, for many pushes at once."""

    def __init__(self, load_previews: LoadPreviews, find_unread: FindUnread) -> None:
        self._load_previews = load_previews
        self._find_unread = find_unread
        self._pool = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="push")
        self._in_flight: dict[Future[Outcome], Push] = {}
        self._hosts = _HostHealth()

    def is_due(self) -> bool:
        """Whether there is something for `send_due`."""
        return bool(self._in_flight) or _due_push.first(now=now()) is not None

    def send_due(self) -> bool:
        """Record finished pushes and send due ones, as many as there are free slots. Returns False if there is nothing
        to do."""
        self.wait(SETTLE_WAIT)
        self._settle_sent()
        pushes = _take_due(MAX_IN_FLIGHT - len(self._in_flight)) if len(self._in_flight) < MAX_IN_FLIGHT else []
        if pushes:
            self._send(pushes)
        return bool(self._in_flight or pushes)

    def wait(self, timeout: float) -> None:
        """Wait for the pushes in flight, at most `timeout` seconds."""
        wait(self._in_flight, timeout=timeout)

    def stop(self, timeout: float) -> None:
        """Stop sending. Pushes still in flight after `timeout` seconds become due again when their lease ends."""
        self.wait(timeout)
        with suppress(DatabaseError):
            self._settle_sent()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _send(self, pushes: list[Push]) -> None:
        moment = now()
        eligible, postponed, dropped, failed = sort_by_eligibility(pushes, moment, self._find_unread)
        ready: list[tuple[providers.Provider, Push]] = []

        def route(push: Push) -> None:
            provider = providers.provider_of(push.device.provider)
            if provider is None:
                dropped.append(push)
            elif seconds := self._hosts.seconds_paused(provider.host_of(push.device.token)):
                postponed.append((push, moment + timedelta(seconds=seconds)))
            else:
                ready.append((provider, push))

        failed += isolation.for_each(eligible, route)
        _finish(dropped)
        _postpone(postponed)
        message_ids = {push.message_id for _, push in ready if push.message_id}
        previews = self._load_previews(message_ids) if settings.PUSH_PREVIEWS else {}
        badges = count_badges({push.device for _, push in ready})

        def submit(routed: tuple[providers.Provider, Push]) -> None:
            provider, push = routed
            preview = previews.get(push.message_id) if push.message_id else None
            message = message_for(push, preview, badges[push.device_id])
            self._in_flight[self._pool.submit(provider.send, push.device.token, message)] = push

        failed += [push for _, push in isolation.for_each(ready, submit)]
        settle([(push, FAULT) for push in failed])

    def _settle_sent(self) -> None:
        """Record the outcomes of finished pushes. If this fails, they become due again when their lease ends."""
        sent = {future: push for future, push in self._in_flight.items() if future.done()}
        for future in sent:
            del self._in_flight[future]
        outcomes = [(push, future.result()) for future, push in sent.items()]
        for push, outcome in outcomes:
            if provider := providers.provider_of(push.device.provider):
                self._hosts.record(provider.host_of(push.device.token), outcome)
        settle(outcomes)


@CompiledQuery
def _due_push() -> QuerySet[Push, UUID]:
    due = Push.objects.waiting().filter(due_at__lte=Parameter("now", DateTimeField()))
    return due.order_by("due_at").values_list("id", flat=True)[:1]


def _take_due(count: int) -> list[Push]:
    """Take up to `count` due pushes for this worker."""
    moment = now()
    due = Push.objects.waiting().filter(due_at__lte=moment).order_by("due_at")
    if not due.exists():  # checked first: taking SQLite's write lock twice a second would delay people who send
        return []
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        ids = list(due.select_for_update(skip_locked=skip).values_list("id", flat=True)[:count])
        Push.objects.filter(id__in=ids).update(due_at=moment + LEASE, attempts=F("attempts") + 1)
    pushes = Push.objects.filter(id__in=ids).select_related("device__user__preference", "actor", "conversation")
    taken = list(pushes)
    settle([(push, LOST) for push in taken if push.attempts > MAX_ATTEMPTS])
    return [push for push in taken if push.attempts <= MAX_ATTEMPTS]


def _postpone(postponed: Collection[tuple[Push, datetime]]) -> None:
    """Make these pushes due later. This does not count as an attempt."""
    groups: dict[tuple[datetime, int], list[UUID]] = defaultdict(list)
    for push, due_at in postponed:
        groups[due_at, push.attempts - 1].append(push.id)
    for (due_at, attempts), ids in groups.items():
        with transaction.atomic():
            _lock(ids)
            Push.objects.filter(id__in=ids).update(due_at=due_at, attempts=attempts)


def _finish(pushes: Collection[Push]) -> None:
    """Delete pushes that were sent or dropped. Those that got another notice merged in meanwhile become due again."""
    if not pushes:
        return
    with transaction.atomic():
        rounds = _lock([push.id for push in pushes])
        merged = [push.id for push in pushes if rounds.get(push.id, push.round) != push.round]
        Push.objects.filter(id__in=rounds.keys() - merged).delete()
        Push.objects.filter(id__in=merged).update(attempts=0, due_at=now())


def _lock(ids: Collection[UUID]) -> dict[UUID, int]:
    """Lock these rows, in the order that everything that locks several pushes uses. Returns their rounds."""
    rows = Push.objects.select_for_update().filter(id__in=ids).order_by("device_id", "topic")
    return dict(rows.values_list("id", "round"))


def settle(outcomes: list[tuple[Push, Outcome]]) -> None:
    """Record the outcomes of these attempts."""
    _finish([push for push, outcome in outcomes if outcome.verdict == Verdict.SENT])
    isolation.for_each(outcomes, _settle_unsent)


def _settle_unsent(attempt: tuple[Push, Outcome]) -> None:
    push, outcome = attempt
    if outcome.verdict == Verdict.GONE:
        forget_dead_device(push.device)
    elif outcome.verdict != Verdict.SENT:
        _retry_or_give_up(push, outcome)


def _retry_or_give_up(push: Push, outcome: Outcome) -> None:
    row = Push.objects.filter(id=push.id)
    if outcome.verdict == Verdict.REFUSED or push.attempts >= MAX_ATTEMPTS:
        logger.warning("push_given_up", push=str(push.id), provider=push.device.provider, reason=outcome.reason)
        row.update(dead_at=now(), reason=outcome.reason[:200])
    else:
        row.update(due_at=now() + _pause(push.attempts, outcome.retry_after), reason=outcome.reason[:200])


def _pause(attempts: int, retry_after: float | None) -> timedelta:
    """The time until the next attempt: at least what the provider asks for, with a random part to spread them."""
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), MAX_PAUSE) * random.uniform(1, 1.25)  # noqa: S311
    return timedelta(seconds=max(pause, min(retry_after or 0, 24 * 3600)))


class _HostHealth:
    """Which hosts keep failing, as seen by this process."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._paused_until: dict[str, float] = {}

    def record(self, host: str, outcome: Outcome) -> None:
        """Count failures in a row, and pause the host after too many."""
        if outcome.verdict != Verdict.LATER:
            self._failures.pop(host, None)
            return
        failures = self._failures[host] = self._failures.get(host, 0) + 1
        if failures >= MAX_FAILURES:
            self._paused_until[host] = time.monotonic() + PAUSE_SECONDS

    def seconds_paused(self, host: str) -> int:
        """The seconds for which this host is still paused; afterwards the next push tries it."""
        left = self._paused_until.get(host, 0.0) - time.monotonic()
        if left <= 0:
            self._paused_until.pop(host, None)
        return math.ceil(max(0.0, left))
