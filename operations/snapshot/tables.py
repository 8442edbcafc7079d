"""Rows as lines of JSON, the same on every database, and back."""

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

from messaging.words import WordsField, indexed

Model = type[models.Model]
CHUNK = 1000
LEFT_OUT = {
    "accounts.onetime": "codes and tickets, which live for minutes",
    "chatproject.backup": "what one installation knows of its own backups",
    "chatproject.hour": "messages by the hour, which the worker counts anew",
    "chatproject.personalexport": "archives that live for a week and can be asked for again",
    "chatproject.process": "the processes that serve at this moment",
    "media.arrival": "files that were on their way in at that moment",
    "notifications.push": "what telephones were about to be told",
    "sessions.session": "sign-ins to the console",
}
"""Tables that pass, and why nobody misses them."""
EPOCH = ("common.installation", "epoch")
"""The column that is another in the new place: positions that clients hold from the old one mean nothing there."""
TASKS = "django_tasks_database.dbtaskresult"
WAITING = Q(status__in=["READY", "RUNNING"]) & ~Q(
    task_path__regex=r"^chatproject\.(backups|personal_export)\.|\.send_mail$"
)
"""Tasks that are still to be done. A mail with a code, or a backup, that comes days late helps nobody."""
ORDER = {"messaging.message": ("conversation_id", "seq")}
"""By which a table is read where it is not its key: so that a reply stands behind what it answers."""
EXACT_FLOAT = 1e16


class Table(NamedTuple):
    """A table: its name (`messaging.message`), its model, and the columns that are written down."""

    name: str
    model: Model
    fields: tuple[Any, ...]

    def rows(self, database: str) -> models.QuerySet[Any]:
        """Its rows in an order that is the same on every database."""
        rows = self.model._base_manager.using(database).order_by(*ORDER.get(self.name, ("pk",)))
        return rows.filter(WAITING) if self.name == TASKS else rows

    def lines(self, database: str) -> Iterator[bytes]:
        """Its rows, each a line of JSON."""
        names = [field.attname for field in self.fields]
        json_at = [at for at, field in enumerate(self.fields) if isinstance(field, models.JSONField)]
        encode = msgspec.json.Encoder(order="sorted").encode
        for row in self.rows(database).values_list(*names).iterator(CHUNK):
            if any(row[at] is not None for at in json_at):
                row = [_plain(value) if at in json_at else value for at, value in enumerate(row)]
            yield encode(dict(zip(names, row, strict=True))) + b"\n"

    def insert(self, lines: Iterable[bytes]) -> int:
        """Store the rows that these lines tell of, and return how many. The ORM would take three times as long."""
        columns = [(field.column, field.attname, _writer(field)) for field in self.fields]
        others = [field for field in self.model._meta.concrete_fields if field not in self.fields]
        decode, rows = msgspec.json.Decoder().decode, []
        for line in lines:
            told = decode(line)
            rows.append([write(told[name]) for _, name, write in columns] + [_made(field, told) for field in others])
        if rows:
            names = [name for name, *_ in columns] + [field.column for field in others]
            _insert(self.model._meta.db_table, names, rows)
        return len(rows)


def tables(apps: Apps) -> list[Table]:
    """All tables whose rows are kept, each behind those that its rows refer to."""
    found = {
        model._meta.label_lower: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    }
    placed: dict[str, Table] = {}
    while len(placed) < len(found):
        ready = [name for name in sorted(found.keys() - placed.keys()) if _needs(found[name]) <= placed.keys()]
        if not ready:
            raise ValueError(f"These tables refer to one another: {sorted(found.keys() - placed.keys())}")
        placed |= {name: Table(name, found[name], _fields(found[name])) for name in ready}
    return list(placed.values())


def _needs(model: Model) -> set[str]:
    referred = {field.related_model for field in model._meta.concrete_fields if field.related_model}
    return {other._meta.label_lower for other in referred} - {model._meta.label_lower} - LEFT_OUT.keys()


def _fields(model: Model) -> tuple[Any, ...]:
    """Without the words that messages are found by, which are made anew, and the epoch."""
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, WordsField) and (model._meta.label_lower, field.name) != EPOCH
    )


def _plain(value: Any) -> Any:
    """JSON as every database keeps it. PostgreSQL's has no exponents, so that 1e16 comes back as a whole number, and no
    negative zero."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) >= EXACT_FLOAT else value + 0.0
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _insert(table: str, columns: list[str], rows: list[list[Any]]) -> None:
    """In one statement where each takes a way to the database."""
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES "  # noqa: S608 - names of ours
    row = f"({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(into + ", ".join([row] * len(rows)), list(chain.from_iterable(rows)))
        else:
            cursor.executemany(into + row, rows)


def _made(field: Any, told: dict[str, Any]) -> Any:
    """The value of a column that is not written down."""
    value = indexed(told["content"]) if isinstance(field, WordsField) else field.get_default()
    return field.get_db_prep_save(value, connection)


def _writer(field: Any) -> Callable[[Any], Any]:
    """How the database's value of this column is made of what stands in JSON."""
    target = field
    while target.remote_field:
        target = target.target_field
    if isinstance(target, models.JSONField) and not target.null:  # then null is JSON's own
        return lambda value: target.get_db_prep_value(value, connection)
    read = next((read for kind, read in READERS.items() if isinstance(target, kind)), _same)
    return lambda value: None if value is None else target.get_db_prep_save(read(value), connection)


def _same(value: Any) -> Any:
    return value


READERS: dict[type[models.Field[Any, Any]], Callable[[Any], Any]] = {
    models.UUIDField: UUID,
    models.DateTimeField: datetime.fromisoformat,
    models.TimeField: time.fromisoformat,
    models.BinaryField: base64.b64decode,
}


def compact(value: Any) -> bytes:
    """A value as one line of JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
