"""Middleware: a request ID and a log line for every request, security headers, compression, and problem documents."""

import gzip
import re
import time
from collections.abc import Callable
from functools import cache

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.utils.cache import patch_vary_headers

from common import address_limits, audit, languages
from common.addresses import address_of, comes_through_proxy
from common.errors import Refusal
from common.ids import uuid7
from common.problems import needs_slash, page_not_found, problem_response, refusal_for

logger = structlog.get_logger("chatproject.requests")
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
# Probes and scrapers use the machine's address as the host. Nothing in these responses depends on the host.
ANY_HOST = ("/health/", "/health/ready/", "/metrics")
COMPRESSED_FROM_BYTES = 1000
ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
LOOSER_PATHS = ("/admin/", "/api/redoc/", "/api/docs/")


@cache
def policy_for(path_is_looser: bool, files: str) -> str:
    """What a page may load. `files` is the origin of the bucket with uploaded files, if there is one."""
    policy = LOOSER_POLICY if path_is_looser else PAGE_POLICY
    return re.sub(r"(img|media|connect)-src 'self'", rf"\g<0> {files}", policy) if files else policy


class ForwardedMiddleware:
    """Only a trusted proxy may say that a request came over HTTPS. Otherwise a client could avoid the redirect to HTTPS
    and have a secure cookie sent in the clear."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not comes_through_proxy(request):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


class RequestIdMiddleware:
    """Gives each request an ID (`X-Request-Id`), binds it to the logs and logs one line: the path, never the query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid7().hex  # type: ignore[attr-defined]
        audit.origin.set(address_of(request))
        started = time.perf_counter()
        language = languages.serving_request_with(request.headers.get("Accept-Language", ""))
        with language, structlog.contextvars.bound_contextvars(request_id=request.request_id):  # type: ignore[attr-defined]
            response = self.get_response(request)
            logger.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class SecurityHeadersMiddleware:
    """A content security policy for pages; no caching and no content sniffing of API responses."""

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


class CompressionMiddleware:
    """Compresses what the API answers, from a kilobyte on: a snapshot is a tenth as long for a third of a millisecond.

    Only for who signs in by a header, which a page elsewhere cannot make a browser send: from the length of compressed
    answers that have its words beside a secret, it could learn the secret (BREACH). An `ETag` is that of the bytes.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.streaming or not response.get("Content-Type", "").startswith("application/json"):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        is_readable = "Authorization" in request.headers and ACCEPTS_GZIP.search(
            request.headers.get("Accept-Encoding", "")
        )
        if is_readable and len(response.content) >= COMPRESSED_FROM_BYTES and "ETag" not in response:
            response.content = gzip.compress(response.content, 1, mtime=0)
            response["Content-Encoding"] = "gzip"
            response["Content-Length"] = str(len(response.content))
        return response


class SlashMiddleware(CommonMiddleware):
    """Redirects browsers that ask for a page to the address with a slash. All other requests get a 404: clients follow
    a redirect with GET and would take its response for success."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if request.path_info in ANY_HOST:
            return None
        super().process_request(request)  # refuses a host that is not in ALLOWED_HOSTS
        return page_not_found(request) if not _asks_for_page(request) and needs_slash(request.path_info) else None

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return _asks_for_page(request) and super().should_redirect_with_slash(request)


def _asks_for_page(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD") and not request.path_info.startswith("/api/")


class ConsoleAddressLimitMiddleware:
    """Counts requests to the console by address if nobody has signed in, which the cookie shows only here. It runs
    before the CSRF protection, which reads the body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and not request.user.is_authenticated:
            try:
                address_limits.count_request(request)
            except Refusal as refusal:
                return problem_response(refusal, request.request_id)  # type: ignore[attr-defined]
        return self.get_response(request)


class ProblemMiddleware:
    """Turns what views outside of the API raise into the same problem documents, and logs unexpected errors."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if settings.DEBUG:
            return None
        refusal = refusal_for(error)
        if refusal is None:
            logger.exception("fault", path=request.path)
            refusal = Refusal("internal")
        return problem_response(refusal, request.request_id)  # type: ignore[attr-defined]
