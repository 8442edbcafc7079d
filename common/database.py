"""Database connections: dead ones are closed before they are used, and commands wait for the database to start."""

import select
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection

logger = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MAX_WAIT = 10.0
"""How many seconds a command waits for the database."""


class DatabaseUnreachable(Exception):
    """The database does not answer. The message is a sentence for the operator at the terminal."""


def close_dead_connection() -> bool:
    """Close this thread's connection to PostgreSQL if the server has ended it; the next query opens a new one. Returns
    whether it was dead."""
    raw = connection.connection
    if connection.vendor != "postgresql" or raw is None or connection.in_atomic_block or not is_dead(raw):
        return False
    connection.close()
    return True


def is_dead(raw: psycopg.Connection[Any]) -> bool:
    """Whether PostgreSQL has ended this connection, on which no query runs. It sends nothing between queries, except
    when it ends the connection, so this needs no round trip."""
    return raw.closed or _has_input(raw.fileno())


def run_on_live_connection(action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `action` and return its result. If this thread's connection is lost meanwhile, `action` is called again on a
    new one. It must be safe to repeat: the first call may have been committed and only its response lost."""
    close_dead_connection()
    try:
        return action(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        if not close_dead_connection():
            raise
        logger.info("connection_lost", reason=type(error).__name__)
    return action(*args, **kwargs)


def _has_input(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait_for_database() -> None:
    """Return as soon as PostgreSQL answers. Raises `DatabaseUnreachable`, with the driver's message, if it does not."""
    if connection.vendor != "postgresql":
        return
    deadline = time.monotonic() + MAX_WAIT
    while True:
        try:
            psycopg.connect(**connection.get_connection_params()).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not _may_pass(str(error)):
                raise DatabaseUnreachable(
                    f"The database at DATABASE_URL does not answer: {_first_line(error)}."
                ) from None
            time.sleep(0.5)
        else:
            return


def _may_pass(reason: str) -> bool:
    """Whether waiting may help: not with a wrong password or a missing database."""
    return "FATAL" not in reason or "the database system is" in reason or "too many" in reason


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
