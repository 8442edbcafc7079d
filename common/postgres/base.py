"""A PostgreSQL backend that replaces dead pooled connections. Django looks for `DatabaseWrapper` in a module `base`."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.datetime import TimestamptzLoader

from common.database import is_dead


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """The statement, for whoever records queries. The driver has forgotten that of a prepared one."""
        return super().last_executed_query(cursor, sql, params) or str(sql)


class UtcLoader(Loader):
    """Reads `timestamptz` in a fifth of the time of Django's, which is in Python: a page of conversations has hundreds.
    Our connections are in UTC."""

    timezone = UTC

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # infinite, or before our era
            return TimestamptzLoader(self.oid, self.connection).load(data)


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes sure that a connection from the pool is alive. If one has died, the others may have too, so the whole pool
    is checked at once. The pool's own check would try them one by one, with pauses of seconds."""

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        raw: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        while is_dead(raw):
            raw.close()  # the pool would take it for a good one, and give it to whoever waits
            self.pool.putconn(raw)
            self.pool.check()
            raw = super().get_new_connection(conn_params)
        return raw

    def _configure_connection(self, connection: psycopg.Connection[Any]) -> bool:
        """Called once for each new connection. The JIT takes up to thirty times as long as the reads that it is to
        speed up, and planning a read again for each value three times as long as the read. These are no startup
        options, because PgBouncer refuses those."""
        connection.execute("SET jit = off; SET plan_cache_mode = force_generic_plan")
        connection.adapters.register_loader("timestamptz", UtcLoader)
        super()._configure_connection(connection)  # type: ignore[misc]
        return True  # to be committed, where there is no pool

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor whose statements PostgreSQL plans once per connection: it binds on the server, unlike Django's."""
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor: CursorWrapper = self._prepare_cursor(psycopg.Cursor(self.connection))  # type: ignore[attr-defined]
        return cursor
