"""Every answer that a test gets over HTTP is what the OpenAPI document says of it: no field more, none less."""

import json

import msgspec
from django.urls import Resolver404, resolve

from common.openapi import Problem, Raw
from common.viewsets import handlers_of


def check(method: str, path: str, status: int, content_type: str, content: bytes) -> None:
    """Fails when an answer below `/api/v1/` is not what its operation was described with."""
    try:
        handlers = handlers_of(resolve(path).func)
    except Resolver404:
        return
    operation = getattr(handlers.get(method.lower()), "operation", None)
    if content_type == "application/problem+json":
        _compare(Problem, content)
    elif operation is not None and status < 400:
        assert status in operation.answers, f"{method} {path} answers {status}, which is not documented"
        kind = operation.answers[status]
        if kind is None:
            assert not content, f"{method} {path} has a body, which is not documented"
        elif not isinstance(kind, Raw):
            assert content_type == "application/json"
            _compare(kind, content)


def _compare(kind: object, content: bytes) -> None:
    understood = json.loads(msgspec.json.encode(msgspec.json.decode(content, type=kind)))
    assert understood == json.loads(content), f"{kind} is not {content[:1000]!r}"
