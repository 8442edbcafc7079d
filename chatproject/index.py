"""`/`: the web client for browsers, and links to the API for programs. `/sw.js`: the web client's service worker."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static

from common.views import read_only

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


@read_only
def home(request: HttpRequest) -> HttpResponse:
    """The page, or `{name, version, links}` if the client prefers JSON."""
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        links: dict[str, Any] = {name: request.build_absolute_uri(path) for name, path in LINKS.items()}
        return JsonResponse({"name": settings.SITE_NAME, "version": settings.VERSION, "links": links})
    return render(request, "web/index.html", {"site_name": settings.SITE_NAME})


@read_only
def icon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for this if a page declares no icon."""
    return redirect(static("web/icon.png"))


@read_only
def service_worker(request: HttpRequest) -> HttpResponse:
    """A service worker controls only pages below its own URL, so this is not a static file. It is never cached, so that
    browsers always run the current one."""
    source = Path(str(finders.find("web/sw.js"))).read_bytes()
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return HttpResponse(source, content_type="text/javascript; charset=utf-8", headers=headers)
