"""`backups/`, for staff. Other users get 404."""

from uuid import UUID

from rest_framework.response import Response

from accounts.api.staff import StaffViewSet
from accounts.authentication import SignedInRequest
from common.api import body_of
from common.errors import not_found
from common.idempotency import created_status
from common.openapi import PAGING, Page, describe
from common.pagination import page
from operations.backups.create import request_backup
from operations.backups.wire import BackupState, NewBackup, backup_state
from operations.models import Backup


class BackupViewSet(StaffViewSet):
    lookup_url_kwarg = "backup_id"
    needs, needs_to_write = "chatproject.view_backup", "chatproject.add_backup"

    @describe("List all backups (for staff), newest first", answers={200: Page[BackupState]}, query=PAGING)
    def list(self, request: SignedInRequest) -> Response:
        def show(found: list[Backup]) -> list[BackupState]:
            return [backup_state(one) for one in found]

        return Response(page(request, Backup.objects.all(), order=["-created_at", "-id"], show=show))

    @describe(
        "Start a backup (for staff), or get the one that is running; `conflict` without `BACKUP_KEY`",
        body=NewBackup,
        needs_body=False,
        answers={202: BackupState, 200: BackupState},
    )
    def create(self, request: SignedInRequest) -> Response:
        backup = request_backup(request.user, client_id=body_of(request, NewBackup).client_id)
        return Response(backup_state(backup), created_status(backup, 202))

    @describe("Get a backup and its progress (for staff)", answers={200: BackupState})
    def retrieve(self, request: SignedInRequest, backup_id: UUID) -> Response:
        backup = Backup.objects.filter(id=backup_id).first()
        if backup is None:
            raise not_found()
        return Response(backup_state(backup))
