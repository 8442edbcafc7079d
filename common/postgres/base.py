"""Where Django looks for a backend's `DatabaseWrapper`."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that comes from the pool lives. Where one has died, the others may have as well: the pool looks at
    all that it has. Its own check hands them out one by one, with pauses of seconds between them."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        raw: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        while not self._lives(raw):
            self.pool.putconn(raw)
            self.pool.check()
            raw = super().get_new_connection(conn_params)
        return raw

    def _lives(self, raw: psycopg.Connection[Any]) -> bool:
        if self.pool is None:  # it was opened a moment ago
            return True
        try:
            self.pool.check_connection(raw)
        except psycopg.Error:
            return False
        return True
