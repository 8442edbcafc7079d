"""The log is complete whenever it is read, even if something is committed while it is read."""

import threading
from collections.abc import Iterator
from uuid import UUID

import msgspec
import pytest
from django.db import connection, connections

from accounts import services as people
from conversations.services import create_group
from messaging.reading.log import read_log
from messaging.services import edit_message, send_message
from messaging.wire.writing import MessageChange, NewMessage
from messaging.writing.writer import writer


@pytest.fixture
def alice(transactional_db) -> Iterator:
    yield people.create_person(email="alice@example.org", username="alice", password="correct horse battery")
    writer.stop()


def test_a_commit_between_the_queries_leaves_no_gap(alice) -> None:
    group = create_group(alice, name="g", description="", member_ids=[], history="all", members_can_invite=False)

    def say(text: str) -> UUID:
        sent = send_message(alice, conversation_id=group.id, message=NewMessage(content=text))
        return UUID(msgspec.json.decode(sent.message)["id"])

    first = say("first")
    wrote: list[str] = []

    def write() -> None:
        say("second")
        edit_message(alice, message_id=first, change=MessageChange("edited"))
        wrote.append("both")
        connections.close_all()

    def after_the_messages(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "messaging_message" in sql and not wrote:
            meanwhile = threading.Thread(target=write)
            meanwhile.start()
            meanwhile.join()
        return result

    with connection.execute_wrapper(after_the_messages):
        seen = [entry.seq for entry in read_log(group.id, after=0)]

    assert wrote == ["both"]
    assert seen == list(range(1, len(seen) + 1))
    assert [entry.seq for entry in read_log(group.id, after=0)] == [1, 2, 3, 4]
