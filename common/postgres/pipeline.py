"""Several prepared statements in one round trip, straight through libpq.

psycopg's own pipeline does the same in Python, which takes twice as long as PostgreSQL needs to store a message.
"""

import select
from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

Statement = tuple[str, Sequence[bytes]]
"""SQL with places like `$1`, and what stands there, as PostgreSQL reads it."""
_numbers = count()
"""The statements' names are unique, because a connection may have had another `Pipeline` before."""
FAILED = {ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.PIPELINE_ABORTED}


class Pipeline:
    """The way to one connection. It prepares each statement when it first runs; there are only a few."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._libpq = raw.pgconn
        self._rows = Transformer(raw)
        self._names: dict[str, bytes] = {}
        self._ready = select.poll()

    def run(self, *statements: Statement) -> list[list[tuple[Any, ...]]]:
        """The rows of each statement. Raises the error of the first that fails; those after it do not run."""
        new = list(dict.fromkeys(sql for sql, _ in statements if sql not in self._names))
        names = self._names | {sql: b"pipeline_%d" % next(_numbers) for sql in new}
        self._libpq.enter_pipeline_mode()
        for sql in new:
            self._libpq.send_prepare(names[sql], sql.encode())
        for sql, values in statements:
            self._libpq.send_query_prepared(names[sql], values)
        self._libpq.pipeline_sync()
        self._send()
        results = self._receive(len(new) + len(statements))
        self._libpq.exit_pipeline_mode()
        for number, result in enumerate(results):
            if result.status in FAILED:
                error = error_from_result(result)
                if isinstance(error, InvalidSqlStatementName):  # somebody has deallocated them: prepare them again
                    self._names.clear()
                raise error
            if number < len(new):
                self._names[new[number]] = names[new[number]]
        return [self._read(result) for result in results[len(new) :]]

    def roll_back(self) -> None:
        """End the transaction. psycopg would deallocate all statements with it."""
        result = self._libpq.exec_(b"ROLLBACK")
        if result.status in FAILED:
            raise error_from_result(result)

    def _send(self) -> None:
        while self._libpq.flush():
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                self._libpq.consume_input()

    def _receive(self, most: int) -> list[PGresult]:
        """This many results, and the end of the pipeline. After each result but the last comes None."""
        results: list[PGresult] = []
        while len(results) <= most:
            while self._libpq.is_busy():
                self._wait(select.POLLIN)
                self._libpq.consume_input()
            if result := self._libpq.get_result():
                results.append(result)
            elif self._libpq.status == ConnStatus.BAD:
                raise psycopg.OperationalError("The connection was lost.")
        return results[:most]

    def _wait(self, events: int) -> int:
        self._ready.register(self._libpq.socket, events)
        ((_, happened),) = self._ready.poll()
        return happened

    def _read(self, result: PGresult) -> list[tuple[Any, ...]]:
        if not result.nfields:
            return []
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)
