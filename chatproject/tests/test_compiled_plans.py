"""No compiled query makes SQLite read a large table from its beginning to its end: they run for each request, or twice
a second. For PostgreSQL see `messaging/reading/tests/test_plans.py`."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from common.compiled import CompiledQuery
from conversations.models import Conversation, Membership
from messaging.models import Message

LARGE = {"messaging_message", "conversations_membership", "accounts_user", "accounts_session", "notifications_notice"}

pytestmark = pytest.mark.plain


def compiled_queries() -> Iterator[tuple[str, CompiledQuery[Any]]]:
    for config in apps.get_app_configs():
        if "site-packages" in config.path:
            continue
        for module in modules_in(config.module):
            for name, value in vars(module).items():
                if isinstance(value, CompiledQuery) and value._make.__module__ == module.__name__:
                    yield f"{module.__name__}.{name}", value


def modules_in(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not {"tests", "migrations", "conftest"} & set(found.name.split(".")):
            yield importlib.import_module(found.name)


QUERIES = dict(compiled_queries())


@pytest.fixture
def filled(db, person) -> None:
    """Some hundred messages in some groups, and what the database knows about them."""
    people = [person(f"member-{number}") for number in range(5)]
    groups = Conversation.objects.bulk_create(
        Conversation(kind="group", name=f"Room {n}", seq=40, message_count=40, active_at=timezone.now())
        for n in range(30)
    )
    Membership.objects.bulk_create(Membership(conversation=group, user=user) for group in groups for user in people)
    Message.objects.bulk_create(
        Message(
            conversation=group, seq=n, number=n, changed_seq=n, sender=people[n % 5], client_id=f"{group.id}{n}",
            body_hash=b"", content="Hello", created_at=timezone.now(),
        )
        for n in range(1, 41) for group in groups
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_the_queries_are_found() -> None:
    assert len(QUERIES) >= 28


def test_no_compiled_query_reads_a_large_table_from_its_beginning_to_its_end(filled) -> None:
    assert {name: found for name, query in QUERIES.items() if (found := scanned_by(query) & LARGE)} == {}


def scanned_by(query: CompiledQuery[Any]) -> set[str]:
    """The tables of which the query reads every row, or every entry of an index."""
    statement, parameters = query._compiled[2:]
    aliases = {alias: table for table, alias in re.findall(r'"(\w+)" ([A-Z]\d+)', statement)}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * len(parameters))
        steps = [row[3].split() for row in cursor.fetchall()]
    return {aliases.get(step[1], step[1]) for step in steps if step[0] == "SCAN"}
