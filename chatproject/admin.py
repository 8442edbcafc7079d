"""Exports in the console: to look at how they go, without what is in them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from chatproject.models import PersonalExport


@admin.register(PersonalExport)
class PersonalExportAdmin(ModelAdmin):
    """Who asked for an archive, and how far it is. Only the person it is about can read it."""

    list_display = ("user", "status", "progress", "size", "created_at", "finished_at", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("-created_at",)
    fields = ("id", *list_display)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
