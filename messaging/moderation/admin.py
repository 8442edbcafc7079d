"""Reports and filters in the console: reading cases, deciding about them, and editing the filters."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from accounts.console import PeopleSearchAdmin
from common.admin import (
    ConsoleAdmin,
    LineField,
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    UntilForm,
    attempt,
    dialog_button,
    redirect_from_dialog,
)
from common.errors import Refusal
from messaging.models import Filter, Report
from messaging.moderation import services as moderation
from messaging.writing.filters import clean_pattern, try_filters

Decision = Report.Decision
DECIDE = "messaging.decide_report"
SUSPEND = "accounts.suspend_user"


@admin.register(Report)
class ReportAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """One row for each case, the open ones first. Everyone involved is notified of the decision."""

    list_display = ("created_at", "reason", "person", "reports", "comment", "status", "decision", "decided_at")
    list_filter = ("status", "reason", "decision")
    search_people = ("person", "reporter")
    ordering = ("-status", "created_at", "id")
    fields = ("id", "person", "status", "decision", "decision_reason", "decided_until", "decided_by", "decided_at")
    actions = ("dismiss",)
    action_form = ReasonedActionForm
    actions_detail = ("open_message", "delete_message", "warn", "suspend", "ban", "remove", "dismiss_this")
    change_form_outer_before_template = "console/case.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        """One report of each case in the list; any report by its own URL."""
        is_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        reports = Report.objects.visible_to(request.user)
        return reports.one_per_case() if is_list else reports.with_counts()

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm(SUSPEND)

    def has_read_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the user may open messages that only a filter has reported."""
        return request.user.has_perm(moderation.OPEN_PERMISSION)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the case to those who may decide. This is recorded in the audit log."""
        context = dict(extra_context or {})
        if self.has_decide_permission(request) and (report := self.get_object(request, object_id)):
            context["case"] = moderation.read_case(request.user, report_id=report.id)  # type: ignore[arg-type]
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    @admin.display(description="reports")
    def reports(self, report: Report) -> int:
        return report.reports  # type: ignore[attr-defined, no-any-return]

    @action(description="Open the message", url_path="open", permissions=["decide", "read"])
    def open_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Redirect to the page that asks for a reason before it shows the whole message."""
        return redirect("opened-case", report_id=object_id)

    @admin.action(description="Dismiss: take no action", permissions=["decide"])
    def dismiss(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        for report in reports:
            self._attempt(request, report.id, Decision.DISMISSED, request.POST.get("reason", ""))

    @dialog_button("dismiss", "Dismiss", "Take no action. The reporters are notified.", permissions=["decide"])
    def dismiss_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.DISMISSED, form)

    @dialog_button(
        "delete-message", "Delete the message", "For everyone, permanently.", permissions=["decide"], is_dangerous=True
    )
    def delete_message(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.MESSAGE_DELETED, form)

    @dialog_button("warn", "Warn", "The user gets a notification with the reason.", permissions=["decide"])
    def warn(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.WARNED, form)

    @dialog_button(
        "suspend",
        "Suspend",
        "Until the time that you enter.",
        permissions=["decide", "suspend"],
        form=UntilForm,
        is_dangerous=True,
    )
    def suspend(self, request: HttpRequest, form: UntilForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.SUSPENDED, form)

    @dialog_button(
        "ban", "Ban", "Until an operator restores the account.", permissions=["decide", "suspend"], is_dangerous=True
    )
    def ban(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.BANNED, form)

    @dialog_button(
        "remove",
        "Remove from the conversation",
        "From the conversation of the message. If this is its last owner, another member becomes owner.",
        permissions=["decide"],
        is_dangerous=True,
    )
    def remove(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.REMOVED, form)

    def _decide(self, request: HttpRequest, object_id: str, decision: Decision, form: ReasonForm) -> HttpResponse:
        until = form.cleaned_data.get("until")
        self._attempt(request, object_id, decision, form.cleaned_data["reason"], until)
        return redirect_from_dialog(reverse("admin:messaging_report_change", args=[object_id]))

    def _attempt(
        self, request: HttpRequest, report_id: Any, decision: Decision, reason: str, until: Any = None
    ) -> None:
        def decide() -> str:
            report = moderation.decide_report(
                request.user,  # type: ignore[arg-type]
                report_id=report_id,
                decision=decision,
                reason=reason,
                until=until,
            )
            return f"Decided: {report.verdict}."

        attempt(request, decide)


class FilterForm(forms.ModelForm[Filter]):
    """Shows refusals next to the field they are about."""

    is_broad = forms.BooleanField(
        label="It is broad",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Keep it even if it matches many recent messages.",
    )

    class Meta:
        model = Filter
        fields = ("kind", "pattern", "action", "is_active", "note")
        field_classes = {"note": LineField}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        kind = data.get("kind") or self.instance.kind
        if data.get("pattern") and kind:
            try:
                data["pattern"] = clean_pattern(kind, data["pattern"])
                if data["pattern"] != self.initial.get("pattern"):
                    moderation.refuse_broad(kind=kind, pattern=data["pattern"], is_broad=data["is_broad"])
            except Refusal as refusal:
                self.add_error("pattern", refusal.errors[0]["detail"])
        return data


class TrialForm(forms.Form):
    """Takes a text to try the filters on."""

    text = forms.CharField(max_length=10_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}))


@admin.register(Filter)
class FilterAdmin(ConsoleAdmin):
    """The word and link filters, and a page to try them on a text."""

    form = FilterForm
    list_display = ("pattern", "kind", "action", "is_active", "note")
    list_filter = ("kind", "action", "is_active")
    search_fields = ("pattern", "note")
    ordering = ("kind", "pattern")
    show_full_result_count = False
    actions_list = ("try_out",)

    def has_change_permission(self, request: HttpRequest, obj: Filter | None = None) -> bool:
        """One permission for everything about filters, as in the API."""
        return request.user.has_perm("messaging.change_filter")

    has_view_permission = has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Filter | None = None) -> Any:
        return ("kind",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Filter, form: Any, change: bool) -> None:
        """Save through the actions in `services`, never directly."""
        actor, data = request.user, form.cleaned_data
        if change:
            is_broad = data.pop("is_broad")
            moderation.change_filter(actor, filter_id=obj.id, changes=data, is_broad=is_broad)  # type: ignore[arg-type]
        else:
            obj.__dict__.update(moderation.create_filter(actor, **data).__dict__)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: Filter) -> None:
        moderation.delete_filter(request.user, filter_id=obj.id)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Filter]) -> None:
        for one in queryset:
            moderation.delete_filter(request.user, filter_id=one.id)  # type: ignore[arg-type]

    @action(description="Try a text", url_path="try", permissions=["change"])
    def try_out(self, request: HttpRequest) -> HttpResponse:
        """Show what would happen to a text, and which filters match it. Nothing is sent or stored."""
        form = TrialForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": "Try a text", "opts": Filter._meta, "form": form}
        if form.is_valid():
            context["verdict"], context["hits"] = try_filters(form.cleaned_data["text"])
            context["is_tried"] = True
        return render(request, "console/trial.html", context)
