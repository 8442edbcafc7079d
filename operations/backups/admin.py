"""Backups in the console: how they went, and two buttons."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from chatproject.backups.drilling import request_drill
from chatproject.backups.making import request_backup
from chatproject.common.admin import ReadOnlyAdmin, attempt, back, button
from chatproject.models import Backup


@admin.register(Backup)
class BackupAdmin(ReadOnlyAdmin):
    """How backups went and when each was proved. The page looks again by itself while one is made."""

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

    @button(
        "start",
        "Back up now",
        "Everything is copied and sealed while people go on chatting.",
        may=["start"],
        form=None,
    )
    def start(self, request: HttpRequest, form: Any) -> HttpResponse:
        def deed() -> str:
            backup = request_backup(request.user)  # type: ignore[arg-type]
            return f"The {backup} is {backup.status}."

        attempt(request, deed)
        return back(reverse("admin:chatproject_backup_changelist"))

    @button(
        "prove",
        "Prove the newest",
        "It is restored elsewhere, and every row and file compared.",
        may=["start"],
        form=None,
    )
    def prove(self, request: HttpRequest, form: Any) -> HttpResponse:
        def deed() -> str:
            request_drill(request.user)  # type: ignore[arg-type]
            return "The newest backup will be restored elsewhere and compared."

        attempt(request, deed)
        return back(reverse("admin:chatproject_backup_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        if Backup.objects.unfinished().exists():
            response.headers["Refresh"] = "2"
        return response
