"""`users/me/export/`: request an archive, follow its progress, download it."""

from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import LINK, BearerAuthentication, FileAuthentication, LinkAuthentication, SignedInRequest
from accounts.models import User
from common.api import body_of
from common.errors import not_found
from common.files import FileRenderer
from common.idempotency import created_status
from common.openapi import BINARY, PAGING, Page, Raw, describe
from common.pagination import page
from common.viewsets import ViewSet
from media.serving import Stored, serve
from operations.models import PersonalExport
from operations.personal_export.create import request_export
from operations.personal_export.wire import ExportState, NewExport, export_state

ZIP = "application/zip"
ARCHIVE = Raw(ZIP, BINARY)


class ExportViewSet(ViewSet):
    lookup_url_kwarg = "export_id"

    @describe("List your exports, newest first", answers={200: Page[ExportState]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        def show(found: list[PersonalExport]) -> list[ExportState]:
            return [export_state(one, request) for one in found]

        rows = PersonalExport.objects.of(request.user)
        return Response(page(request, rows, order=["-created_at", "-id"], show=show))

    @describe(
        "Start an export of all your data, at most three a day, or get the one that is running",
        body=NewExport,
        needs_body=False,
        answers={202: ExportState, 200: ExportState},
    )
    def create(self, request: SignedInRequest) -> Response:
        export = request_export(request.user, client_id=body_of(request, NewExport).client_id)
        return Response(export_state(export, request), created_status(export, 202))

    @describe("Get one of your exports: its progress, and where its archive is", answers={200: ExportState})
    def retrieve(self, request: SignedInRequest, export_id: UUID) -> Response:
        return Response(export_state(_export(request.user, export_id), request))

    @describe(
        "Download the archive of a finished export, whole or by `Range`",
        answers={200: ARCHIVE, 206: ARCHIVE, 302: None, 304: None},
        query=LINK,
    )
    @action(
        detail=True,
        authentication_classes=(BearerAuthentication, LinkAuthentication, FileAuthentication),
        renderer_classes=(FileRenderer,),
    )
    def archive(self, request: SignedInRequest, export_id: UUID) -> HttpResponseBase:
        export = _export(request.user, export_id)
        return serve(request, stored_archive(export), caching="private, no-store")


def stored_archive(export: PersonalExport) -> Stored:
    """Where the archive is stored, and its name when downloaded. Refuses `not_found` until the export is done."""
    if export.size is None:
        raise not_found()
    name = f"chat-export-{export.user.username}-{export.created_at:%Y-%m-%d}.zip"
    return Stored(export.archive, export.size, export.id.hex, ZIP, name, is_inline=False)


def _export(user: User, export_id: UUID) -> PersonalExport:
    export = PersonalExport.objects.of(user).select_related("user").filter(id=export_id).first()
    if export is None:
        raise not_found()
    return export
