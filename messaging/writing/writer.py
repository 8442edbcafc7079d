"""Group commit: messages that arrive while a batch is being committed go into the next one, together.

One thread per process writes; what waits for a conversation that somebody else has locked is handed to a second
thread, so that nobody else waits for it. A sender is told `Sent` only after the commit that carries the message.
"""

import asyncio
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from chatproject.common import limits
from chatproject.common.database import on_living_connection
from chatproject.common.errors import Refusal, not_found
from chatproject.common.publish import ring
from messaging.batch import Batch, Outgoing, Sent
from messaging.models import Message
from messaging.store import open_store
from messaging.store.rows import StillLocked, Store
from messaging.wire.messages import message_state
from messaging.wire.writing import NewMessage

log = structlog.get_logger(__name__)

BATCH = 256
WAITING = 5000
LOCK_WAIT_MS = 2000


class Writer:
    """Takes messages from any thread or loop, writes them in batches and answers each."""

    def __init__(self) -> None:
        self._arrived = _Lane("writer", self._write_arrived)
        self._late = _Lane("late-writer", self._write_late)

    def submit(self, sender_id: UUID, conversation_id: UUID, message: NewMessage, answer: Any) -> None:
        """Take a message; `answer` (an asyncio or a concurrent future) gets its `Sent` or its `Refusal`."""
        item = Outgoing(sender_id, conversation_id, message, answer)
        if not self._arrived.put(item):
            _answer([(item, Refusal("unavailable", retry_after=1))])

    def send(self, sender_id: UUID, conversation_id: UUID, message: NewMessage) -> Sent:
        """`submit` and wait, for threads. Raises the `Refusal`."""
        answer: Future[Sent] = Future()
        self.submit(sender_id, conversation_id, message, answer)
        try:
            return answer.result(timeout=60)
        except TimeoutError:
            raise Refusal("unavailable", retry_after=1) from None

    def stop(self) -> None:
        """Write what has arrived, then end the threads and close their connections."""
        self._arrived.stop()
        self._late.stop()

    def _write_arrived(self, store: Store, items: list[Outgoing]) -> None:
        allowed, refused = _spend(items)
        batch = self._write(store, allowed, 0)
        if batch:
            self._write_later(batch.passed_over)
        if refused:
            _answer(on_living_connection(_repeats_among, refused))

    def _write_later(self, items: list[Outgoing]) -> None:
        """Somebody else holds a lock that these need: they wait for it where nobody waits for them."""
        _answer_unavailable([item for item in items if not self._late.put(item)])

    def _write_late(self, store: Store, items: list[Outgoing]) -> None:
        """Conversations that were locked: one by one, each waiting for its lock. Those still missing do not exist."""
        for group in _by_conversation(items):
            if batch := self._write(store, group, LOCK_WAIT_MS):
                _answer([(item, not_found()) for item in batch.passed_over])

    def _write(self, store: Store, items: list[Outgoing], wait_ms: int) -> Batch | None:
        """Write a batch; when it fails, each of its items alone, so that one bad message harms nobody."""
        if not items:
            return None
        try:
            # What was committed, but whose answer was lost with the connection, is found again by its client id.
            batch = on_living_connection(_written, store, items, wait_ms)
        except StillLocked:
            if wait_ms:
                _answer_unavailable(items)
            else:
                self._write_later(items)
            return None
        except (OperationalError, InterfaceError) as error:
            log.warning("write_unavailable", messages=len(items), reason=type(error).__name__)
            _answer_unavailable(items)
            raise
        except Exception as error:
            if len(items) == 1:
                log.error("write_failed", reason=repr(error)[:200])
                _answer([(items[0], Refusal("internal"))])
                return None
            for item in items:
                self._write(store, [item], wait_ms)
            return None
        _finish(batch)
        return batch


def _written(store: Store, items: list[Outgoing], wait_ms: int) -> Batch:
    batch = Batch(items, datetime.now(UTC))
    batch.write(store, wait_ms)
    return batch


def _answer_unavailable(items: list[Outgoing]) -> None:
    """Nothing is known to be stored: the senders try again, and that costs them nothing."""
    if items:
        limits.forgive([_limit_key(item) for item in items], settings.RATE_MESSAGES)
        _answer([(item, Refusal("unavailable", retry_after=1)) for item in items])


def _spend(items: list[Outgoing]) -> tuple[list[Outgoing], list[tuple[Outgoing, float]]]:
    """Spend the senders' allowances, all at once: who may, and who has to wait how many seconds."""
    waits = limits.hit([_limit_key(item) for item in items], settings.RATE_MESSAGES)
    allowed = [item for item, wait in zip(items, waits, strict=True) if not wait]
    return allowed, [(item, wait) for item, wait in zip(items, waits, strict=True) if wait]


def _limit_key(item: Outgoing) -> str:
    return f"messages:{item.sender_id.hex}"


def _repeats_among(refused: list[tuple[Outgoing, float]]) -> list[tuple[Outgoing, Sent | Refusal]]:
    """A retry is answered whatever the limits say; the others have to wait."""
    answers: list[tuple[Outgoing, Sent | Refusal]] = []
    for item, wait in refused:
        before = Message.objects.filter(sender_id=item.sender_id, client_id=item.client_id).first()
        if before is None:
            answers.append((item, Refusal("rate_limited", retry_after=round(wait, 3))))
        elif bytes(before.body_hash) != item.body_hash:
            answers.append((item, Refusal("idempotency_conflict")))
        else:
            answers.append((item, _as_it_is_now(item, before.id)))
    return answers


def _as_it_is_now(item: Outgoing, message_id: UUID) -> Sent | Refusal:
    """The answer to a retry: the message as it is now, if its sender still belongs there."""
    from_sender = Message.objects.shown().select_related("conversation").filter(id=message_id)
    message = from_sender.filter(
        conversation__memberships__user_id=item.sender_id, conversation__memberships__left_at__isnull=True
    ).first()
    if message is None:
        return not_found()
    return Sent(msgspec.json.encode(message_state(message, message.conversation.history)), True)


def _finish(batch: Batch) -> None:
    """After the commit: answer the senders and ring; then those who asked again."""
    _answer(batch.answers)
    ring(batch.rings)
    if batch.duplicates:
        limits.forgive([_limit_key(item) for item, _ in batch.duplicates], settings.RATE_MESSAGES)
        _answer([(item, on_living_connection(_as_it_is_now, item, id_)) for item, id_ in batch.duplicates])


def _answer(answers: Iterable[tuple[Outgoing, Sent | Refusal]]) -> None:
    """Resolve the senders' futures: threads' at once, each event loop's with a single wake-up."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Sent | Refusal]]] = defaultdict(list)
    for item, result in answers:
        if isinstance(item.answer, asyncio.Future):
            loops[item.answer.get_loop()].append((item.answer, result))
        else:
            _resolve([(item.answer, result)])
    for loop, resolved in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, resolved)


def _resolve(answers: list[tuple[Any, Sent | Refusal]]) -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, Refusal):
            future.set_exception(result)
        else:
            future.set_result(result)


def _by_conversation(items: list[Outgoing]) -> list[list[Outgoing]]:
    groups: dict[UUID, list[Outgoing]] = defaultdict(list)
    for item in items:
        groups[item.conversation_id].append(item)
    return list(groups.values())


class _Lane:
    """A thread that takes whatever has arrived, at most `BATCH` at once; started with the first item."""

    def __init__(self, name: str, work: Callable[[Store, list[Outgoing]], None]) -> None:
        self._name = name
        self._work = work
        self._items: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, item: Outgoing) -> bool:
        """Take an item; False when too much is waiting already."""
        if self._items.qsize() >= WAITING:
            return False
        self._items.put(item)
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        return True

    def stop(self) -> None:
        if self._thread:
            self._items.put(None)
            self._thread.join(timeout=10)
            self._thread = None

    def _take(self) -> tuple[list[Outgoing], bool]:
        """What has arrived, waiting for the first; and whether to stop after it."""
        items = [self._items.get()]
        while len(items) < BATCH and items[-1] is not None:
            try:
                items.append(self._items.get_nowait())
            except queue.Empty:
                break
        return [item for item in items if item is not None], items[-1] is None

    def _waiting(self) -> list[Outgoing]:
        """All that arrived meanwhile: it need not wait as long once more for a database that is away."""
        found = []
        for _ in range(self._items.qsize()):
            if (item := self._items.get()) is None:
                self._items.put(None)
                break
            found.append(item)
        return found

    def _run(self) -> None:
        store, stopping = open_store(), False
        try:
            while not stopping:
                items, stopping = self._take()
                try:
                    self._work(store, items)
                except Error as error:  # the connection is gone; what was not answered yet was not written
                    log.warning("writer_reconnects", reason=type(error).__name__)
                    _answer([(item, Refusal("unavailable", retry_after=1)) for item in [*items, *self._waiting()]])
                    connection.close()
                except Exception:
                    log.exception("writer_fault")
                    _answer([(item, Refusal("internal")) for item in items])
        finally:
            connection.close()


writer = Writer()
"""The writer of this process."""
