"""Every operation of the HTTP API, found by itself: what a test says about all of them also holds for a new one."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from chatproject.common.openapi import Operation, Raw

METHODS = ("get", "post", "put", "patch", "delete")


class Found(NamedTuple):
    """`method` in capitals and `route` as in `urls.py`, below `/api/v1/`; `about` is what it was described with."""

    method: str
    route: str
    view: Any
    about: Operation

    @property
    def has_form(self) -> bool:
        return isinstance(self.about.body, Raw)


def operations() -> list[Found]:
    return [
        Found(method.upper(), route, view, getattr(view, method).operation)
        for route, view in _views(get_resolver().url_patterns, "")
        for method in METHODS
        if hasattr(view, method)
    ]


def _views(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
            yield path.removeprefix("api/v1/"), pattern.callback.view_class  # type: ignore[attr-defined]
