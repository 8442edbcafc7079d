"""`users/me/avatar/`, `users/{id}/avatar/` and `conversations/{id}/avatar/`."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.decorators import action
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import (
    LINK,
    BearerAuthentication,
    LinkAuthentication,
    PictureAuthentication,
    SignedInRequest,
)
from common.body_errors import refuse_unexpected_fields
from common.errors import invalid
from common.files import FileRenderer
from common.openapi import BINARY, Raw, describe, fields_of_form
from common.viewsets import ViewSet
from conversations.models import Membership
from conversations.services.locking import refuse_unless_allowed
from media import services
from media.limits import AVATAR_SIZES
from media.serving import headers_for, is_link
from media.upload_parser import expected_size, field_names

WEBP = "image/webp"
UPLOAD = Raw("multipart/form-data", {"type": "object", "properties": {"file": BINARY}, "required": ["file"]})
QUERY = {
    "size": (int, "Pixels per side: 64, 256 (the default) or 512."),
    **LINK,
    "v": (str, "The version from `avatar_url`, for the browser's cache. The answer is always the current picture."),
}
DISPOSITION = 'inline; filename="avatar.webp"'


class PictureParser(MultiPartParser):
    """A form with one picture."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        form = super().parse(stream, media_type, parser_context)
        known = fields_of_form(parser_context["view"], parser_context["request"].method)
        refuse_unexpected_fields([*field_names(form.data), *form.files], known)
        return form


class OwnAvatarViewSet(ViewSet):
    parser_classes = (PictureParser,)

    @describe("Set your avatar, an image in any common format", body=UPLOAD, answers={204: None})
    @action(detail=False, methods=["put"], url_path="me/avatar")
    def set_avatar(self, request: SignedInRequest) -> Response:
        with services.reserve_upload(request.user, expected_size(request.META), is_kept=False):
            services.set_avatar(request.user, _file(request))
        return Response(status=204)

    @describe("Remove your avatar", answers={204: None})
    @set_avatar.mapping.delete
    def remove_avatar(self, request: SignedInRequest) -> Response:
        services.remove_avatar(request.user)
        return Response(status=204)


class AvatarViewSet(ViewSet):
    authentication_classes = (BearerAuthentication, LinkAuthentication, PictureAuthentication)
    renderer_classes = (FileRenderer,)

    @describe("Get a user's avatar, a square", answers={200: Raw(WEBP, BINARY), 304: None}, query=QUERY)
    @action(detail=True)
    def avatar(self, request: SignedInRequest, id: UUID) -> HttpResponse:
        size = _size(request)
        return _show(request, size, *services.read_avatar(id, size))


class ConversationAvatarViewSet(ViewSet):
    authentication_classes = (BearerAuthentication, LinkAuthentication, PictureAuthentication)
    parser_classes = (PictureParser,)

    def get_renderers(self) -> list[BaseRenderer]:
        return [FileRenderer()] if self.request.method == "GET" else super().get_renderers()

    @describe("Get a conversation's avatar, a square", answers={200: Raw(WEBP, BINARY), 304: None}, query=QUERY)
    @action(detail=True)
    def avatar(self, request: SignedInRequest, id: UUID) -> HttpResponse:
        size = _size(request)
        return _show(request, size, *services.read_conversation_avatar(request.user, id, size))

    @describe("Set a conversation's avatar, an image in any common format", body=UPLOAD, answers={204: None})
    @avatar.mapping.put
    def set_avatar(self, request: SignedInRequest, id: UUID) -> Response:
        actor = Membership.objects.of(request.user, id)
        refuse_unless_allowed(actor, "edit_conversation")  # before the picture is read
        with services.reserve_upload(request.user, expected_size(request.META), is_kept=False):
            services.set_conversation_avatar(actor, _file(request))
        return Response(status=204)

    @describe("Remove a conversation's avatar", answers={204: None})
    @avatar.mapping.delete
    def remove_avatar(self, request: SignedInRequest, id: UUID) -> Response:
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
        raise invalid("size", "Choose one of: 64, 256, 512.")
    return int(text)


def _has(request: Request, etag: str) -> bool:
    """Whether the client already has this picture."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return any(one in ("*", etag, f"W/{etag}") for one in known)
