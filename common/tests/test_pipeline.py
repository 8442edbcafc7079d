"""Statements in one round trip, on a real PostgreSQL."""

import os
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from common.postgres.pipeline import Pipeline

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no round trips")


@pytest.fixture
def raw(db) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as raw:
        yield raw


def test_each_statement_has_its_rows(raw) -> None:
    pipeline = Pipeline(raw)
    for number in (1, 2):  # the second time they are prepared
        found = pipeline.run(
            ("BEGIN", ()),
            ("SELECT $1::int, NULL::text, gen_random_uuid() IS NULL", [b"%d" % number]),
            ("SELECT n FROM generate_series(1, $1::int) n", [b"3"]),
            ("COMMIT", ()),
        )
        assert found == [[], [(number, None, False)], [(1,), (2,), (3,)], []]


def test_the_first_error_is_raised_and_the_connection_goes_on(raw) -> None:
    pipeline = Pipeline(raw)
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            pipeline.run(("SELECT 1", ()), ("SELECT 1 / $1::int", [b"0"]), ("SELECT 2", ()))
        raw.rollback()
    with pytest.raises(psycopg.errors.UndefinedTable):
        pipeline.run(("SELECT 3", ()), ("SELECT * FROM nowhere", ()), ("SELECT 4", ()))
    raw.rollback()
    assert pipeline.run(("SELECT 3", ()), ("SELECT 4", ())) == [[(3,)], [(4,)]]


def test_statements_that_others_deallocated_are_prepared_again(raw) -> None:
    first, second = Pipeline(raw), Pipeline(raw)
    for pipeline in (first, second):  # one connection, two of them
        assert pipeline.run(("SELECT 1", ())) == [[(1,)]]
    raw.execute("DEALLOCATE ALL")
    raw.commit()
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        first.run(("SELECT 1", ()))
    first.roll_back()
    assert first.run(("SELECT 1", ())) == [[(1,)]]


def test_a_statement_larger_than_the_buffers_arrives(raw) -> None:
    text = os.urandom(10_000_000).hex()
    assert Pipeline(raw).run(("SELECT $1::text", [text.encode()]), ("SELECT 1", ())) == [[(text,)], [(1,)]]


def test_a_connection_that_is_lost_raises(raw) -> None:
    def end() -> None:
        with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [raw.info.backend_pid])

    threading.Timer(0.3, end).start()
    with pytest.raises(psycopg.OperationalError):
        Pipeline(raw).run(("SELECT pg_sleep(30)", ()), ("SELECT 1", ()))
    with pytest.raises(psycopg.OperationalError):
        Pipeline(raw).run(("SELECT 1", ()))
