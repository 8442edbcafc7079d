"""`backups/`: what the staff asks for and looks at. For others there is no such address."""

from uuid import UUID

from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.authentication import SignedInRequest
from chatproject.backups.making import request_backup
from chatproject.backups.wire import BackupState, NewBackup, backup_state
from chatproject.common.api import body_of
from chatproject.common.errors import not_found
from chatproject.common.idempotency import status_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from chatproject.models import Backup


class BackupsView(StaffView):
    needs, needs_to_write = "chatproject.view_backup", "chatproject.add_backup"

    @describe("All backups, for the staff, the newest first.", answers={200: Page[BackupState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        def show(found: list[Backup]) -> list[BackupState]:
            return [backup_state(one) for one in found]

        return Response(page(request, Backup.objects.all(), order=["-created_at", "-id"], show=show))

    @describe(
        "Have a backup made, for the staff; while one is being made, that one. `conflict` without `BACKUP_KEY`.",
        body=NewBackup,
        needs_body=False,
        answers={202: BackupState, 200: BackupState},
    )
    def post(self, request: SignedInRequest) -> Response:
        backup = request_backup(request.user, client_id=body_of(request, NewBackup).client_id)
        return Response(backup_state(backup), status_of(backup, 202))


class BackupView(StaffView):
    needs = "chatproject.view_backup"

    @describe("One backup, for the staff, and how far it is.", answers={200: BackupState})
    def get(self, request: SignedInRequest, backup_id: UUID) -> Response:
        backup = Backup.objects.filter(id=backup_id).first()
        if backup is None:
            raise not_found()
        return Response(backup_state(backup))
