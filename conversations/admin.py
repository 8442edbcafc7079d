"""Conversations in the console: to look at, without what was said in them."""

from django.contrib import admin

from chatproject.common.admin import ReadOnlyAdmin
from conversations.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Kinds, sizes and activity. Changing them goes through the members' own doors."""

    list_display = ("__str__", "kind", "member_count", "message_count", "created_at", "active_at")
    list_filter = ("kind", "encryption")
    search_fields = ("name", "id")
    ordering = ("-active_at",)
