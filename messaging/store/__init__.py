"""The writer's statements: raw SQL for PostgreSQL and SQLite, the same four steps for both.

1. `lock` the conversations, in id order. 2. `look`, on a fresh snapshot: in one statement under READ COMMITTED the
snapshot would be older than the lock, so that a removed member's message went in. 3. `keep` what was decided.
4. The transaction ends.
"""

from django.db import connection

from messaging.store.postgres import PostgresStore
from messaging.store.rows import Store
from messaging.store.sqlite import SqliteStore


def open_store() -> Store:
    """The store of this thread's connection, whichever that is when a transaction begins."""
    return PostgresStore() if connection.vendor == "postgresql" else SqliteStore()
