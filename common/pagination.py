"""Keyset pagination: an opaque cursor holds the ordering values of the first or last row, never an offset.

Cursors are signed for their list, because their values go into a query.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from common.api import int_of
from common.compiled import CompiledQuery, Parameter
from common.errors import invalid

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


class CompiledRows(NamedTuple):
    """Rows for `page` whose pages are compiled: what makes their QuerySet, and the values of its parameters."""

    make: Callable[[], QuerySet[Any]]
    values: Mapping[str, Any]


def page(
    request: Request,
    rows: QuerySet[Any] | CompiledRows,
    *,
    order: Sequence[str],
    show: Callable[[list[Any]], list[Any]],
    most: int = MAX_LIMIT,
) -> dict[str, Any]:
    """One page as `{"results", "next", "previous"}`.

    `order` is the key, written as for `order_by`; its last field must be unique. `show` converts the rows to what is
    sent.
    """
    limit = int_of(request, "limit", DEFAULT_LIMIT, 1, most) or DEFAULT_LIMIT
    backwards, key = _read_cursor(request)
    directed = [_flip(field) for field in order] if backwards else list(order)
    found = _read(rows, tuple(directed), key, limit + 1)
    more, found = len(found) > limit, found[:limit]
    if backwards:
        found.reverse()
    before, after = (more, True) if backwards else (key is not None, more)
    return {
        "results": show(found),
        "next": _url(request, False, order, found[-1]) if found and after else None,
        "previous": _url(request, True, order, found[0]) if found and before else None,
    }


def _read(rows: QuerySet[Any] | CompiledRows, order: tuple[str, ...], key: list[Any] | None, count: int) -> list[Any]:
    if not isinstance(rows, CompiledRows):
        return list(_ordered(rows, order, key)[:count])
    place = {field.lstrip("-"): value for field, value in zip(order, key or (), strict=False)}
    return _compiled(rows.make, order, key is not None, count)(**rows.values, **place)


@cache
def _compiled(
    make: Callable[[], QuerySet[Any]], order: tuple[str, ...], continues: bool, count: int
) -> CompiledQuery[Any]:
    def rows() -> QuerySet[Any]:
        found = make()
        place = [_parameter(found.model, field) for field in order] if continues else None
        return _ordered(found, order, place)[:count]

    return CompiledQuery(rows)


def _parameter(model: type[Model], field: str) -> Parameter:
    """The place of a value to continue from."""
    *path, name = field.lstrip("-").split("__")
    for step in path:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    return Parameter(field.lstrip("-"), model._meta.get_field(name))  # type: ignore[arg-type]


def _ordered(rows: QuerySet[Any], order: Sequence[str], key: Sequence[Any] | None) -> QuerySet[Any]:
    rows = rows.order_by(*order)
    return rows.filter(_after(order, key)) if key else rows


def _flip(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"


def _after(order: Sequence[str], key: Sequence[Any]) -> Q:
    """The rows after `key`: equal in the first fields and beyond it in the next one."""
    found, equal = Q(), Q()
    for field, value in zip(order, key, strict=True):
        name = field.lstrip("-")
        found |= equal & Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return found


def _url(request: Request, backwards: bool, order: Sequence[str], row: Model) -> str:
    key = [_value(row, field.lstrip("-")) for field in order]
    cursor = base64.urlsafe_b64encode(msgspec.msgpack.encode([backwards, *key])).decode().rstrip("=")
    query = request.query_params.copy()
    query["cursor"] = _signer(request).sign(cursor)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _value(row: Model, path: str) -> Any:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name)
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    return ["u", value.hex] if isinstance(value, UUID) else value


def _signer(request: Request) -> Signer:
    return Signer(salt=f"cursor:{request.path}", sep="~")


def _read_cursor(request: Request) -> tuple[bool, list[Any] | None]:
    signed = request.query_params.get("cursor")
    if not signed:
        return False, None
    try:
        text = _signer(request).unsign(signed)
    except BadSignature:
        raise invalid("cursor", "This cursor is not valid for this list. Use the one from its last page.") from None
    backwards, *key = msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return backwards, [_decoded(value) for value in key]


def _decoded(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    kind, text = value
    return datetime.fromisoformat(text) if kind == "t" else UUID(text)
