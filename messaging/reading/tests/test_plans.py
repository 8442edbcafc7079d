"""PostgreSQL never scans all messages for what every connect asks, whether or not it has analyzed the tables."""

import json
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from psycopg import sql

from chatproject.tests.proving import PROVE
from conversations.models import Conversation, Membership
from messaging.reading.counts import counted_conversations
from messaging.reading.messages import MessageReader

CHATS, UNREAD = 200, 10
SHOWN = 40
MESSAGES = 10_000 * PROVE
PAGES_EACH = 20
"""How many pages may be touched for each row of the answer, once PostgreSQL has looked at the tables."""
FILL = """
    INSERT INTO messaging_message (id, conversation_id, seq, number, changed_seq, sender_id, client_id, body_hash,
        content_type, content, words, reply_count, mentions_all, edit_id, created_at)
    SELECT gen_random_uuid(), c.id, n, n, n, %s, c.id || ':' || n, '', 'text', 'Hello', '', 0, false, '', now()
    FROM conversations_conversation c, generate_series(1, %s) n"""


@pytest.fixture
def crowded(db, person, alice, bob):
    """alice has 200 conversations with ten unread messages each, among 10,000 memberships of others."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has neither a JIT nor guesses that change a plan")
    each = MESSAGES // CHATS
    chats = Conversation.objects.bulk_create(
        Conversation(kind="group", name=f"Room {n}", seq=each, message_count=each, active_at=timezone.now())
        for n in range(CHATS)
    )
    others = [person(f"member-{n}") for n in range(20)]
    Membership.objects.bulk_create(
        Membership(conversation=chat, user=user, last_read_seq=each - UNREAD, last_read_number=each - UNREAD)
        for chat in chats
        for user in (alice, *others)
    )
    with connection.cursor() as cursor:
        cursor.execute(FILL, [bob.id, each])
    return alice


@pytest.mark.search
@pytest.mark.parametrize("is_analyzed", [False, True])
def test_connecting_and_reading_go_by_indexes(crowded, is_analyzed: bool) -> None:
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    membership = Membership.objects.filter(user=crowded).select_related("conversation")[0]
    with Explained() as explained:
        counted = counted_conversations(crowded.id)
        assert len(MessageReader(membership).before(2**62, SHOWN)) == SHOWN
    assert [one.unread_count for one in counted] == [UNREAD] * CHATS
    for plan, rows in zip(explained.plans, (CHATS, SHOWN), strict=True):
        assert "JIT" not in plan
        assert "messaging_message" not in scanned(plan["Plan"])
        touched = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        assert touched < rows * PAGES_EACH or not is_analyzed


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no JIT")
def test_the_jit_is_off(db) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)


class Explained:
    """The plans of the statements that run meanwhile, as they were executed."""

    def __init__(self) -> None:
        self.plans: list[dict[str, Any]] = []

    def __enter__(self) -> "Explained":
        self._wrapped = connection.execute_wrapper(self._explain)
        self._wrapped.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._wrapped.__exit__(*error)

    def _explain(self, execute, statement, parameters, many, context):
        places = [f"${number + 1}" for number in range(len(parameters))]
        literals = ", ".join(sql.Literal(parameter).as_string(connection.connection) for parameter in parameters)
        with connection.connection.cursor() as cursor:
            cursor.execute(f"PREPARE explained AS {statement % tuple(places)}")  # the plan that all values share
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE explained({literals})")
            (found,) = cursor.fetchone()
            cursor.execute("DEALLOCATE explained")
        self.plans += json.loads(found) if isinstance(found, str) else found
        return execute(statement, parameters, many, context)


def scanned(node: dict[str, Any]) -> set[str]:
    """The tables that are read from their beginning to their end."""
    here = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return here.union(*map(scanned, node.get("Plans", ())))
