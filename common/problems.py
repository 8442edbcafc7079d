"""Refusals over HTTP: `application/problem+json` (RFC 9457), also for the errors of Django and DRF."""

import math
import sys
from typing import Any

import msgspec
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import is_valid_path
from rest_framework import exceptions
from rest_framework.response import Response

from common import address_limits
from common.errors import CODES, Refusal, StorageUnavailable, invalid

logger = structlog.get_logger(__name__)

BY_STATUS = {
    400: "invalid",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "unsupported_media_type",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


def problem_response(refusal: Refusal, request_id: str = "") -> HttpResponse:
    """The problem document for a refusal."""
    document = {
        "type": "about:blank",
        "title": CODES[refusal.code][1],
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        "request_id": request_id,
        "errors": refusal.errors,
    }
    headers = {"Cache-Control": "no-store"}
    if refusal.roster is not None:
        document["roster"] = refusal.roster
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    seconds = 1.0 if refusal.retry_after is None and refusal.status in (429, 503) else refusal.retry_after
    if seconds is not None:
        document["retry_after"] = seconds
        headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return HttpResponse(
        msgspec.json.encode(document),
        status=refusal.status,
        content_type="application/problem+json",
        headers=headers,
    )


def refusal_for(error: Exception) -> Refusal | None:
    """The refusal for an exception; None if it is an unexpected error."""
    match error:
        case Refusal():
            return error
        case OperationalError() | InterfaceError():
            return Refusal("unavailable", retry_after=1)
        case StorageUnavailable():
            logger.error("storage_fails", reason=str(error))
            return Refusal("unavailable", "Files are not available right now. Try again.", retry_after=10)
        case TooManyFilesSent():
            return invalid("file", "Send one file, in the field `file`.")
        case RequestDataTooBig():
            return Refusal("too_large")
        case Http404():
            return Refusal("not_found")
        case PermissionDenied():
            return Refusal("permission_denied")
        case SuspiciousOperation():
            return Refusal("invalid")
        case exceptions.APIException():
            return Refusal(BY_STATUS.get(error.status_code, "invalid"))
    return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | HttpResponse | None:
    """DRF's exception handler: refusals become problem documents, other errors go on to `ProblemMiddleware`."""
    refusal = refusal_for(error)
    if refusal and refusal.status == 401:
        refusal = _address_limit_refusal(context["request"]._request) or refusal
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("database_unavailable", reason=type(error).__name__)
    return problem_response(refusal, context["request"].request_id) if refusal else None


def needs_slash(path: str) -> bool:
    """Whether this path would exist if it ended with a slash."""
    return not path.endswith("/") and bool(is_valid_path(f"{path}/"))


def _address_limit_refusal(request: HttpRequest) -> Refusal | None:
    """Count a request without a valid sign-in by its address. Returns the refusal if the address is over its limit."""
    try:
        address_limits.count_request(request)
    except Refusal as refusal:
        return refusal
    return None


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler404`. Suggests the path with a slash if that exists."""
    path = request.path_info
    hint = f"Not found. Addresses end with a slash: {path}/" if needs_slash(path) else ""
    return problem_response(Refusal("not_found", hint), getattr(request, "request_id", ""))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`."""
    return problem_response(Refusal("invalid"), getattr(request, "request_id", ""))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403`."""
    return problem_response(Refusal("permission_denied"), getattr(request, "request_id", ""))


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`. Also for errors outside of views, such as looking up the session while the database is down."""
    error = sys.exc_info()[1]
    refusal = refusal_for(error) if isinstance(error, Exception) else None
    return problem_response(refusal or Refusal("internal"), getattr(request, "request_id", ""))
