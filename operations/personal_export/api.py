"""`users/me/export/`: ask for an archive, see how far it is, take it away."""

from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import LINK, BearerAuthentication, FileAuthentication, LinkAuthentication, SignedInRequest
from accounts.models import User
from chatproject.common.api import body_of
from chatproject.common.errors import not_found
from chatproject.common.files import FileRenderer
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import BINARY, PAGING, Page, Raw, describe
from chatproject.common.pagination import page
from chatproject.models import PersonalExport
from chatproject.personal_export.making import request_export
from chatproject.personal_export.wire import ExportState, NewExport, export_state
from media.serving import Stored, serve

ZIP = "application/zip"
ARCHIVE = Raw(ZIP, BINARY)


class ExportsView(APIView):
    @describe("My exports, the newest first.", answers={200: Page[ExportState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        def show(found: list[PersonalExport]) -> list[ExportState]:
            return [export_state(one, request) for one in found]

        rows = PersonalExport.objects.of(request.user)
        return Response(page(request, rows, order=["-created_at", "-id"], show=show))

    @describe(
        "Have an archive of everything that I have here made, at most three a day; while one is being made, that one.",
        body=NewExport,
        needs_body=False,
        answers={202: ExportState, 200: ExportState},
    )
    def post(self, request: SignedInRequest) -> Response:
        export = request_export(request.user, client_id=body_of(request, NewExport).client_id)
        return Response(export_state(export, request), status_of(export, 202))


class ExportView(APIView):
    @describe("One of my exports: how far it is, and where its archive is.", answers={200: ExportState})
    def get(self, request: SignedInRequest, export_id: UUID) -> Response:
        return Response(export_state(_export(request.user, export_id), request))


class ArchiveView(APIView):
    authentication_classes = (BearerAuthentication, LinkAuthentication, FileAuthentication)
    renderer_classes = (FileRenderer,)

    @describe(
        "The archive of an export that is done, whole or by `Range`.",
        answers={200: ARCHIVE, 206: ARCHIVE, 302: None, 304: None},
        query=LINK,
    )
    def get(self, request: SignedInRequest, export_id: UUID) -> HttpResponseBase:
        export = _export(request.user, export_id)
        return serve(request, stored_archive(export), caching="private, no-store")


def stored_archive(export: PersonalExport) -> Stored:
    """Where its archive lies, and what it is called for who takes it away. Refuses `not_found` before it is done."""
    if export.size is None:
        raise not_found()
    name = f"chat-export-{export.user.username}-{export.created_at:%Y-%m-%d}.zip"
    return Stored(export.archive, export.size, export.id.hex, ZIP, name, is_inline=False)


def _export(user: User, export_id: UUID) -> PersonalExport:
    export = PersonalExport.objects.of(user).select_related("user").filter(id=export_id).first()
    if export is None:
        raise not_found()
    return export
