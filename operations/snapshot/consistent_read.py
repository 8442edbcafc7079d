"""Reading the database at one point in time, while others go on writing and wait for nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import IsolationLevel

from common.ids import uuid7


@contextmanager
def consistent_read(of: str = "default") -> Iterator[str]:
    """The alias of a new read-only connection that sees the database as it is now, whatever is written later."""
    alias = f"consistent-read-{uuid7().hex}"
    connection = connections[of].copy(alias)
    connection.settings_dict["OPTIONS"] = _options(connection)
    connections[alias] = connection  # for this thread alone
    try:
        with transaction.atomic(using=alias):
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM django_migrations LIMIT 1")  # the first query fixes the point in time
            yield alias
    finally:
        connection.close()
        del connections[alias]


def _options(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Without the pool, because its connections are used by others afterwards, and without SQLite's immediate
    transactions, which take the write lock."""
    given = connection.settings_dict["OPTIONS"]
    options = {key: value for key, value in given.items() if key not in ("pool", "transaction_mode")}
    if connection.vendor == "postgresql":
        read_only = f"{options.get('options', '')} -c default_transaction_read_only=on".strip()
        return {**options, "isolation_level": IsolationLevel.REPEATABLE_READ, "options": read_only}
    return {**options, "init_command": f"{options.get('init_command', '')} PRAGMA query_only=ON;"}
