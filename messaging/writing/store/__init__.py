"""The writer's statements: raw SQL for PostgreSQL and SQLite, with the same four steps for both.

1. `lock` the conversations, in id order. 2. `look_up`, on a fresh snapshot: in one statement under READ COMMITTED the
snapshot would be older than the lock, and the message of a removed member would be stored. 3. `insert` what was
decided. 4. The transaction ends.
"""

from django.db import connection

from messaging.writing.store.postgres import PostgresStore
from messaging.writing.store.rows import Store
from messaging.writing.store.sqlite import SqliteStore


def open_store() -> Store:
    """The store for this thread's database connection."""
    return PostgresStore() if connection.vendor == "postgresql" else SqliteStore()
