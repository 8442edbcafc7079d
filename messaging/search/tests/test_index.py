"""The index: it is there after migrations, empty after deleting everything, and survives VACUUM."""

import sqlite3

import pytest
from django.core.management import call_command
from django.db import connection

from messaging.models import Message
from messaging.search import schema as search_schema
from messaging.search.tests.hits import contents


def test_migrations_that_alter_messages_end_with_the_search_index(transactional_db) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'message_words'")
            assert "USING gin (words)" in cursor.fetchone()[0]
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'messaging_message'")
            assert {name for (name,) in cursor.fetchall()} == search_schema.TRIGGERS.keys()


def test_deleting_all_messages_empties_the_index(alice_in_process) -> None:
    client, say = alice_in_process
    say("A plan")
    assert client.get("/api/v1/messages/search/?q=plan").json()["results"]
    call_command("flush", interactive=False)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM messaging_search_key")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM messaging_search WHERE messaging_search MATCH 'plan'")
            assert cursor.fetchone() == (0,)
    assert not Message.objects.exists()


def test_the_index_survives_vacuum(server, scene) -> None:
    alice, _, _, group = scene
    if "DATABASE_URL" in server.env:
        pytest.skip("PostgreSQL has no such numbers")
    sent = [alice.write(group, f"plan {n}") for n in range(5)]
    alice.call("DELETE", f"messages/{sent[1]['id']}/")
    with sqlite3.connect(server.data_dir / "chat.sqlite3", isolation_level=None) as other:
        other.execute("DELETE FROM messaging_message WHERE id = ?", [sent[1]["id"].replace("-", "")])
        other.execute("VACUUM")
    other.close()
    assert contents(alice, "plan") == ["plan 4", "plan 3", "plan 2", "plan 0"]
    assert contents(alice, "plan 3") == ["plan 3"]
