"""`media/links/`: addresses of files that pages of other origins can show."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from django.urls import Resolver404, resolve
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.authentication import LinkAuthentication, SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.errors import invalid
from chatproject.common.openapi import describe
from chatproject.common.wire import Body

AT_ONCE = 100


class Addresses(Body):
    """Addresses as answers and events have them: `content_url`, `thumbnail_url`, `avatar_url`, …"""

    urls: Annotated[list[Annotated[str, msgspec.Meta(max_length=500)]], msgspec.Meta(min_length=1, max_length=AT_ONCE)]


class Links(msgspec.Struct):
    """The same, in the same order, signed for whoever asked. Each opens that file alone, as long as they may see it and
    stay signed in, for `expires_in` seconds at most."""

    links: list[str]
    expires_in: int


class LinksView(APIView):
    @describe(
        "Links to files, for elements of pages on other origins, which send neither a token nor a cookie.",
        body=Addresses,
        answers={200: Links},
    )
    def post(self, request: SignedInRequest) -> Response:
        signed = [_signed(request, place, url) for place, url in enumerate(body_of(request, Addresses).urls)]
        return Response(Links([link for link, _ in signed], min(seconds for _, seconds in signed)))


def _signed(request: SignedInRequest, place: int, url: str) -> tuple[str, int]:
    """The link, and for how many seconds it is good."""
    try:
        parts = urlsplit(url)
        view = getattr(resolve(parts.path).func, "view_class", None)
    except (ValueError, Resolver404):
        view = None
    if LinkAuthentication not in getattr(view, "authentication_classes", ()) or parts.netloc not in (
        "",
        request.get_host(),
    ):
        raise invalid(f"urls[{place}]", "There is no file at this address.")
    token, seconds = tokens.link_token(request.auth, parts.path)
    asked = [one for one in parts.query.split("&") if one and not one.startswith("link=")]  # of a link, a new one
    return request.build_absolute_uri(f"{parts.path}?{'&'.join([*asked, f'link={token}'])}"), seconds
