"""OpenAPI from the same structs that read and write the wire, so that the document cannot drift."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Generic, NamedTuple, TypeVar, cast

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from chatproject.common.errors import CODES, Refusal
from chatproject.common.faults import MOST, repeated, unknown

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
TEMPLATE = "#/components/schemas/{name}"
_described: set[Any] = set()


class FieldError(msgspec.Struct):
    """One field at fault: its path in the body, a code (`required`, `invalid`, …) and a sentence."""

    field: str
    code: str
    detail: str


class Problem(msgspec.Struct):
    """A refusal (RFC 9457). `code` is stable; `detail` is for people; `retry_after` is in seconds. With `stale_devices`
    comes the `roster` that an envelope must be sealed for: `{roster_seq, devices: [{device_id, user_id}]}`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FieldError]
    retry_after: float | None = None
    roster: dict[str, Any] | None = None


class Page(msgspec.Struct, Generic[T]):
    """One page of a list: its rows and the addresses of the pages around it."""

    results: list[T]
    next: str | None
    previous: str | None


class Operation(NamedTuple):
    """What a view's method was described with, to be found at its `operation`."""

    body: Any
    answers: Mapping[int, Any]
    query: Mapping[str, tuple[type, str]]


class Raw(NamedTuple):
    """A body or an answer that is not JSON: its media type and its schema."""

    media_type: str
    schema: dict[str, Any]


BINARY = {"type": "string", "format": "binary"}
"""The schema of a file's bytes."""


class Schema(AutoSchema):
    """Spectacular's reader of views, told what every operation of ours may answer."""

    def get_tags(self) -> list[str]:
        """One tag per first path segment: `auth`, `users`, `conversations`, …"""
        return [self._parts()[0]]

    def get_operation_id(self) -> str:
        """The method and the path, as `get_conversations_by_id_members`."""
        parts = [f"by_{part.strip('{}')}" if part.startswith("{") else part.replace("-", "_") for part in self._parts()]
        return "_".join([self.method.lower(), *parts])

    def _parts(self) -> list[str]:
        path: str = self.path
        return path.removeprefix("/api/v1/").strip("/").split("/")


def describe(
    summary: str,
    *,
    body: Any = None,
    answers: dict[int, Any],
    query: Mapping[str, tuple[type, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Document an operation, and hold it to that: its sentence, the struct of its body, the struct (or None) of each
    good answer, its query parameters as `name: (type, description)`, and the headers it reads as `name: description`.
    `Raw` stands for what is no JSON."""
    operation = Operation(body, answers, query or {})
    found = [(OpenApiParameter.QUERY, name, *about) for name, about in operation.query.items()]
    found += [(OpenApiParameter.HEADER, name, str, about) for name, about in (headers or {}).items()]
    document: Callable[[F], F] = extend_schema(
        summary=summary,
        request=dict([_content(body)]) if body else None,
        responses=dict(_answer(summary, status, kind) for status, kind in answers.items()),
        parameters=[OpenApiParameter(name, kind, place, description=text) for place, name, kind, text in found],
    )

    def described(view: F) -> F:
        @wraps(view)
        def checked(self: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            refuse_unknown(request, operation)
            return view(self, request, *args, **kwargs)

        checked.operation = operation  # type: ignore[attr-defined]
        return document(cast("F", checked))

    return described


def fields_of_form(view: Any, method: str) -> set[str]:
    """The names of the fields that this view's form may have."""
    body = getattr(view, method.lower()).operation.body
    return set(body.schema["properties"]) if isinstance(body, Raw) else set()


def refuse_unknown(request: Request, operation: Operation) -> None:
    """Refuses (`invalid`), by name, parameters that the operation was not described with, those that are there twice,
    and a body where none is taken. What a body may hold, its struct says."""
    parameters = request.query_params
    errors = [unknown(name) for name in parameters if name not in operation.query]
    errors += [repeated(name) for name in parameters if len(parameters.getlist(name)) > 1]
    if operation.body is None and request.method not in SAFE_METHODS and request.data:
        errors += [unknown(name) for name in request.data] if isinstance(request.data, dict) else [unknown("")]
    if errors:
        raise Refusal("invalid", errors=errors[:MOST])


PAGING = {
    "limit": (int, "How many at most: 1 to 100, 50 by default."),
    "cursor": (str, "Where to go on: taken from `next` or `previous`, opaque."),
}


def _answer(summary: str, status: int, kind: Any) -> tuple[Any, OpenApiResponse]:
    if kind is None:
        return status, OpenApiResponse(None, description=summary)
    media_type, schema = _content(kind)
    return (status, media_type), OpenApiResponse(schema, description=summary)


def _content(kind: Any) -> tuple[str, dict[str, Any]]:
    return kind if isinstance(kind, Raw) else ("application/json", _reference(kind))


def _reference(kind: Any) -> dict[str, Any]:
    _described.add(kind)
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
    return schema


def add_wire_components(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Post-processing: the structs as components, the problem document as every operation's other answer."""
    _, components = msgspec.json.schema_components([Problem, *_described], ref_template=TEMPLATE)
    result.setdefault("components", {}).setdefault("schemas", {}).update(components)
    components["Problem"]["properties"]["code"]["enum"] = sorted(CODES)
    problem = {
        "description": "A refusal.",
        "content": {"application/problem+json": {"schema": {"$ref": TEMPLATE.format(name="Problem")}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("default", problem)
    return result
