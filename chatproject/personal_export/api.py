"""`users/me/export/`: ask for an archive, see how far it is, take it away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import BearerAuthentication, PictureAuthentication, SignedInRequest
from accounts.models import User
from chatproject.common.errors import not_found
from chatproject.common.openapi import PAGING, Page, Raw, describe
from chatproject.common.pagination import page
from chatproject.models import PersonalExport
from chatproject.personal_export.making import request_export
from chatproject.personal_export.wire import ExportState, export_state

ZIP = "application/zip"
ARCHIVE = Raw(ZIP, {"type": "string", "format": "binary"})


class ExportsView(APIView):
    @describe("My exports, the newest first.", answers={200: Page[ExportState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        def show(found: list[PersonalExport]) -> list[ExportState]:
            return [export_state(one, request) for one in found]

        rows = PersonalExport.objects.of(request.user)
        return Response(page(request, rows, order=["-created_at", "-id"], show=show))

    @describe(
        "Have an archive of everything that I have here made, at most three a day; while one is being made, that one.",
        answers={202: ExportState},
    )
    def post(self, request: SignedInRequest) -> Response:
        return Response(export_state(request_export(request.user), request), 202)


class ExportView(APIView):
    @describe("One of my exports: how far it is, and where its archive is.", answers={200: ExportState})
    def get(self, request: SignedInRequest, export_id: UUID) -> Response:
        return Response(export_state(_export(request.user, export_id), request))


class ZipRenderer(BaseRenderer):
    """Whatever the client says it accepts: archives come in one form."""

    media_type = "*/*"
    format = "zip"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


class BlockwiseResponse(FileResponse):
    """A file as an attachment, read block by block: under ASGI, Django would read all of it before it sends any."""

    block_size = 65536

    async def __aiter__(self) -> AsyncIterator[bytes]:
        blocks = iter(self)
        while block := await asyncio.to_thread(next, blocks, b""):
            yield block


class ArchiveView(APIView):
    authentication_classes = (BearerAuthentication, PictureAuthentication)
    renderer_classes = (ZipRenderer,)

    @describe("The archive of an export that is done.", answers={200: ARCHIVE})
    def get(self, request: SignedInRequest, export_id: UUID) -> FileResponse:
        export = _export(request.user, export_id)
        try:
            file = default_storage.open(export.archive)
        except (FileNotFoundError, IsADirectoryError):
            raise not_found() from None
        name = f"chat-export-{request.user.username}-{export.created_at:%Y-%m-%d}.zip"
        return BlockwiseResponse(file, as_attachment=True, filename=name, content_type=ZIP)


def _export(user: User, export_id: UUID) -> PersonalExport:
    export = PersonalExport.objects.of(user).filter(id=export_id).first()
    if export is None:
        raise not_found()
    return export
