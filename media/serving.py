"""How a stored file reaches somebody who may have it: whole, in part, or by way of who can send it better."""

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
from chatproject.common.errors import Refusal, not_found
from chatproject.common.files import BlockwiseResponse, Part, content_disposition
from chatproject.common.problems import problem_response

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-site",
    "X-Content-Type-Options": "nosniff",
}
"""What a file that somebody brought may do here: nothing."""
EMBEDDED = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""By a signed link, pages of other sites show it as well."""
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
    """The answer to GET or HEAD of a file by somebody who may have it; `caching` is its `Cache-Control`.

    One range is answered with 206; several, or what is no range, with the whole file; from a bucket, by sending the
    client there. Refuses `not_found`, `precondition_failed` and `range_not_satisfiable`.
    """
    etag = f'"{stored.etag}"'
    disposition = content_disposition(stored.filename, is_inline=stored.is_inline)
    headers = headers_for(request) | {"ETag": etag, "Cache-Control": caching, "Content-Disposition": disposition}
    if _has(request, etag):
        return HttpResponseNotModified(headers=headers)
    headers["Accept-Ranges"] = "bytes"
    close_old_connections()  # sending takes as long as the client likes
    if request.method == "HEAD" or _is_for_nginx(request):
        return _without_body(stored, headers)
    if settings.STORAGE_ORIGIN:
        return _from_bucket(stored, headers)
    return _from_disk(request, stored, headers)


def headers_for(request: HttpRequest | Request) -> dict[str, str]:
    """What goes with every file that somebody brought."""
    return HEADERS | EMBEDDED if is_link(request) else HEADERS


def is_link(request: HttpRequest | Request) -> bool:
    """Whether it came by a signed link, which opens nothing any more once its person may not see it."""
    return isinstance(getattr(request, "successful_authenticator", None), LinkAuthentication)


def _has(request: HttpRequest | Request, etag: str) -> bool:
    """Whether the client has this file already. Refuses `precondition_failed` when it wants only another one."""
    wanted = request.headers.get("If-Match", "")
    if wanted and not {"*", etag} & set(parse_etags(wanted)):
        raise Refusal("precondition_failed")
    return bool({"*", etag, f"W/{etag}"} & set(parse_etags(request.headers.get("If-None-Match", ""))))


def _is_for_nginx(request: HttpRequest | Request) -> bool:
    """Not with `If-Match`: nginx looks at it before it knows our ETag, and would refuse."""
    return bool(settings.ACCEL_REDIRECT) and "If-Match" not in request.headers


def _without_body(stored: Stored, headers: dict[str, str]) -> HttpResponse:
    """With `ACCEL_REDIRECT` nginx adds the body, and answers ranges."""
    if not default_storage.exists(stored.name):
        raise not_found()
    if settings.ACCEL_REDIRECT:
        headers["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT}{quote(stored.name)}"
    else:
        headers["Content-Length"] = str(stored.size)
    return HttpResponse(content_type=stored.mime_type, headers=headers)


def _from_bucket(stored: Stored, headers: dict[str, str]) -> HttpResponse:
    """The bucket sends the file itself, to whoever has this address, within a minute."""
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
    return BlockwiseResponse(Part(file, size), status=status, content_type=stored.mime_type, headers=headers)


def _part(request: HttpRequest | Request, stored: Stored) -> range | None:
    """The bytes asked for: an empty range when there are none of them, None for the whole file."""
    match = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or not any(match.groups()) or not _is_still(request, stored):
        return None
    first, last = match.groups()
    if not first:
        return range(max(stored.size - int(last), 0), stored.size) if stored.size else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, stored.size) if last else stored.size)


def _is_still(request: HttpRequest | Request, stored: Stored) -> bool:
    """Whether the file is the one of which the client has a part. A date or a weak tag cannot tell."""
    return request.headers.get("If-Range", f'"{stored.etag}"').strip() == f'"{stored.etag}"'


def _not_satisfiable(request: HttpRequest | Request, stored: Stored) -> HttpResponse:
    response = problem_response(Refusal("range_not_satisfiable"), getattr(request, "request_id", ""))
    response["Content-Range"] = f"bytes */{stored.size}"
    return response
