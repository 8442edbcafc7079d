"""Conversations in the console: to look at, without what was said in them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from conversations.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(ModelAdmin):
    """Kinds, sizes and activity. Changing them goes through the members' own doors."""

    list_display = ("__str__", "kind", "member_count", "message_count", "created_at", "active_at")
    list_filter = ("kind", "encryption")
    search_fields = ("name", "id")
    ordering = ("-active_at",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
