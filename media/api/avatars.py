"""`users/me/avatar/`, `users/{id}/avatar/` and `conversations/{id}/avatar/`."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import (
    LINK,
    BearerAuthentication,
    LinkAuthentication,
    PictureAuthentication,
    SignedInRequest,
)
from chatproject.common.errors import invalid
from chatproject.common.faults import refuse_odd_fields
from chatproject.common.files import FileRenderer
from chatproject.common.openapi import BINARY, Raw, describe, fields_of_form
from conversations.models import Membership
from conversations.services.locking import refuse_unless_allowed
from media import services
from media.arriving import expected_size, names_in
from media.limits import AVATAR_SIZES
from media.serving import headers_for, is_link

WEBP = "image/webp"
UPLOAD = Raw("multipart/form-data", {"type": "object", "properties": {"file": BINARY}, "required": ["file"]})
QUERY = {
    "size": (int, "Pixels along a side: 64, 256 (by default) or 512."),
    **LINK,
    "v": (str, "The version as in `avatar_url`: for the browser's cache. The answer is always the current picture."),
}
DISPOSITION = 'inline; filename="avatar.webp"'


class PictureParser(MultiPartParser):
    """A form with one picture."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        form = super().parse(stream, media_type, parser_context)
        known = fields_of_form(parser_context["view"], parser_context["request"].method)
        refuse_odd_fields([*names_in(form.data), *form.files], known)
        return form


class MyAvatarView(APIView):
    parser_classes = (PictureParser,)

    @describe("Show this picture of me, in any usual format.", body=UPLOAD, answers={204: None})
    def put(self, request: SignedInRequest) -> Response:
        with services.arrival(request.user, expected_size(request.META), is_kept=False):
            services.set_avatar(request.user, _file(request))
        return Response(status=204)

    @describe("Show no picture of me.", answers={204: None})
    def delete(self, request: SignedInRequest) -> Response:
        services.remove_avatar(request.user)
        return Response(status=204)


class AvatarView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, PictureAuthentication)
    renderer_classes = (FileRenderer,)

    @describe("Somebody's picture, a square.", answers={200: Raw(WEBP, BINARY), 304: None}, query=QUERY)
    def get(self, request: SignedInRequest, id: UUID) -> HttpResponse:  # noqa: A002
        size = _size(request)
        return _show(request, size, *services.picture_of(id, size))


class ConversationAvatarView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, PictureAuthentication)
    parser_classes = (PictureParser,)

    def get_renderers(self) -> list[BaseRenderer]:
        return [FileRenderer()] if self.request.method == "GET" else super().get_renderers()

    @describe("A conversation's picture, a square.", answers={200: Raw(WEBP, BINARY), 304: None}, query=QUERY)
    def get(self, request: SignedInRequest, id: UUID) -> HttpResponse:  # noqa: A002
        size = _size(request)
        return _show(request, size, *services.picture_of_conversation(request.user, id, size))

    @describe("Show this picture of a conversation.", body=UPLOAD, answers={204: None})
    def put(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        actor = Membership.objects.of(request.user, id)
        refuse_unless_allowed(actor, "edit_conversation")  # before the picture is read
        with services.arrival(request.user, expected_size(request.META), is_kept=False):
            services.set_conversation_avatar(actor, _file(request))
        return Response(status=204)

    @describe("Show no picture of a conversation.", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.remove_conversation_avatar(Membership.objects.of(request.user, id))
        return Response(status=204)


def _show(request: SignedInRequest, size: int, version: str, picture: bytes) -> HttpResponse:
    etag = f'"{version}-{size}"'
    is_for_ever = request.query_params.get("v") == version and not is_link(request)
    caching = "private, max-age=31536000, immutable" if is_for_ever else "private, no-cache"
    headers = headers_for(request) | {"ETag": etag, "Cache-Control": caching, "Content-Disposition": DISPOSITION}
    if _has(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(picture, content_type=WEBP, headers=headers)


def _file(request: Request) -> TemporaryUploadedFile:
    file: TemporaryUploadedFile | None = request.FILES.get("file")
    if file is None:
        raise invalid("file", "This field is required.", "required")
    return file


def _size(request: Request) -> int:
    text = request.query_params.get("size", "256")
    if text not in map(str, AVATAR_SIZES):
        raise invalid("size", "The size is 64, 256 or 512.")
    return int(text)


def _has(request: Request, etag: str) -> bool:
    """Whether the client has this answer already."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return any(one in ("*", etag, f"W/{etag}") for one in known)
