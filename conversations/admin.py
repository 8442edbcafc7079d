"""Conversations in the console: operators see their properties, but no messages, and can freeze and change them."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from common.admin import (
    LineField,
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    attempt,
    dialog_button,
    redirect_from_dialog,
)
from conversations import services
from conversations.models import Conversation, Membership

MAX_CHOICES = 200
"""How many members to choose the owner from: the oldest ones, with owners and admins first."""


class ChangeForm(ReasonForm):
    """Changes name, slow mode and who can write; shows the current values."""

    name = LineField(max_length=100, widget=UnfoldAdminTextInputWidget)
    is_read_only = forms.BooleanField(required=False, widget=UnfoldBooleanWidget, help_text="Only admins can write.")
    slow_mode_seconds = forms.IntegerField(min_value=0, max_value=21_600, widget=UnfoldAdminIntegerFieldWidget)
    field_order = ("name", "is_read_only", "slow_mode_seconds", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        conversation = Conversation.objects.filter(id=self.object_id).first()
        for name in ("name", "is_read_only", "slow_mode_seconds"):
            self.fields[name].initial = getattr(conversation, name, None)


class OwnerForm(ReasonForm):
    """Asks which member becomes the owner."""

    owner_id = forms.TypedChoiceField(label="Owner", widget=UnfoldAdminSelectWidget)
    field_order = ("owner_id", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.live().filter(conversation=self.object_id).select_related("user")
        first = sorted(members.order_by("joined_at")[:MAX_CHOICES], key=lambda one: one.role == Membership.Role.MEMBER)
        self.fields["owner_id"].choices = [(str(one.user_id), f"{one.user} ({one.role})") for one in first]


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Kinds, sizes and activity. Members see at once what operators change."""

    list_display = ("__str__", "kind", "member_count", "message_count", "is_frozen", "created_at", "active_at")
    list_filter = ("kind", "encryption", "is_frozen")
    search_fields = ("name", "id")
    ordering = ("-active_at",)
    fields = (
        *("id", "kind", "name", "description", "owners", "member_count", "message_count", "encryption", "history"),
        *("members_can_invite", "is_read_only", "slow_mode_seconds", "is_frozen", "created_at", "active_at"),
    )
    actions = ("freeze", "thaw")
    action_form = ReasonedActionForm
    actions_detail = ("transcript", "freeze_this", "thaw_this", "change_settings", "change_owner")

    def has_moderate_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("conversations.moderate_conversation")

    def has_read_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("messaging.read_transcript")

    @admin.display(description="owners")
    def owners(self, conversation: Conversation) -> str:
        live = Membership.objects.live().filter(conversation=conversation, role=Membership.Role.OWNER)
        return ", ".join(str(one.user) for one in live.select_related("user").order_by("joined_at")[:10]) or "-"

    @action(description="Transcript", url_path="transcript", permissions=["read"])
    def transcript(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the page that asks for a reason before it shows any message."""
        return redirect("transcript", conversation_id=object_id)

    @admin.action(description="Freeze: members can only read and leave", permissions=["moderate"])
    def freeze(self, request: HttpRequest, conversations: QuerySet[Conversation]) -> None:
        for one in conversations:
            self._moderate(request, one.id, {"is_frozen": True}, request.POST.get("reason", ""))

    @admin.action(description="Thaw: undo the freeze", permissions=["moderate"])
    def thaw(self, request: HttpRequest, conversations: QuerySet[Conversation]) -> None:
        for one in conversations:
            self._moderate(request, one.id, {"is_frozen": False}, request.POST.get("reason", ""))

    @dialog_button(
        "freeze",
        "Freeze",
        "Members can only read and leave.",
        permissions=["moderate"],
        is_dangerous=True,
    )
    def freeze_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._moderate(request, object_id, {"is_frozen": True}, form.cleaned_data["reason"])

    @dialog_button("thaw", "Thaw", "Members can write again.", permissions=["moderate"])
    def thaw_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._moderate(request, object_id, {"is_frozen": False}, form.cleaned_data["reason"])

    @dialog_button(
        "moderate", "Name and slow mode", "All members see the change.", permissions=["moderate"], form=ChangeForm
    )
    def change_settings(self, request: HttpRequest, form: ChangeForm, object_id: str) -> HttpResponse:
        changes = {name: form.cleaned_data[name] for name in ("name", "is_read_only", "slow_mode_seconds")}
        return self._moderate(request, object_id, changes, form.cleaned_data["reason"])

    @dialog_button(
        "give", "Change owner", "The current owners become admins.", permissions=["moderate"], form=OwnerForm
    )
    def change_owner(self, request: HttpRequest, form: OwnerForm, object_id: str) -> HttpResponse:
        owner_id = UUID(form.cleaned_data["owner_id"])
        return self._moderate(request, object_id, {}, form.cleaned_data["reason"], owner_id)

    def _moderate(
        self, request: HttpRequest, object_id: Any, changes: dict[str, Any], reason: str, owner_id: UUID | None = None
    ) -> HttpResponse:
        def moderate() -> str:
            fields = {"changes": changes, "owner_id": owner_id, "reason": reason}
            conversation = services.moderate(request.user, conversation_id=object_id, **fields)  # type: ignore[arg-type]
            return f"{conversation} has been changed."

        attempt(request, moderate)
        return redirect_from_dialog(reverse("admin:conversations_conversation_change", args=[object_id]))
