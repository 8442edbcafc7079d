"""Refusals over HTTP: `application/problem+json` (RFC 9457), whoever refused, also the framework itself."""

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

from chatproject.common import gate
from chatproject.common.errors import CODES, Refusal, StorageFails, invalid

log = structlog.get_logger(__name__)

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
    """The refusal that an exception stands for; None when it is a fault of ours."""
    match error:
        case Refusal():
            return error
        case OperationalError() | InterfaceError():
            return Refusal("unavailable", retry_after=1)
        case StorageFails():
            log.error("storage_fails", reason=str(error))
            return Refusal("unavailable", "Files cannot be reached right now.", retry_after=10)
        case TooManyFilesSent():
            return invalid("file", "One file is expected, as `file`.")
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
    """Django REST framework's handler: refusals become problem documents, faults go on to `ProblemMiddleware`."""
    refusal = refusal_for(error)
    if refusal and refusal.status == 401:
        refusal = _limited(context["request"]._request) or refusal
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database_unavailable", reason=type(error).__name__)
    return problem_response(refusal, context["request"].request_id) if refusal else None


def lacks_slash(path: str) -> bool:
    """Whether there would be something at this address if it ended with a slash."""
    return not path.endswith("/") and bool(is_valid_path(f"{path}/"))


def _limited(request: HttpRequest) -> Refusal | None:
    """Whoever is refused for want of a sign-in is a stranger: the refusal that the outer gate has for them, if any."""
    try:
        gate.admit_request(request)
    except Refusal as refusal:
        return refusal
    return None


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler404`. Names the address that was probably meant."""
    path = request.path_info
    hint = f"Not found. Addresses end with a slash: {path}/" if lacks_slash(path) else ""
    return problem_response(Refusal("not_found", hint), getattr(request, "request_id", ""))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`."""
    return problem_response(Refusal("invalid"), getattr(request, "request_id", ""))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403`."""
    return problem_response(Refusal("permission_denied"), getattr(request, "request_id", ""))


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`. What no view raised comes here as well: what asks who has signed in, while the database is away."""
    error = sys.exc_info()[1]
    refusal = refusal_for(error) if isinstance(error, Exception) else None
    return problem_response(refusal or Refusal("internal"), getattr(request, "request_id", ""))
