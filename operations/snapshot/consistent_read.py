"""One moment of the database: what is written meanwhile is not seen, and nobody who writes waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import IsolationLevel

from chatproject.common.ids import uuid7


@contextmanager
def moment(of: str = "default") -> Iterator[str]:
    """The alias of a connection of its own that sees the database as it is now, and can only read."""
    alias = f"moment-{uuid7().hex}"
    connection = connections[of].copy(alias)
    connection.settings_dict["OPTIONS"] = _options(connection)
    connections[alias] = connection  # for this thread alone
    try:
        with transaction.atomic(using=alias):
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM django_migrations LIMIT 1")  # the moment is that of the first reading
            yield alias
    finally:
        connection.close()
        del connections[alias]


def _options(connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Without the pool, whose connections others use after us. SQLite's other transactions begin with its one lock."""
    given = connection.settings_dict["OPTIONS"]
    options = {key: value for key, value in given.items() if key not in ("pool", "transaction_mode")}
    if connection.vendor == "postgresql":
        read_only = f"{options.get('options', '')} -c default_transaction_read_only=on".strip()
        return {**options, "isolation_level": IsolationLevel.REPEATABLE_READ, "options": read_only}
    return {**options, "init_command": f"{options.get('init_command', '')} PRAGMA query_only=ON;"}
