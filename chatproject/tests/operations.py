"""Every operation of the HTTP API, found by itself: what a test says about all of them also holds for a new one."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from common.openapi import Operation, Raw
from common.viewsets import handlers_of, view_of


class Found(NamedTuple):
    """`method` in capitals and `route` as in `urls.py`, below `/api/v1/`; `about` is what it was described with."""

    method: str
    route: str
    callback: Any
    about: Operation

    @property
    def view(self) -> Any:
        """The class of the view or viewset."""
        return view_of(self.callback)

    @property
    def has_form(self) -> bool:
        return isinstance(self.about.body, Raw)


def operations() -> list[Found]:
    return [
        Found(method.upper(), route, callback, handler.operation)
        for route, callback in _callbacks(get_resolver().url_patterns, "")
        for method, handler in handlers_of(callback).items()
    ]


def _callbacks(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _callbacks(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith("api/v1/"):
            yield path.removeprefix("api/v1/"), pattern.callback
