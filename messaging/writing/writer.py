"""Group commit: messages that arrive while a batch is being committed go into the next batch together.

One thread per process writes. Batches of other processes lock the same conversations, and are waited for. Messages to a
conversation that stays locked go to a second thread, so that no other message waits for that lock. A sender gets `Sent`
only after the commit that stores the message.
"""

import asyncio
import queue
import threading
import time
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

from common import limits
from common.database import run_on_live_connection
from common.errors import Refusal, not_found
from common.publish import publish
from messaging.models import Message
from messaging.wire.messages import message_state
from messaging.wire.writing import NewMessage
from messaging.writing.batch import Batch
from messaging.writing.outgoing import Outgoing, Sent
from messaging.writing.store import open_store
from messaging.writing.store.rows import LockTimeout, Store

logger = structlog.get_logger(__name__)

BATCH_SIZE = 256
QUEUE_SIZE = 5000
SKIP_LOCKED = 0
BATCH_WAIT_MS = 250
"""How long a batch waits for a lock: longer than the batches of some other processes take."""
LOCK_WAIT_MS = 2000
"""How long the second thread waits for a lock."""


class Writer:
    """Takes messages from any thread or event loop, writes them in batches and answers each one."""

    def __init__(self) -> None:
        self._new_messages = _WriterThread("writer", self._write_new)
        self._locked_messages = _WriterThread("late-writer", self._write_locked)
        self._locked_until: dict[UUID, float] = {}

    def submit(self, sender_id: UUID, conversation_id: UUID, message: NewMessage, answer: Any) -> None:
        """Queue a message; `answer` (an asyncio or concurrent future) gets its `Sent` or its `Refusal`."""
        item = Outgoing(sender_id, conversation_id, message, answer)
        if not self._new_messages.put(item):
            _resolve_answers([(item, Refusal("unavailable", retry_after=1))])

    def send(self, sender_id: UUID, conversation_id: UUID, message: NewMessage) -> Sent:
        """Submit a message and block until it is answered. Raises the `Refusal`."""
        answer: Future[Sent] = Future()
        self.submit(sender_id, conversation_id, message, answer)
        try:
            return answer.result(timeout=60)
        except TimeoutError:
            raise Refusal("unavailable", retry_after=1) from None

    def stop(self) -> None:
        """Write what is queued, then end the threads and close their connections."""
        self._new_messages.stop()
        self._locked_messages.stop()

    def _write_new(self, store: Store, items: list[Outgoing]) -> None:
        allowed, refused = _spend_allowances(items)
        self._locked_until = {id_: until for id_, until in self._locked_until.items() if until > time.monotonic()}
        self._queue_locked([item for item in allowed if item.conversation_id in self._locked_until])
        self._write(store, [item for item in allowed if item.conversation_id not in self._locked_until], BATCH_WAIT_MS)
        if refused:
            _resolve_answers(run_on_live_connection(_answer_rate_limited, refused))

    def _queue_locked(self, items: list[Outgoing]) -> None:
        """Hand messages whose conversation is locked to the second thread, which waits for the lock."""
        _answer_unavailable([item for item in items if not self._locked_messages.put(item)])

    def _write_locked(self, store: Store, items: list[Outgoing]) -> None:
        """Write to conversations that were locked, one at a time, waiting for each lock."""
        for group in _group_by_conversation(items):
            self._write(store, group, LOCK_WAIT_MS)

    def _write(self, store: Store, items: list[Outgoing], wait_ms: int) -> None:
        """Write a batch. If it fails, write each of its messages alone, so that one bad message fails alone."""
        if not items:
            return
        try:
            # If the connection breaks after a commit, the retry finds the stored message by its client id.
            batch = run_on_live_connection(_write_batch, store, items, wait_ms)
        except LockTimeout:
            if wait_ms == BATCH_WAIT_MS:
                self._write(store, items, SKIP_LOCKED)
            elif wait_ms == SKIP_LOCKED:
                self._queue_locked(items)
            else:
                _answer_unavailable(items)
        except (OperationalError, InterfaceError) as error:
            logger.warning("write_unavailable", messages=len(items), reason=type(error).__name__)
            _answer_unavailable(items)
            raise
        except Exception as error:
            if len(items) == 1:
                logger.error("write_failed", reason=repr(error)[:200])
                _resolve_answers([(items[0], Refusal("internal"))])
            else:
                for item in items:
                    self._write(store, [item], wait_ms)
        else:
            _finish_batch(batch)
            if wait_ms == SKIP_LOCKED:
                # Later messages follow them for as long as that thread may wait, instead of being waited for again.
                until = time.monotonic() + LOCK_WAIT_MS / 1000
                self._locked_until |= {item.conversation_id: until for item in batch.skipped}
                self._queue_locked(batch.skipped)
            else:  # what is still not found does not exist
                _resolve_answers([(item, not_found()) for item in batch.skipped])


def _write_batch(store: Store, items: list[Outgoing], wait_ms: int) -> Batch:
    batch = Batch(items, datetime.now(UTC))
    batch.write(store, wait_ms)
    return batch


def _answer_unavailable(items: list[Outgoing]) -> None:
    """Ask the senders to try again, and give them back the allowance they spent."""
    if items:
        limits.forgive([_limit_key(item) for item in items], settings.RATE_MESSAGES)
        _resolve_answers([(item, Refusal("unavailable", retry_after=1)) for item in items])


def _spend_allowances(items: list[Outgoing]) -> tuple[list[Outgoing], list[tuple[Outgoing, float]]]:
    """Spend the senders' allowances in one call: the messages to write, and the refused with their seconds to wait."""
    waits = limits.hit([_limit_key(item) for item in items], settings.RATE_MESSAGES)
    allowed = [item for item, wait in zip(items, waits, strict=True) if not wait]
    return allowed, [(item, wait) for item, wait in zip(items, waits, strict=True) if wait]


def _limit_key(item: Outgoing) -> str:
    return f"messages:{item.sender_id.hex}"


def _answer_rate_limited(refused: list[tuple[Outgoing, float]]) -> list[tuple[Outgoing, Sent | Refusal]]:
    """The answers to messages over the limit: a retry gets its stored message, anything else has to wait."""
    answers: list[tuple[Outgoing, Sent | Refusal]] = []
    for item, wait in refused:
        before = Message.objects.filter(sender_id=item.sender_id, client_id=item.client_id).first()
        if before is None:
            answers.append((item, Refusal("rate_limited", retry_after=round(wait, 3))))
        elif bytes(before.body_hash) != item.body_hash:
            answers.append((item, Refusal("idempotency_conflict")))
        else:
            answers.append((item, _repeated_answer(item, before.id)))
    return answers


def _repeated_answer(item: Outgoing, message_id: UUID) -> Sent | Refusal:
    """The answer to a retry: the message as it is now, if its sender is still a member."""
    stored = Message.objects.shown().select_related("conversation").filter(id=message_id)
    message = stored.filter(
        conversation__memberships__user_id=item.sender_id, conversation__memberships__left_at__isnull=True
    ).first()
    if message is None:
        return not_found()
    return Sent(msgspec.json.encode(message_state(message, message.conversation.history)), True)


def _finish_batch(batch: Batch) -> None:
    """After the commit: answer the senders and publish, then answer the retries."""
    _resolve_answers(batch.answers)
    publish(batch.publications)
    if batch.duplicates:
        limits.forgive([_limit_key(item) for item, _ in batch.duplicates], settings.RATE_MESSAGES)
        _resolve_answers(
            [(item, run_on_live_connection(_repeated_answer, item, id_)) for item, id_ in batch.duplicates]
        )


def _resolve_answers(answers: Iterable[tuple[Outgoing, Sent | Refusal]]) -> None:
    """Resolve the senders' futures: those of threads directly, those of an event loop with a single wake-up."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Sent | Refusal]]] = defaultdict(list)
    for item, result in answers:
        if isinstance(item.answer, asyncio.Future):
            loops[item.answer.get_loop()].append((item.answer, result))
        else:
            _resolve_futures([(item.answer, result)])
    for loop, resolved in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve_futures, resolved)


def _resolve_futures(answers: list[tuple[Any, Sent | Refusal]]) -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, Refusal):
            future.set_exception(result)
        else:
            future.set_result(result)


def _group_by_conversation(items: list[Outgoing]) -> list[list[Outgoing]]:
    groups: dict[UUID, list[Outgoing]] = defaultdict(list)
    for item in items:
        groups[item.conversation_id].append(item)
    return list(groups.values())


class _WriterThread:
    """A queue and the thread that empties it, up to `BATCH_SIZE` messages at a time; it starts with the first one."""

    def __init__(self, name: str, work: Callable[[Store, list[Outgoing]], None]) -> None:
        self._name = name
        self._work = work
        self._items: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, item: Outgoing) -> bool:
        """Queue a message; False if the queue is full."""
        if self._items.qsize() >= QUEUE_SIZE:
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

    def _take_batch(self) -> tuple[list[Outgoing], bool]:
        """The next messages, after waiting for the first one, and whether to stop after them."""
        items = [self._items.get()]
        while len(items) < BATCH_SIZE and items[-1] is not None:
            try:
                items.append(self._items.get_nowait())
            except queue.Empty:
                break
        return [item for item in items if item is not None], items[-1] is None

    def _drain(self) -> list[Outgoing]:
        """Take everything that is queued. These messages need not wait for the same broken database in turn."""
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
                items, stopping = self._take_batch()
                try:
                    self._work(store, items)
                except Error as error:  # the connection broke; what was not answered was not written
                    logger.warning("writer_reconnects", reason=type(error).__name__)
                    _resolve_answers(
                        [(item, Refusal("unavailable", retry_after=1)) for item in [*items, *self._drain()]]
                    )
                    connection.close()
                    store = open_store()  # whoever gets that connection from the pool may deallocate its statements
                except Exception:
                    logger.exception("writer_fault")
                    _resolve_answers([(item, Refusal("internal")) for item in items])
        finally:
            connection.close()


writer = Writer()
"""The writer of this process."""
