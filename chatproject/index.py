"""`/`: the web client for browsers, a description of the API for programs. `/sw.js`: the client's service worker."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt

from chatproject.common.errors import Refusal

LINKS = {
    "api": "/api/v1/",
    "schema": "/api/schema/",
    "docs": "/api/docs/",
    "redoc": "/api/redoc/",
    "asyncapi": "/api/asyncapi/",
    "socket": "/ws/",
    "health": "/health/",
    "console": "/admin/",
}


def read_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Only for reading; other methods are refused in the one shape, before any form protection speaks."""

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise Refusal("method_not_allowed")
        return view(request)

    return wrapped


@read_only
def home(request: HttpRequest) -> HttpResponse:
    """The page, or `{name, version, links}` where JSON is preferred."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        links: dict[str, Any] = {name: request.build_absolute_uri(path) for name, path in LINKS.items()}
        return JsonResponse({"name": settings.SITE_NAME, "version": settings.VERSION, "links": links})
    return render(request, "web/index.html", {"site_name": settings.SITE_NAME})


@read_only
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for the icon of a page that names none."""
    return redirect(static("web/icon.png"))


@read_only
def service_worker(request: HttpRequest) -> HttpResponse:
    """A worker may act for what lies below its own address, so this one is not among the static files; and it is asked
    for anew each time, so that no old one stays."""
    source = Path(str(finders.find("web/sw.js"))).read_bytes()
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return HttpResponse(source, content_type="text/javascript; charset=utf-8", headers=headers)
