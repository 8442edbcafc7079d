"""`media/`: bringing files, looking at them, taking them back."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.authentication import (
    LINK,
    BearerAuthentication,
    FileAuthentication,
    LinkAuthentication,
    PictureAuthentication,
    SignedInRequest,
)
from chatproject.common import limits
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.files import FileRenderer
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import BINARY, BYTES, PAGING, Page, Raw, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from media import services
from media.arriving import FORM_SIZE, FileParser, expected_size
from media.models import Attachment, Blob, Upload
from media.serving import Stored, serve
from media.sniffing import INLINE
from media.wire import SharedFile, UploadState, shared_file, upload_state

FORM = Raw(
    "multipart/form-data",
    {
        "type": "object",
        "properties": {
            "conversation_id": {"type": "string", "format": "uuid", "description": "Before the file: refused early."},
            "kind": {
                "enum": list(Upload.Kind),
                "description": "`voice` marks a recording as a voice note; `document` sends anything as it is. "
                "Otherwise the content says what it is.",
            },
            "client_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Makes a repeat safe."},
            "file": BINARY,
        },
        "required": ["conversation_id", "file"],
    },
)
FILE = Raw(BYTES, BINARY)
KINDS = {"kind": (str, f"Only files of this kind: {', '.join(Upload.Kind)}.")}


class UploadsView(APIView):
    parser_classes = (FileParser,)

    @describe(
        "Bring a file, to be attached to messages of one conversation",
        body=FORM,
        answers={201: UploadState, 200: UploadState},
    )
    def post(self, request: SignedInRequest) -> Response:
        limits.spend(settings.RATE_UPLOADS, f"uploads:{request.user.id}")
        with services.arrival(request.user, _at_least(request)):
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
        return Response(upload_state(upload), status=status_of(upload))

    def check_upload(self, request: SignedInRequest, fields: Mapping[str, str]) -> None:
        """Before the first byte of the file: whatever can be refused by now."""
        if "conversation_id" in fields:
            conversation_id, *_ = _fields(fields)
            services.check_upload(request.user, conversation_id=conversation_id, size=_at_least(request))
            close_old_connections()


class UploadView(APIView):
    @describe("A file: what it is, and whether it is ready", answers={200: UploadState})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        return Response(upload_state(services.upload_of(request.user, id)))

    @describe("Take back an own file that stands in no message", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.discard_upload(request.user, upload_id=id)
        return Response(status=204)


class FileThrottle(BaseThrottle):
    """`RATE_FILES` by person: a page of a conversation shows many."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        limits.spend(settings.RATE_FILES, f"files:{request.user.pk}")
        return True


class ContentView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, FileAuthentication, PictureAuthentication)
    renderer_classes = (FileRenderer,)
    throttle_classes = (FileThrottle,)

    @describe(
        "The bytes, whole or by `Range`, once the file was cleaned (409 before); of what cannot be, to save only",
        answers={200: FILE, 206: FILE, 302: None, 304: None},
        query=LINK,
    )
    def get(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:  # noqa: A002
        upload = services.upload_of(request.user, id)
        if isinstance(request.successful_authenticator, PictureAuthentication) and upload.kind != Upload.Kind.IMAGE:
            raise Refusal("not_authenticated")
        services.refuse_unless_given(request.user, upload)
        is_shown = bool(upload.is_cleaned) and upload.kind in services.SHOWN and upload.mime_type in INLINE
        return serve(request, _stored(upload.content, upload.mime_type, upload.filename, is_shown))


class AacView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, FileAuthentication)
    renderer_classes = (FileRenderer,)
    throttle_classes = (FileThrottle,)

    @describe(
        "A sound as AAC, for devices that do not play what was sent",
        answers={200: Raw("audio/mp4", BINARY), 206: FILE, 302: None, 304: None},
        query=LINK,
    )
    def get(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:  # noqa: A002
        upload = services.upload_of(request.user, id)
        if upload.aac is None:
            raise not_found()
        return serve(request, _stored(upload.aac, "audio/mp4", f"{PurePath(upload.filename).stem}.m4a", True))


class ThumbnailView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, PictureAuthentication)
    renderer_classes = (FileRenderer,)
    throttle_classes = (FileThrottle,)

    @describe(
        "A small picture of a picture or a film",
        answers={200: Raw("image/webp", BINARY), 206: FILE, 302: None, 304: None},
        query=LINK | {"size": (str, "`small` (by default; at most 320 pixels along a side) or `large` (1280).")},
    )
    def get(self, request: SignedInRequest, id: UUID) -> HttpResponseBase:  # noqa: A002
        size = request.query_params.get("size", "small")
        if size not in ("small", "large"):
            raise invalid("size", "The size is small or large.")
        upload = services.upload_of(request.user, id)
        blob = upload.small if size == "small" else upload.large
        if blob is None:
            raise not_found()
        return serve(request, _stored(blob, "image/webp", f"{size}.webp", True))


class SharedView(APIView):
    @describe(
        "Files that were sent in a conversation, the newest first",
        answers={200: Page[SharedFile]},
        query=KINDS | PAGING,
    )
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership = Membership.objects.of(request.user, id)
        rows = Attachment.objects.in_view_of(membership).select_related("upload", "upload__uploader")
        if kind := request.query_params.get("kind"):
            if kind not in Upload.Kind:
                raise invalid("kind", f"The kind is one of {', '.join(Upload.Kind)}.")
            rows = rows.filter(upload__kind=kind)
        return Response(page(request, rows, order=["-seq", "position"], show=_shared))


def _at_least(request: SignedInRequest) -> int:
    """The bytes of the file that is announced, or fewer."""
    return max(0, expected_size(request.META) - FORM_SIZE)


def _shared(found: list[Attachment]) -> list[SharedFile]:
    return [shared_file(one) for one in found]


def _fields(fields: Mapping[str, Any]) -> tuple[UUID, str, str | None]:
    """The conversation, the kind that is wanted and the `client_id`, if any."""
    try:
        conversation_id = UUID(fields["conversation_id"])
    except KeyError:
        raise invalid("conversation_id", "This field is required.", "required") from None
    except ValueError:
        raise invalid("conversation_id", "This is no id.") from None
    wanted = fields.get("kind", "")
    if wanted and wanted not in Upload.Kind:
        raise invalid("kind", f"The kind is one of {', '.join(Upload.Kind)}.")
    client_id = fields.get("client_id")
    if client_id is not None and not 1 <= len(client_id) <= 64:
        raise invalid("client_id", "1 to 64 characters.")
    return conversation_id, wanted, client_id


def _stored(blob: Blob, mime_type: str, filename: str, is_inline: bool) -> Stored:
    return Stored(blob.name, blob.size, blob.digest, mime_type, filename, is_inline)
