"""Conversations in the console: to look at, without what was said in them, to freeze and to put in order."""

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

from chatproject.common.admin import LineField, ReadOnlyAdmin, ReasonedActionForm, ReasonForm, attempt, back, button
from conversations import services
from conversations.models import Conversation, Membership

HEIRS = 200
"""Members whom one can choose from: those who came first, owners and admins above the others."""


class ChangeForm(ReasonForm):
    """Name, pace and who writes; filled with what holds now."""

    name = LineField(max_length=100, widget=UnfoldAdminTextInputWidget)
    is_read_only = forms.BooleanField(required=False, widget=UnfoldBooleanWidget, help_text="Only admins write.")
    slow_mode_seconds = forms.IntegerField(min_value=0, max_value=21_600, widget=UnfoldAdminIntegerFieldWidget)
    field_order = ("name", "is_read_only", "slow_mode_seconds", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        conversation = Conversation.objects.filter(id=self.object_id).first()
        for name in ("name", "is_read_only", "slow_mode_seconds"):
            self.fields[name].initial = getattr(conversation, name, None)


class OwnerForm(ReasonForm):
    """Asks which member is to own it."""

    owner_id = forms.TypedChoiceField(label="Owner", widget=UnfoldAdminSelectWidget)
    field_order = ("owner_id", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.live().filter(conversation=self.object_id).select_related("user")
        first = sorted(members.order_by("joined_at")[:HEIRS], key=lambda one: one.role == Membership.Role.MEMBER)
        self.fields["owner_id"].choices = [(str(one.user_id), f"{one.user} ({one.role})") for one in first]


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Kinds, sizes and activity. What operators change, everybody in it hears at once."""

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
    actions_detail = ("transcript", "freeze_this", "thaw_this", "adjust", "give")

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
        """Where a reason is asked for before anything is shown."""
        return redirect("transcript", conversation_id=object_id)

    @admin.action(description="Freeze: nobody writes, reacts or comes in", permissions=["moderate"])
    def freeze(self, request: HttpRequest, conversations: QuerySet[Conversation]) -> None:
        for one in conversations:
            self._moderate(request, one.id, {"is_frozen": True}, request.POST.get("reason", ""))

    @admin.action(description="Thaw: everything as it was before", permissions=["moderate"])
    def thaw(self, request: HttpRequest, conversations: QuerySet[Conversation]) -> None:
        for one in conversations:
            self._moderate(request, one.id, {"is_frozen": False}, request.POST.get("reason", ""))

    @button(
        "freeze",
        "Freeze",
        "Nobody writes, edits, reacts or comes in; one may read, and leave.",
        may=["moderate"],
        is_grave=True,
    )
    def freeze_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._moderate(request, object_id, {"is_frozen": True}, form.cleaned_data["reason"])

    @button("thaw", "Thaw", "Everything as it was before it was frozen.", may=["moderate"])
    def thaw_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._moderate(request, object_id, {"is_frozen": False}, form.cleaned_data["reason"])

    @button("moderate", "Name and pace", "Everybody in it hears of it.", may=["moderate"], form=ChangeForm)
    def adjust(self, request: HttpRequest, form: ChangeForm, object_id: str) -> HttpResponse:
        said = {name: form.cleaned_data[name] for name in ("name", "is_read_only", "slow_mode_seconds")}
        return self._moderate(request, object_id, said, form.cleaned_data["reason"])

    @button("give", "Change owner", "Those who own it now become admins.", may=["moderate"], form=OwnerForm)
    def give(self, request: HttpRequest, form: OwnerForm, object_id: str) -> HttpResponse:
        owner_id = UUID(form.cleaned_data["owner_id"])
        return self._moderate(request, object_id, {}, form.cleaned_data["reason"], owner_id)

    def _moderate(
        self, request: HttpRequest, object_id: Any, changes: dict[str, Any], reason: str, owner_id: UUID | None = None
    ) -> HttpResponse:
        def deed() -> str:
            about = {"changes": changes, "owner_id": owner_id, "reason": reason}
            done = services.moderate(request.user, conversation_id=object_id, **about)  # type: ignore[arg-type]
            return f"{done} is changed."

        attempt(request, deed)
        return back(reverse("admin:conversations_conversation_change", args=[object_id]))
