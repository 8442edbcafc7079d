"""The database's connections: found dead before they are used, and waited for by commands."""

import select
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 10.0
"""Seconds for which a command waits for the database."""


class Unreachable(Exception):
    """The database does not answer. The message is a sentence for the person at the terminal."""


def drop_dead_connection() -> bool:
    """Close the connection that this thread keeps to PostgreSQL if the other end has gone, and say so: the next query
    opens another.

    Between queries the server says nothing unless it ends the connection, so this costs no round trip.
    """
    raw = connection.connection
    if connection.vendor != "postgresql" or raw is None or connection.in_atomic_block:
        return False
    is_dead = raw.closed or _has_news(raw.fileno())
    if is_dead:
        connection.close()
    return is_dead


def on_living_connection(deed: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `deed` returns. If it loses this thread's connection it is done again on another, so it must bear being
    repeated: it may have been committed, and only the answer was lost."""
    drop_dead_connection()
    try:
        return deed(*args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        if not drop_dead_connection():
            raise
        log.info("connection_lost", reason=type(error).__name__)
    return deed(*args, **kwargs)


def _has_news(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait_for_database() -> None:
    """Return when PostgreSQL answers; raises `Unreachable` with the driver's own words when it does not in time."""
    if connection.vendor != "postgresql":
        return
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(**connection.get_connection_params()).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or not _may_pass(str(error)):
                raise Unreachable(f"The database of DATABASE_URL does not answer: {_first_line(error)}.") from None
            time.sleep(0.5)
        else:
            return


def _may_pass(reason: str) -> bool:
    """Not a wrong password, nor a database that is not there."""
    return "FATAL" not in reason or "the database system is" in reason or "too many" in reason


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
