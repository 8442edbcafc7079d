"""Sending stored files: whole, in part, through nginx, or by a redirect to the bucket."""

import re
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from rest_framework.request import Request

from accounts.authentication import LinkAuthentication
from common.errors import Refusal, not_found
from common.files import BlockwiseResponse, FileRange, content_disposition
from common.problems import problem_response

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "X-Content-Type-Options": "nosniff",
}
"""An uploaded file may not do anything on this origin."""
EMBEDDED = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""With a signed link, pages of other sites may show it as well."""
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII | re.IGNORECASE)


class Stored(NamedTuple):
    """A file in `default_storage`: `size` in bytes, a strong `etag` without quotes, `filename` as shown to people."""

    name: str
    size: int
    etag: str
    mime_type: str
    filename: str
    is_inline: bool


def serve(request: HttpRequest | Request, stored: Stored, *, caching: str = "private, no-cache") -> HttpResponseBase:
    """The response to GET or HEAD of a file by somebody who may see it; `caching` is its `Cache-Control`.

    A single range is answered with 206, several ranges or a malformed one with the whole file. If files are in a
    bucket, the client is redirected to it. Refuses `not_found`, `precondition_failed` and `range_not_satisfiable`.
    """
    etag = f'"{stored.etag}"'
    disposition = content_disposition(stored.filename, is_inline=stored.is_inline)
    headers = headers_for(request) | {"ETag": etag, "Cache-Control": caching, "Content-Disposition": disposition}
    if _has(request, etag):
        return HttpResponseNotModified(headers=headers)
    headers["Accept-Ranges"] = "bytes"
    close_old_connections()  # a slow client may take long
    if request.method == "HEAD" or _is_for_nginx(request):
        return _without_body(stored, headers)
    if settings.STORAGE_ORIGIN:
        return _from_bucket(stored, headers)
    return _from_disk(request, stored, headers)


def headers_for(request: HttpRequest | Request) -> dict[str, str]:
    """The headers of every uploaded file."""
    return HEADERS | EMBEDDED if is_link(request) else HEADERS


def is_link(request: HttpRequest | Request) -> bool:
    """Whether the request was authenticated by a signed link, which stops working when its person loses access."""
    return isinstance(getattr(request, "successful_authenticator", None), LinkAuthentication)


def _has(request: HttpRequest | Request, etag: str) -> bool:
    """Whether the client already has this file. Refuses `precondition_failed` if it only wants another version."""
    wanted = request.headers.get("If-Match", "")
    if wanted and not {"*", etag} & set(parse_etags(wanted)):
        raise Refusal("precondition_failed")
    return bool({"*", etag, f"W/{etag}"} & set(parse_etags(request.headers.get("If-None-Match", ""))))


def _is_for_nginx(request: HttpRequest | Request) -> bool:
    """Whether nginx sends the file. Not with `If-Match`, which nginx checks before it knows our ETag."""
    return bool(settings.ACCEL_REDIRECT) and "If-Match" not in request.headers


def _without_body(stored: Stored, headers: dict[str, str]) -> HttpResponse:
    """A response without a body. With `ACCEL_REDIRECT` nginx adds the body and handles ranges."""
    if not default_storage.exists(stored.name):
        raise not_found()
    if settings.ACCEL_REDIRECT:
        headers["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT}{quote(stored.name)}"
    else:
        headers["Content-Length"] = str(stored.size)
    return HttpResponse(content_type=stored.mime_type, headers=headers)


def _from_bucket(stored: Stored, headers: dict[str, str]) -> HttpResponse:
    """Redirect to the bucket, by an address that works for a minute."""
    parameters = {
        "ResponseContentType": stored.mime_type,
        "ResponseContentDisposition": headers["Content-Disposition"],
        "ResponseCacheControl": headers["Cache-Control"],
    }
    address = default_storage.url(stored.name, parameters=parameters)  # type: ignore[call-arg]
    return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})


def _from_disk(request: HttpRequest | Request, stored: Stored, headers: dict[str, str]) -> HttpResponseBase:
    part = _part(request, stored)
    if part is None:
        first, size, status = 0, stored.size, 200
    elif not part:
        return _not_satisfiable(request, stored)
    else:
        first, size, status = part.start, len(part), 206
        headers["Content-Range"] = f"bytes {first}-{part.stop - 1}/{stored.size}"
    try:
        file = default_storage.open(stored.name)
    except FileNotFoundError:
        raise not_found() from None
    file.seek(first)
    headers["Content-Length"] = str(size)
    return BlockwiseResponse(FileRange(file, size), status=status, content_type=stored.mime_type, headers=headers)


def _part(request: HttpRequest | Request, stored: Stored) -> range | None:
    """The requested bytes: None for the whole file, an empty range if it cannot be satisfied."""
    match = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or not any(match.groups()) or not _matches_if_range(request, stored):
        return None
    first, last = match.groups()
    if not first:
        return range(max(stored.size - int(last), 0), stored.size) if stored.size else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, stored.size) if last else stored.size)


def _matches_if_range(request: HttpRequest | Request, stored: Stored) -> bool:
    """Whether the client's part belongs to this version of the file. A date or a weak ETag never matches."""
    return request.headers.get("If-Range", f'"{stored.etag}"').strip() == f'"{stored.etag}"'


def _not_satisfiable(request: HttpRequest | Request, stored: Stored) -> HttpResponse:
    response = problem_response(Refusal("range_not_satisfiable"), getattr(request, "request_id", ""))
    response["Content-Range"] = f"bytes */{stored.size}"
    return response
