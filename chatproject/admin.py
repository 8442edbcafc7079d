"""Background work in the console: exports, to look at how they go without what is in them, and all tasks."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from chatproject import worker
from chatproject.common.admin import ReadOnlyAdmin
from chatproject.models import PersonalExport


@admin.register(PersonalExport)
class PersonalExportAdmin(ReadOnlyAdmin):
    """Who asked for an archive, and how far it is. Only the person it is about can read it."""

    list_display = ("user", "status", "progress", "size", "created_at", "finished_at", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-created_at",)
    fields = ("id", *list_display)


admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(DBTaskResultAdmin, ReadOnlyAdmin):
    """What the worker does, has done and could not do."""

    actions = ("redrive",)

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_tasks_database.change_dbtaskresult")

    @admin.action(description="Run again", permissions=["redrive"])
    def redrive(self, request: HttpRequest, tasks: QuerySet[Any]) -> None:
        self.message_user(request, f"{worker.redrive(tasks)} will run again.")
