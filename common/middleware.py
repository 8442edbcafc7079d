"""A request id for every request, one log line, safe headers, and one shape for every fault."""

import re
import time
from collections.abc import Callable
from functools import cache

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware

from chatproject.common import audit, gate, languages
from chatproject.common.addresses import address_of, comes_through_proxy
from chatproject.common.errors import Refusal
from chatproject.common.ids import uuid7
from chatproject.common.problems import lacks_slash, page_not_found, problem_response, refusal_for

log = structlog.get_logger("chatproject.requests")
GetResponse = Callable[[HttpRequest], HttpResponse]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# The console's widgets (Alpine) evaluate expressions and ReDoc writes style elements; neither is reached by clients.
LOOSER_POLICY = PAGE_POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
# Probes and scrapers ask a machine by its address, whatever people call it. Nothing here is made from the host.
ANY_HOST = ("/health/", "/health/ready/", "/metrics")
LOOSER_PATHS = ("/admin/", "/api/redoc/", "/api/docs/")


@cache
def policy_for(path_is_looser: bool, files: str) -> str:
    """What a page may load. `files` is the origin of the bucket with the files that people bring, if there is one."""
    policy = LOOSER_POLICY if path_is_looser else PAGE_POLICY
    return re.sub(r"(img|media|connect)-src 'self'", rf"\g<0> {files}", policy) if files else policy


class ForwardedMiddleware:
    """Only a trusted proxy says whether people came by https: anybody else could go round the redirect to it, and have
    a cookie for https sent in the clear."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not comes_through_proxy(request):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


class RequestIdMiddleware:
    """Gives each request an id (`X-Request-Id`), binds it to the logs and writes one line: path, never the query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid7().hex  # type: ignore[attr-defined]
        audit.origin.set(address_of(request))
        started = time.perf_counter()
        asking = languages.asking(request.headers.get("Accept-Language", ""))
        with asking, structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            response = self.get_response(request)
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class SecurityHeadersMiddleware:
    """Content policy for pages, no caching and no interpretation for API answers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = policy_for(request.path.startswith(LOOSER_PATHS), settings.STORAGE_ORIGIN)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=()")
        if request.path.startswith("/api/v1/"):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response


class SlashMiddleware(CommonMiddleware):
    """Sends browsers that ask for a page to the address with the slash. Everything else is told that there is nothing
    here: clients follow a redirect with GET, and would take its answer for success."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if request.path_info in ANY_HOST:
            return None
        super().process_request(request)  # refuses a foreign host
        return page_not_found(request) if not _asks_for_page(request) and lacks_slash(request.path_info) else None

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return _asks_for_page(request) and super().should_redirect_with_slash(request)


def _asks_for_page(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD") and not request.path_info.startswith("/api/")


class ConsoleGateMiddleware:
    """Counts requests for the console by address unless somebody has signed in: what the cookie names is known only
    now. Before the body is read, which the protection of forms does for everybody."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and not request.user.is_authenticated:
            try:
                gate.admit_request(request)
            except Refusal as refusal:
                return problem_response(refusal, request.request_id)  # type: ignore[attr-defined]
        return self.get_response(request)


class ProblemMiddleware:
    """Turns what a view raised outside of the API framework into the same problem document, and logs real faults."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if settings.DEBUG:
            return None
        refusal = refusal_for(error)
        if refusal is None:
            log.exception("fault", path=request.path)
            refusal = Refusal("internal")
        return problem_response(refusal, request.request_id)  # type: ignore[attr-defined]
