"""The writer's statements: raw SQL for PostgreSQL and SQLite, with the same steps for both.

1. `begin` locks the conversations, in id order, and looks up what must be known, in a second statement: under READ
COMMITTED the snapshot of one statement for both would be older than the lock, and the message of a removed member would
be stored. 2. `insert` what was decided. 3. `commit`; most batches insert with it.
"""

from django.db import connection

from messaging.writing.store.postgres import PostgresStore
from messaging.writing.store.rows import Store
from messaging.writing.store.sqlite import SqliteStore


def open_store() -> Store:
    """The store for this thread's database connection."""
    return PostgresStore() if connection.vendor == "postgresql" else SqliteStore()
