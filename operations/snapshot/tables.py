"""Tables as lines of JSON, identical on every database, and back into rows."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.apps.registry import Apps
from django.db import connection, models
from django.db.models import Q

from messaging.models.search_terms import SearchTermsField, index_search_terms

Model = type[models.Model]
CHUNK = 1000
EXCLUDED = {
    "accounts.onetime": "codes and tickets that expire within minutes",
    "chatproject.backup": "backups of this installation",
    "chatproject.hour": "messages per hour, which the worker counts again",
    "chatproject.personalexport": "archives that expire within a week and can be requested again",
    "chatproject.process": "the processes that are running now",
    "media.arrival": "uploads in progress",
    "notifications.push": "pushes that are about to be sent",
    "sessions.session": "sign-ins to the console",
}
"""Tables that are not part of a snapshot, and what they hold."""
EPOCH = ("common.installation", "epoch")
"""The column that is not loaded: a new installation gets a new epoch, so clients discard the positions they hold."""
TASKS = "django_tasks_database.dbtaskresult"
UNFINISHED_TASKS = Q(status__in=["READY", "RUNNING"]) & ~Q(
    task_path__regex=r"^(chatproject|operations)\.(backups|personal_export)\.|\.send_mail$"
)
"""Tasks that are still to be done, except mails and backups, which are useless days later."""
ORDER = {"messaging.message": ("conversation_id", "seq")}
"""The order of tables that are not read by primary key: a reply must come after the message that it answers."""
EXACT_FLOAT = 1e16


class Table(NamedTuple):
    """A table: its name (`messaging.message`), its model, and the columns that are exported."""

    name: str
    model: Model
    fields: tuple[Any, ...]

    def rows(self, database: str) -> models.QuerySet[Any]:
        """The rows, in an order that is the same on every database."""
        rows = self.model._base_manager.using(database).order_by(*ORDER.get(self.name, ("pk",)))
        return rows.filter(UNFINISHED_TASKS) if self.name == TASKS else rows

    def lines(self, database: str) -> Iterator[bytes]:
        """The rows, each as a line of JSON."""
        names = [field.attname for field in self.fields]
        json_at = [at for at, field in enumerate(self.fields) if isinstance(field, models.JSONField)]
        encode = msgspec.json.Encoder(order="sorted").encode
        for row in self.rows(database).values_list(*names).iterator(CHUNK):
            if any(row[at] is not None for at in json_at):
                row = [_normalize_json(value) if at in json_at else value for at, value in enumerate(row)]
            yield encode(dict(zip(names, row, strict=True))) + b"\n"

    def insert(self, lines: Iterable[bytes]) -> int:
        """Insert the rows in these lines, and return their number. The ORM would take three times as long."""
        columns = [(field.column, field.attname, _value_converter(field)) for field in self.fields]
        others = [field for field in self.model._meta.concrete_fields if field not in self.fields]
        decode, rows = msgspec.json.Decoder().decode, []
        for line in lines:
            values = decode(line)
            exported = [convert(values[name]) for _, name, convert in columns]
            rows.append(exported + [_computed_value(field, values) for field in others])
        if rows:
            names = [name for name, *_ in columns] + [field.column for field in others]
            _insert(self.model._meta.db_table, names, rows)
        return len(rows)


def tables(apps: Apps) -> list[Table]:
    """All tables of a snapshot, each after those that its rows refer to."""
    found = {
        model._meta.label_lower: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in EXCLUDED
    }
    ordered: dict[str, Table] = {}
    while len(ordered) < len(found):
        rest = sorted(found.keys() - ordered.keys())
        ready = [name for name in rest if _dependencies(found[name]) <= ordered.keys()]
        if not ready:
            raise ValueError(f"These tables refer to one another: {rest}")
        ordered |= {name: Table(name, found[name], _exported_fields(found[name])) for name in ready}
    return list(ordered.values())


def _dependencies(model: Model) -> set[str]:
    referred = {field.related_model for field in model._meta.concrete_fields if field.related_model}
    return {other._meta.label_lower for other in referred} - {model._meta.label_lower} - EXCLUDED.keys()


def _exported_fields(model: Model) -> tuple[Any, ...]:
    """All but the search terms, which are computed from the content, and the epoch."""
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, SearchTermsField) and (model._meta.label_lower, field.name) != EPOCH
    )


def _normalize_json(value: Any) -> Any:
    """JSON as every database returns it. PostgreSQL returns 1e16 as an integer, because its JSON has no exponents, and
    has no negative zero."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) >= EXACT_FLOAT else value + 0.0
    if isinstance(value, list):
        return [_normalize_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _normalize_json(item) for key, item in value.items()}
    return value


def _insert(table: str, columns: list[str], rows: list[list[Any]]) -> None:
    """On PostgreSQL in a single statement, because each one costs a round trip."""
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES "  # noqa: S608 - names of ours
    row = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(into + ", ".join([row] * len(rows)), list(chain.from_iterable(rows)))
        else:
            cursor.executemany(into + row, rows)


def _computed_value(field: Any, values: dict[str, Any]) -> Any:
    """The value of a column that is not exported."""
    value = index_search_terms(values["content"]) if isinstance(field, SearchTermsField) else field.get_default()
    return field.get_db_prep_save(value, connection)


def _value_converter(field: Any) -> Callable[[Any], Any]:
    """A function that turns this column's JSON value into its database value."""
    target = field
    while target.remote_field:
        target = target.target_field
    if isinstance(target, models.JSONField) and not target.null:  # then null is a JSON value, not SQL NULL
        return lambda value: target.get_db_prep_value(value, connection)
    parse = next((parse for kind, parse in PARSERS.items() if isinstance(target, kind)), _same)
    return lambda value: None if value is None else target.get_db_prep_save(parse(value), connection)


def _same(value: Any) -> Any:
    return value


PARSERS: dict[type[models.Field[Any, Any]], Callable[[Any], Any]] = {
    models.UUIDField: UUID,
    models.DateTimeField: datetime.fromisoformat,
    models.TimeField: time.fromisoformat,
    models.BinaryField: base64.b64decode,
}


def compact(value: Any) -> bytes:
    """A value as one line of JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
