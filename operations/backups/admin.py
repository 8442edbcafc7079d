"""Backups in the console: their results, and buttons to make and to verify one."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from common.admin import ReadOnlyAdmin, attempt, dialog_button, redirect_from_dialog
from operations.backups.create import request_backup
from operations.backups.drill import request_drill
from operations.models import Backup


@admin.register(Backup)
class BackupAdmin(ReadOnlyAdmin):
    """All backups. The page refreshes itself while one is in progress."""

    list_display = ("created_at", "status", "percent", "bytes", "proved_at", "copied_at", "copy_note", "note")
    list_filter = ("status",)
    ordering = ("-created_at",)
    fields = (
        "id",
        "name",
        *list_display,
        "finished_at",
        "deleted_at",
        "copy_tried_at",
        "drilled_at",
        "drill_seconds",
        "drill_result",
    )
    actions_list = ("start", "prove")

    @admin.display(description="progress", ordering="progress")
    def percent(self, backup: Backup) -> str:
        return f"{backup.progress} %"

    @admin.display(description="size", ordering="size")
    def bytes(self, backup: Backup) -> str:
        return filesizeformat(backup.size) if backup.size else "-"

    def has_start_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chatproject.add_backup")

    @dialog_button(
        "start",
        "Back up now",
        "Makes an encrypted copy of everything. People can go on chatting meanwhile.",
        permissions=["start"],
        form=None,
    )
    def start(self, request: HttpRequest, form: Any) -> HttpResponse:
        def start_backup() -> str:
            backup = request_backup(request.user)  # type: ignore[arg-type]
            return f"The {backup} is {backup.status}."

        attempt(request, start_backup)
        return redirect_from_dialog(reverse("admin:chatproject_backup_changelist"))

    @dialog_button(
        "prove",
        "Verify the newest",
        "Restores the newest backup into a scratch installation and compares every row and file.",
        permissions=["start"],
        form=None,
    )
    def prove(self, request: HttpRequest, form: Any) -> HttpResponse:
        def start_drill() -> str:
            request_drill(request.user)  # type: ignore[arg-type]
            return "The newest backup will be verified in the background."

        attempt(request, start_drill)
        return redirect_from_dialog(reverse("admin:chatproject_backup_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        if Backup.objects.unfinished().exists():
            response.headers["Refresh"] = "2"
        return response
