"""`media/links/`: signed URLs of files for pages of other origins."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from django.urls import Resolver404, resolve
from rest_framework.response import Response

from accounts import tokens
from accounts.authentication import LinkAuthentication, SignedInRequest
from common.api import body_of
from common.errors import invalid
from common.openapi import describe
from common.viewsets import ViewSet, option_of
from common.wire import Body

AT_ONCE = 100


class Addresses(Body):
    """URLs as in answers and events: `content_url`, `thumbnail_url`, `avatar_url`, …"""

    urls: Annotated[list[Annotated[str, msgspec.Meta(max_length=500)]], msgspec.Meta(min_length=1, max_length=AT_ONCE)]


class Links(msgspec.Struct):
    """The same URLs, in the same order, signed for the caller. Each opens only its file, while the caller may see it
    and is signed in, for at most `expires_in` seconds."""

    links: list[str]
    expires_in: int


class LinkViewSet(ViewSet):
    @describe(
        "Sign URLs of files, for elements of pages on other origins, which send neither a token nor a cookie",
        body=Addresses,
        answers={200: Links},
    )
    def create(self, request: SignedInRequest) -> Response:
        signed = [_signed(request, index, url) for index, url in enumerate(body_of(request, Addresses).urls)]
        return Response(Links([link for link, _ in signed], min(seconds for _, seconds in signed)))


def _signed(request: SignedInRequest, index: int, url: str) -> tuple[str, int]:
    """The link, and for how many seconds it works."""
    try:
        parts = urlsplit(url)
        ways = option_of(resolve(parts.path).func, "authentication_classes")
    except (ValueError, Resolver404):
        ways = None
    if LinkAuthentication not in (ways or ()) or parts.netloc not in (
        "",
        request.get_host(),
    ):
        raise invalid(f"urls[{index}]", "There is no file at this address.")
    token, seconds = tokens.link_token(request.auth, parts.path)
    # A link that is signed already gets a new signature.
    asked = [one for one in parts.query.split("&") if one and not one.startswith("link=")]
    return request.build_absolute_uri(f"{parts.path}?{'&'.join([*asked, f'link={token}'])}"), seconds
