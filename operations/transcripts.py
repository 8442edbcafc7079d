"""Reading in the console what was said in a conversation, or in a message that only a filter has reported: for who may,
with a reason, and never unnoticed."""

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

from chatproject.common import audit
from chatproject.common.admin import LinesField
from conversations.models import Conversation
from messaging import services
from messaging.models import Message

AT_ONCE = 100


class ReasonForm(forms.Form):
    """Why somebody reads what was not written for them; it stays in the audit log."""

    reason = LinesField(min_length=10, max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


def transcript(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The newest messages, or those before a place, after the reason was given."""
    if not request.user.has_perm("messaging.read_transcript"):
        raise PermissionDenied
    conversation = Conversation.objects.filter(id=conversation_id).first()
    if conversation is None:
        raise Http404
    return _after_reason(request, f"Transcript of {conversation}", partial(_page, request, conversation))


def opened_case(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """What a reported message says, and said before, after the reason was given."""
    if not request.user.has_perms(["messaging.decide_report", services.NEEDED_TO_OPEN]):
        raise PermissionDenied

    def shown(reason: str, before: int | None) -> dict[str, Any]:
        case = services.open_case(request.user, report_id=report_id, reason=reason)  # type: ignore[arg-type]
        return {"messages_shown": [case.message] if case.message else [], "past": case.past, "reason": reason}

    return _after_reason(request, "A message that a filter has reported", shown)


def _after_reason(request: HttpRequest, title: str, shown: Callable[..., dict[str, Any]]) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    context: dict[str, Any] = {**admin.site.each_context(request), "title": title, "form": form}
    if request.method == "POST" and form.is_valid():
        context |= shown(**form.cleaned_data)
    return TemplateResponse(request, "admin/transcript.html", context)


def _page(request: HttpRequest, conversation: Conversation, *, reason: str, before: int | None) -> dict[str, Any]:
    """Messages, ascending; that they are read is written down before they are shown."""
    rows = Message.objects.filter(conversation=conversation).select_related("sender").defer("words", "envelope")
    found = list((rows.filter(seq__lt=before) if before else rows).order_by("-seq")[: AT_ONCE + 1])
    shown = found[:AT_ONCE][::-1]
    places = {"first": shown[0].seq, "last": shown[-1].seq} if shown else {}
    audit.record(
        "transcript.read",
        actor_id=request.user.pk,
        subject="conversation",
        subject_id=conversation.id,
        reason=reason,
        **places,
    )
    return {"messages_shown": shown, "reason": reason, "before": shown[0].seq if len(found) > AT_ONCE else None}
