"""Viewsets and their router: DRF's, with UUIDs in paths and PUT beside PATCH."""

from collections.abc import Callable
from typing import Any, cast

from rest_framework import viewsets
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import Route, SimpleRouter

METHODS = ("get", "post", "put", "patch", "delete")
PUBLIC: dict[str, Any] = {"authentication_classes": (), "permission_classes": (AllowAny,)}
"""For an `@action` that needs no sign-in: a token in the request, perhaps an expired one, is ignored."""


class ViewSet(viewsets.ViewSet):
    """The actions on one noun. Further URLs are DRF's `@action`s; `@describe` stands above `@action`.

    PUT, which clients of older APIs send, does the same as PATCH: fields that the body does not name stay as they are.
    """

    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "partial_update") and not hasattr(cls, "update"):
            cls.update = cls.partial_update  # type: ignore[attr-defined]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """As DRF's, and free what was answered once it is written. DRF leaves it in a circle of response, renderer
        context and view, from which only the garbage collector frees it, and while it works every socket waits."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(finished, Response):
            finished.add_post_render_callback(self._let_go)
        return finished

    def _let_go(self, response: Any) -> None:
        response.renderer_context = {}
        self.__dict__.pop("response", None)


class Router(SimpleRouter):
    """Registers viewsets under paths as in `django.urls.path`; one below another noun has its id in the prefix:
    `router.register("conversations/<uuid:id>/members", MemberViewSet)`. DELETE on a list calls `destroy_all`."""

    _list = cast("Route", SimpleRouter.routes[0])
    routes = [_list._replace(mapping={**_list.mapping, "delete": "destroy_all"}), *SimpleRouter.routes[1:]]

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)

    def get_default_basename(self, viewset: type[viewsets.ViewSetMixin]) -> str:
        """The name of the class: our viewsets have no queryset to be named after."""
        return viewset.__name__.removesuffix("ViewSet").lower()


def handlers_of(callback: Any) -> dict[str, Callable[..., Any]]:
    """The handler of each HTTP method at a URL, by the callback of its pattern."""
    view = view_of(callback)
    actions = getattr(callback, "actions", None) or {method: method for method in METHODS}
    return {method: getattr(view, actions[method]) for method in METHODS if hasattr(view, actions.get(method, ""))}


def view_of(callback: Any) -> Any:
    """The class of the view or viewset behind a URL; None if it is a function."""
    return getattr(callback, "cls", None) or getattr(callback, "view_class", None)


def option_of(callback: Any, name: str) -> Any:
    """An attribute of the view behind a URL, such as `authentication_classes`, which an `@action` may set for itself;
    None if there is none."""
    options = getattr(callback, "initkwargs", None) or {}
    return options.get(name, getattr(view_of(callback), name, None))
