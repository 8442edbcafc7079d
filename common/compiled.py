"""Compiled queries: the reads of every request and every connect, compiled once instead of each time.

The ORM needs longer to build the SQL of a small read than the database needs to answer it. A compiled query is made
from an ordinary QuerySet: it selects what `live` and `in_view_of` select, and returns what the QuerySet would return.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Field, QuerySet, UUIDField, Value
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

T = TypeVar("T")


class Parameter(Value):
    """The place of a value: `filter(id=Parameter("id"))`. The field converts it for the database."""

    def __init__(self, name: str, field: Field[Any, Any] | None = None) -> None:
        super().__init__(name, output_field=field or UUIDField())

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"%s::{self.output_field.rel_db_type(connection)}", (self,)

    def bind(self, value: Any, connection: Any) -> Any:
        """The value as the database takes it."""
        return self.output_field.get_db_prep_value(value, connection)


class Parameters(Parameter):
    """The place of a list: `filter(id__in=Parameters("ids"))`."""

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "(SELECT value FROM json_each(%s))", (self,)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"ANY(%s::{self.output_field.rel_db_type(connection)}[])", (self,)

    def bind(self, value: Any, connection: Any) -> Any:
        found = [super(Parameters, self).bind(one, connection) for one in value]
        return found if connection.vendor == "postgresql" else json.dumps(found)


class CompiledQuery(Generic[T]):
    """`make` builds the QuerySet, with a `Parameter` for what differs between calls: `live_session(id=…, user=…)`.

    It is called once. Everything else in it stays the same, so it may contain neither a time nor a number other than 0
    and 1, such as a limit that a setting or a test changes: that raises `ValueError`.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, T]]) -> None:
        self._make = make

    def __call__(self, **values: Any) -> list[T]:
        """The rows for these values of the parameters."""
        return list(self._rows(values))

    def first(self, **values: Any) -> T | None:
        """The first row, None if there is none."""
        return next(self._rows(values), None)

    @cached_property
    def _compiled(self) -> tuple[QuerySet[Any, T], SQLCompiler, str, Sequence[Any]]:
        queryset = self._make()
        compiler = queryset.query.get_compiler(queryset.db)
        statement, parameters = compiler.as_sql()
        statement = statement.replace(" IN ANY(", " = ANY(")  # PostgreSQL looks it up in an index; a subquery it joins
        if any(_may_differ(value) for value in parameters):
            raise ValueError("A time or number in a compiled query would stay the same for ever. Make it a Parameter.")
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise ValueError("A compiled query is one query, without prefetch_related.")
        return queryset, compiler, statement, parameters

    def _rows(self, values: Mapping[str, Any]) -> Iterator[T]:
        queryset, compiler, statement, parameters = self._compiled
        connection = connections[queryset.db]
        if queryset.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("Rows are locked until a transaction ends, and there is none.")
        bound = [p.bind(values[p.value], connection) if isinstance(p, Parameter) else p for p in parameters]
        with getattr(connection, "prepared_cursor", connection.cursor)() as cursor:
            cursor.execute(statement, bound)
            found = cursor.fetchall()
        # Django's own iterables make the objects, of a query that has been executed.
        executed: Any = copy(compiler)
        executed.connection, executed.execute_sql = connection, lambda *_, **__: [found]
        query = SimpleNamespace(get_compiler=lambda *_, **__: executed)
        read: Any = SimpleNamespace(db=queryset.db, query=query, model=queryset.model, _known_related_objects={})
        rows: Iterator[T] = iter(queryset._iterable_class(read))  # type: ignore[attr-defined,call-overload]
        return rows


def _may_differ(value: object) -> bool:
    if isinstance(value, int | float):
        return value not in (0, 1)
    return bool(re.match(r"\d{4}-\d\d-\d\d", str(value)))
