"""Reading messages in the console: a conversation, or a message that only a filter has reported. It requires a
permission and a reason, and is recorded in the audit log."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from common import audit
from common.admin import LinesField
from conversations.models import Conversation
from messaging.models import Message
from messaging.moderation import services as moderation

PAGE_SIZE = 100


class ReasonForm(forms.Form):
    """Asks why an operator reads these messages. The reason is recorded in the audit log."""

    reason = LinesField(min_length=10, max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


def transcript(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The newest messages, or those before a position, once a reason is given."""
    if not request.user.has_perm("messaging.read_transcript"):
        raise PermissionDenied
    conversation = Conversation.objects.filter(id=conversation_id).first()
    if conversation is None:
        raise Http404
    return _ask_reason(request, f"Transcript of {conversation}", partial(_read_page, request, conversation))


def opened_case(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """A reported message and its earlier versions, once a reason is given."""
    if not request.user.has_perms(["messaging.decide_report", moderation.OPEN_PERMISSION]):
        raise PermissionDenied

    def read_case(reason: str, before: int | None) -> dict[str, Any]:
        case = moderation.open_case(request.user, report_id=report_id, reason=reason)  # type: ignore[arg-type]
        return {"messages_shown": [case.message] if case.message else [], "past": case.past, "reason": reason}

    return _ask_reason(request, "A message that a filter has reported", read_case)


def _ask_reason(request: HttpRequest, title: str, read: Callable[..., dict[str, Any]]) -> HttpResponse:
    """Ask for a reason. Once it is given, also show what `read` returns."""
    form = ReasonForm(request.POST or None)
    context: dict[str, Any] = {**admin.site.each_context(request), "title": title, "form": form}
    if request.method == "POST" and form.is_valid():
        context |= read(**form.cleaned_data)
    return TemplateResponse(request, "admin/transcript.html", context)


def _read_page(request: HttpRequest, conversation: Conversation, *, reason: str, before: int | None) -> dict[str, Any]:
    """Messages in ascending order. Reading them is recorded before they are shown."""
    rows = Message.objects.filter(conversation=conversation).select_related("sender").defer("words", "envelope")
    found = list((rows.filter(seq__lt=before) if before else rows).order_by("-seq")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE][::-1]
    positions = {"first": shown[0].seq, "last": shown[-1].seq} if shown else {}
    audit.record(
        "transcript.read",
        actor_id=request.user.pk,
        subject="conversation",
        subject_id=conversation.id,
        reason=reason,
        **positions,
    )
    return {"messages_shown": shown, "reason": reason, "before": shown[0].seq if len(found) > PAGE_SIZE else None}
