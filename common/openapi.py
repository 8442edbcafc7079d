"""OpenAPI from the same structs that read and write the wire, so that the document cannot drift."""

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Generic, NamedTuple, TypeVar, cast

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from common.body_errors import MAX_ERRORS, repeated_field, unknown_field
from common.components import TEMPLATE, open_codes, simplify
from common.errors import Refusal

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
_described: set[Any] = set()


class FieldError(msgspec.Struct):
    """One wrong field: its path in the body, a code (`required`, `invalid`, …) and a sentence."""

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
    retry_after: float | msgspec.UnsetType = msgspec.UNSET
    roster: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Page(msgspec.Struct, Generic[T]):
    """One page of a list: its rows and the addresses of the pages around it."""

    results: list[T]
    next: str | None
    previous: str | None


class Operation(NamedTuple):
    """What `describe` says about a view's method, which has it as its `operation`."""

    body: Any
    answers: Mapping[int, Any]
    query: Mapping[str, tuple[type, str]]
    needs_body: bool = True


class Raw(NamedTuple):
    """A body or an answer that is not JSON: its media type and its schema."""

    media_type: str
    schema: dict[str, Any]


BYTES = "application/octet-stream"
BINARY = {"type": "string", "format": "binary"}
"""The schema of a file's bytes."""


class Schema(AutoSchema):
    """Spectacular's schema of a view, with what `describe` says about each operation."""

    def get_tags(self) -> list[str]:
        """One tag per first path segment: `auth`, `users`, `conversations`, …"""
        return [self._parts()[0]]

    def get_operation_id(self) -> str:
        """The method and the path, as `get_conversations_by_id_members`."""
        parts = [f"by_{part.strip('{}')}" if part.startswith("{") else part.replace("-", "_") for part in self._parts()]
        return "_".join([self.method.lower(), *parts])

    def get_description(self) -> str:
        """Empty: the summary is enough, and a viewset's docstring is for developers."""
        return ""

    def _is_list_view(self, serializer: Any = None) -> bool:
        """Never: `describe` says what is answered, even by an action called `list`."""
        return False

    def get_auth(self) -> list[dict[str, Any]]:
        """The cookies for files and pictures only read. An operation that needs no sign-in lists nothing: generators
        take the usual `{}` for one more way to sign in."""
        ways: list[dict[str, Any]] = super().get_auth()
        return [way for way in ways if way and (self.method == "GET" or "bearer" in way)]

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        """The body of any method that has one, even DELETE."""
        operation = operation_of(self.view, self.method)
        if operation.body is None:
            return None
        media_type, schema = _content(operation.body)
        return {"content": {media_type: {"schema": schema}}, "required": operation.needs_body}

    def _parts(self) -> list[str]:
        path: str = self.path
        return path.removeprefix("/api/v1/").strip("/").split("/")


def describe(
    summary: str,
    *,
    body: Any = None,
    needs_body: bool = True,
    answers: dict[int, Any],
    query: Mapping[str, tuple[type, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Document an operation: its summary, the struct of its body, whether there must be one, the struct (or None) of
    each good answer, its query parameters as `name: (type, description)`, and the headers it reads as
    `name: description`. `Raw` is for what is not JSON. Requests with other parameters are refused."""
    operation = Operation(body, answers, query or {}, needs_body)
    found = [(OpenApiParameter.QUERY, name, *about) for name, about in operation.query.items()]
    found += [(OpenApiParameter.HEADER, name, str, about) for name, about in (headers or {}).items()]
    document: Callable[[F], F] = extend_schema(
        summary=summary,
        responses=dict(answer for status, kind in answers.items() for answer in _answer(summary, status, kind)),
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


def operation_of(view: Any, method: str) -> Operation:
    """What `describe` says about the handler of this method; `view` is an instance of a view or a viewset."""
    actions = getattr(view, "action_map", None) or {}
    operation: Operation = getattr(view, actions.get(method.lower(), method.lower())).operation
    return operation


def fields_of_form(view: Any, method: str) -> set[str]:
    """The names of the fields that this view's form may have."""
    body = operation_of(view, method).body
    return set(body.schema["properties"]) if isinstance(body, Raw) else set()


def refuse_unknown(request: Request, operation: Operation) -> None:
    """Refuses (`invalid`), by name, parameters that the operation does not list, repeated parameters, and a body where
    none is taken. Which fields a body may have is up to its struct."""
    parameters = request.query_params
    errors = [unknown_field(name) for name in parameters if name not in operation.query]
    errors += [repeated_field(name) for name in parameters if len(parameters.getlist(name)) > 1]
    if operation.body is None and request.method not in SAFE_METHODS and request.data:
        errors += (
            [unknown_field(name) for name in request.data] if isinstance(request.data, dict) else [unknown_field("")]
        )
    if errors:
        raise Refusal("invalid", errors=errors[:MAX_ERRORS])


PAGING = {
    "limit": (int, "The maximum number of results: 1 to 200, 50 by default."),
    "cursor": (str, "Where to continue: an opaque value, taken from `next` or `previous`."),
}


def _answer(summary: str, status: int, kind: Any) -> Iterator[tuple[Any, OpenApiResponse]]:
    """One answer. Bytes are listed a second time, because generators leave out an answer that is only `image/webp`."""
    if kind is None:
        yield status, OpenApiResponse(None, description=summary)
        return
    media_type, schema = _content(kind)
    for name in {media_type: 1, BYTES: 1} if schema is BINARY else (media_type,):
        yield (status, name), OpenApiResponse(schema, description=summary)


def _content(kind: Any) -> tuple[str, dict[str, Any]]:
    return kind if isinstance(kind, Raw) else ("application/json", reference(kind))


def reference(kind: Any) -> dict[str, Any]:
    """The schema that points to this struct's component, which the document has from now on."""
    _described.add(kind)
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=TEMPLATE)
    return schema


def add_wire_components(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """Post-processing: the structs as components, the problem document as every operation's other answer."""
    _, components = msgspec.json.schema_components([Problem, *_described], ref_template=TEMPLATE)
    result.setdefault("components", {}).setdefault("schemas", {}).update(components)
    components["Problem"]["properties"]["code"] = open_codes()
    problem = {
        "description": "A refusal.",
        "content": {"application/problem+json": {"schema": {"$ref": TEMPLATE.format(name="Problem")}}},
    }
    operations = [operation for methods in result["paths"].values() for operation in methods.values()]
    for operation in operations:
        operation["responses"].setdefault("default", problem)
        operation.setdefault("security", [])
    return simplify(result, [operation.get("requestBody") for operation in operations])
