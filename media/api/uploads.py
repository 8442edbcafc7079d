"""`media/`: uploading files, downloading them, discarding them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.authentication import (
    LINK,
    BearerAuthentication,
    FileAuthentication,
    LinkAuthentication,
    PictureAuthentication,
    SignedInRequest,
)
from common import limits
from common.errors import Refusal, invalid, not_found
from common.files import FileRenderer
from common.idempotency import created_status
from common.openapi import BINARY, BYTES, PAGING, Page, Raw, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from media import services
from media.models import Attachment, Blob, Upload
from media.serving import Stored, serve
from media.sniffing import INLINE
from media.upload_parser import FORM_SIZE, FileParser, expected_size
from media.wire import SharedFile, UploadState, shared_file, upload_state

FORM = Raw(
    "multipart/form-data",
    {
        "type": "object",
        "properties": {
            "conversation_id": {
                "type": "string",
                "format": "uuid",
                "description": "Send it before the file, to be refused early.",
            },
            "kind": {
                "enum": list(Upload.Kind),
                "description": "`voice` marks a recording as a voice note; `document` sends any file as it is. "
                "Otherwise the content decides.",
            },
            "client_id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "description": "Makes it safe to repeat the request.",
            },
            "file": BINARY,
        },
        "required": ["conversation_id", "file"],
    },
)
FILE = Raw(BYTES, BINARY)
KINDS = {"kind": (str, f"Only files of this kind: {', '.join(Upload.Kind)}.")}


class FileThrottle(BaseThrottle):
    """Counts `RATE_FILES` by user: one page of a conversation shows many files."""

    def allow_request(self, request: Request, view: Any) -> bool:
        limits.spend(settings.RATE_FILES, f"files:{request.user.pk}")
        return True


FILES: dict[str, Any] = {"renderer_classes": (FileRenderer,), "throttle_classes": (FileThrottle,)}
"""For an `@action` that answers with a file."""


class NewUploadViewSet(ViewSet):
    parser_classes = (FileParser,)

    @describe(
        "Upload a file to attach to messages of one conversation",
        body=FORM,
        answers={201: UploadState, 200: UploadState},
    )
    def create(self, request: SignedInRequest) -> Response:
        limits.spend(settings.RATE_UPLOADS, f"uploads:{request.user.id}")
        with services.reserve_upload(request.user, _at_least(request)):
            return self._keep(request)

    def _keep(self, request: SignedInRequest) -> Response:
        file = request.FILES.get("file")
        if file is None:
            raise invalid("file", "This field is required.", "required")
        with file:
            conversation_id, wanted, client_id = _fields(request.data)  # type: ignore[arg-type]
            upload = services.keep_upload(
                request.user, conversation_id=conversation_id, file=file, wanted=wanted, client_id=client_id
            )
        return Response(upload_state(upload), status=created_status(upload))

    def check_upload(self, request: SignedInRequest, fields: Mapping[str, str]) -> None:
        """Called before the first byte of the file: refuses what can already be refused."""
        if "conversation_id" in fields:
            conversation_id, *_ = _fields(fields)
            services.check_upload(request.user, conversation_id=conversation_id, size=_at_least(request))
            close_old_connections()


class UploadViewSet(ViewSet):
    @describe("Get an upload: what it is, and whether it is ready", answers={200: UploadState})
    def retrieve(self, request: SignedInRequest, id: UUID) -> Response:
        return Response(upload_state(services.upload_of(request.user, id)))

    @describe("Delete one of your files that is in no message", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID) -> Response:
        services.discard_upload(request.user, upload_id=id)
        return Response(status=204)

    @describe(
        "Download a file, whole or by `Range`, once it is cleaned (409 before); for saving only if it cannot be",
        answers={200: FILE, 206: FILE, 302: None, 304: None},
        query=LINK,
    )
    @action(
        detail=True,
        authentication_classes=(BearerAuthentication, LinkAuthentication, FileAuthentication, PictureAuthentication),
        **FILES,
    )
    def content(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:
        upload = services.upload_of(request.user, id)
        if isinstance(request.successful_authenticator, PictureAuthentication) and upload.kind != Upload.Kind.IMAGE:
            raise Refusal("not_authenticated")
        services.refuse_unless_readable(request.user, upload)
        is_shown = bool(upload.is_cleaned) and upload.kind in services.PROCESSED_KINDS and upload.mime_type in INLINE
        return serve(request, _stored(upload.content, upload.mime_type, upload.filename, is_shown))

    @describe(
        "Get a sound as AAC, for devices that cannot play the original",
        answers={200: Raw("audio/mp4", BINARY), 206: FILE, 302: None, 304: None},
        query=LINK,
    )
    @action(
        detail=True,
        authentication_classes=(BearerAuthentication, LinkAuthentication, FileAuthentication),
        **FILES,
    )
    def aac(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:
        upload = services.upload_of(request.user, id)
        if upload.aac is None:
            raise not_found()
        return serve(request, _stored(upload.aac, "audio/mp4", f"{PurePath(upload.filename).stem}.m4a", True))

    @describe(
        "Get a thumbnail of an image or a video",
        answers={200: Raw("image/webp", BINARY), 206: FILE, 302: None, 304: None},
        query=LINK | {"size": (str, "`small` (the default, at most 320 pixels per side) or `large` (1280).")},
    )
    @action(
        detail=True,
        authentication_classes=(BearerAuthentication, LinkAuthentication, PictureAuthentication),
        **FILES,
    )
    def thumbnail(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:
        size = request.query_params.get("size", "small")
        if size not in ("small", "large"):
            raise invalid("size", "Choose one of: small, large.")
        upload = services.upload_of(request.user, id)
        blob = upload.small if size == "small" else upload.large
        if blob is None:
            raise not_found()
        return serve(request, _stored(blob, "image/webp", f"{size}.webp", True))


class SharedFileViewSet(ViewSet):
    @describe(
        "List the files sent in a conversation, newest first",
        answers={200: Page[SharedFile]},
        query=KINDS | PAGING,
    )
    def list(self, request: SignedInRequest, id: UUID) -> Response:
        membership = Membership.objects.of(request.user, id)
        rows = Attachment.objects.in_view_of(membership).select_related("upload", "upload__uploader")
        if kind := request.query_params.get("kind"):
            if kind not in Upload.Kind:
                raise invalid("kind", f"Choose one of: {', '.join(Upload.Kind)}.")
            rows = rows.filter(upload__kind=kind)
        return Response(page(request, rows, order=["-seq", "position"], show=_shared))


def _at_least(request: SignedInRequest) -> int:
    """The announced size of the file in bytes, or less."""
    return max(0, expected_size(request.META) - FORM_SIZE)


def _shared(found: list[Attachment]) -> list[SharedFile]:
    return [shared_file(one) for one in found]


def _fields(fields: Mapping[str, Any]) -> tuple[UUID, str, str | None]:
    """The conversation, the requested kind, and the `client_id`, if any."""
    try:
        conversation_id = UUID(fields["conversation_id"])
    except KeyError:
        raise invalid("conversation_id", "This field is required.", "required") from None
    except ValueError:
        raise invalid("conversation_id", "This is not a valid ID.") from None
    wanted = fields.get("kind", "")
    if wanted and wanted not in Upload.Kind:
        raise invalid("kind", f"Choose one of: {', '.join(Upload.Kind)}.")
    client_id = fields.get("client_id")
    if client_id is not None and not 1 <= len(client_id) <= 64:
        raise invalid("client_id", "Use 1 to 64 characters.")
    return conversation_id, wanted, client_id


def _stored(blob: Blob, mime_type: str, filename: str, is_inline: bool) -> Stored:
    return Stored(blob.name, blob.size, blob.digest, mime_type, filename, is_inline)
