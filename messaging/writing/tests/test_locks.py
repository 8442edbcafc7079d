"""A conversation that another transaction has locked: waited for briefly in the batch, then beside it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from accounts import services as people
from accounts.models import User
from conversations.services import create_channel
from messaging.wire.writing import NewMessage
from messaging.writing.writer import BATCH_WAIT_MS, Writer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks the whole database"),
]


@pytest.fixture
def alice() -> User:
    return people.create_person(email="alice@example.org", username="alice", password="correct horse battery")


@pytest.fixture
def writer(settings) -> Iterator[Writer]:
    settings.RATE_MESSAGES = "1000/s"
    writer = Writer()
    yield writer
    writer.stop()


@contextmanager
def locked(conversation_id: UUID) -> Iterator[psycopg.Connection]:
    """Another process has locked the conversation, until the end or until it rolls back."""
    parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT 1 FROM conversations_conversation WHERE id = %s FOR UPDATE", [conversation_id])
        yield other


def test_a_lock_of_another_batch_is_waited_for(alice, writer) -> None:
    news, sport = (create_channel(alice, name=name, description="", history="all") for name in ("News", "Sport"))
    with locked(news.id) as other:
        threading.Timer(BATCH_WAIT_MS / 4000, other.rollback).start()
        answers = [submit(writer, alice, conversation.id) for conversation in (sport, news)]
        assert all(answer.result(10).message for answer in answers)
    assert threads(writer) == ["writer"]


def test_a_longer_lock_holds_up_a_batch_once_and_then_nobody_else(alice, writer) -> None:
    news, sport = (create_channel(alice, name=name, description="", history="all") for name in ("News", "Sport"))
    with locked(news.id) as other:
        waiting = submit(writer, alice, news.id)
        began = time.monotonic()
        assert submit(writer, alice, sport.id).result(10).message
        assert time.monotonic() - began > BATCH_WAIT_MS / 2000
        for _ in range(3):
            more = submit(writer, alice, news.id)
            began = time.monotonic()
            assert submit(writer, alice, sport.id).result(10).message
            assert time.monotonic() - began < BATCH_WAIT_MS / 1000
            assert not more.done()
        assert not waiting.done()
        other.rollback()
        assert waiting.result(10).message
        assert more.result(10).message
    assert threads(writer) == ["writer", "late-writer"]


def test_a_rollback_and_a_new_thread_leave_the_prepared_statements_usable(alice, writer) -> None:
    news = create_channel(alice, name="News", description="", history="all")
    for _ in range(4):  # psycopg prepares the look-up of members, and deallocates everything when it rolls back
        assert submit(writer, alice, news.id, "@bob").result(10).message
    for _ in range(2):
        with locked(news.id) as other:
            waiting = submit(writer, alice, news.id, "@bob")
            time.sleep(1.5 * BATCH_WAIT_MS / 1000)
            other.rollback()
        assert waiting.result(10).message
        assert submit(writer, alice, news.id, "@bob").result(10).message
        writer.stop()  # the pool may give its connection to the next one
    assert submit(writer, alice, news.id).result(10).message


def test_a_conversation_that_does_not_exist_is_not_found_at_once(alice, writer) -> None:
    with pytest.raises(Exception, match="not_found"):
        submit(writer, alice, alice.id).result(10)
    assert threads(writer) == ["writer"]


def submit(writer: Writer, sender: User, conversation_id: UUID, content: str = "Hello") -> Future:
    answer: Future = Future()
    writer.submit(sender.id, conversation_id, NewMessage(content=content), answer)
    return answer


def threads(writer: Writer) -> list[str]:
    return [each._thread.name for each in (writer._new_messages, writer._locked_messages) if each._thread]
