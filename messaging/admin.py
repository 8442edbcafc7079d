"""Reports and filters in the console: what was reported, what stands around it, what is decided, what is not wanted."""

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
from chatproject.common.admin import (
    ConsoleAdmin,
    LineField,
    ReadOnlyAdmin,
    ReasonedActionForm,
    ReasonForm,
    UntilForm,
    attempt,
    back,
    button,
)
from chatproject.common.errors import Refusal
from messaging import services
from messaging.filters import clean_pattern, try_out
from messaging.models import Filter, Report

Decision = Report.Decision
DECIDE = "messaging.decide_report"
SUSPEND = "accounts.suspend_user"


@admin.register(Report)
class ReportAdmin(PeopleSearchAdmin, ReadOnlyAdmin):
    """A line for all reports about the same, the open ones first. Whoever decides tells all who are concerned."""

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
        """A line for each case in the list; any report of it by its own address."""
        is_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        reports = Report.objects.visible_to(request.user)
        return reports.queue() if is_list else reports.counted()

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm(DECIDE)

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm(SUSPEND)

    def has_read_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """To open what only a filter has reported."""
        return request.user.has_perm(services.NEEDED_TO_OPEN)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With what was reported, for those who decide: that they look is written down."""
        context = dict(extra_context or {})
        if self.has_decide_permission(request) and (report := self.get_object(request, object_id)):
            context["case"] = services.read_case(request.user, report_id=report.id)  # type: ignore[arg-type]
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    @admin.display(description="reports")
    def reports(self, report: Report) -> int:
        return report.reports  # type: ignore[attr-defined, no-any-return]

    @action(description="Open the message", url_path="open", permissions=["decide", "read"])
    def open_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What a filter has reported, as a whole: where a reason is asked for before anything is shown."""
        return redirect("opened-case", report_id=object_id)

    @admin.action(description="Dismiss: nothing is to be done", permissions=["decide"])
    def dismiss(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        for report in reports:
            self._attempt(request, report.id, Decision.DISMISSED, request.POST.get("reason", ""))

    @button("dismiss", "Dismiss", "Nothing is to be done. Those who reported are told.", may=["decide"])
    def dismiss_this(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.DISMISSED, form)

    @button("delete-message", "Delete the message", "For everybody, for ever.", may=["decide"], is_grave=True)
    def delete_message(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.MESSAGE_DELETED, form)

    @button("warn", "Warn", "The person is told the reason.", may=["decide"])
    def warn(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.WARNED, form)

    @button(
        "suspend",
        "Suspend",
        "Until a moment, which must be given.",
        may=["decide", "suspend"],
        form=UntilForm,
        is_grave=True,
    )
    def suspend(self, request: HttpRequest, form: UntilForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.SUSPENDED, form)

    @button("ban", "Ban", "Until an operator restores the account.", may=["decide", "suspend"], is_grave=True)
    def ban(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.BANNED, form)

    @button(
        "remove",
        "Remove from the conversation",
        "From the conversation of the message. A last owner hands over first.",
        may=["decide"],
        is_grave=True,
    )
    def remove(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, Decision.REMOVED, form)

    def _decide(self, request: HttpRequest, object_id: str, decision: Decision, form: ReasonForm) -> HttpResponse:
        until = form.cleaned_data.get("until")
        self._attempt(request, object_id, decision, form.cleaned_data["reason"], until)
        return back(reverse("admin:messaging_report_change", args=[object_id]))

    def _attempt(
        self, request: HttpRequest, report_id: Any, decision: Decision, reason: str, until: Any = None
    ) -> None:
        def deed() -> str:
            report = services.decide_report(
                request.user,  # type: ignore[arg-type]
                report_id=report_id,
                decision=decision,
                reason=reason,
                until=until,
            )
            return f"Decided: {report.verdict}."

        attempt(request, deed)


class FilterForm(forms.ModelForm[Filter]):
    """What would be refused stands beside its field."""

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
                    services.refuse_broad(kind=kind, pattern=data["pattern"], is_broad=data["is_broad"])
            except Refusal as refusal:
                self.add_error("pattern", refusal.errors[0]["detail"])
        return data


class TrialForm(forms.Form):
    """A text to try the filters on."""

    text = forms.CharField(max_length=10_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}))


@admin.register(Filter)
class FilterAdmin(ConsoleAdmin):
    """Words and links that are not wanted, and a box to try them in."""

    form = FilterForm
    list_display = ("pattern", "kind", "action", "is_active", "note")
    list_filter = ("kind", "action", "is_active")
    search_fields = ("pattern", "note")
    ordering = ("kind", "pattern")
    show_full_result_count = False
    actions_list = ("try_out",)

    def has_change_permission(self, request: HttpRequest, obj: Filter | None = None) -> bool:
        """One right for all that is done with filters, as for the doors of the API."""
        return request.user.has_perm("messaging.change_filter")

    has_view_permission = has_delete_permission = has_change_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Filter | None = None) -> Any:
        return ("kind",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Filter, form: Any, change: bool) -> None:
        """Through the deeds, never behind their back."""
        actor, data = request.user, form.cleaned_data
        if change:
            is_broad = data.pop("is_broad")
            services.change_filter(actor, filter_id=obj.id, changes=data, is_broad=is_broad)  # type: ignore[arg-type]
        else:
            obj.__dict__.update(services.create_filter(actor, **data).__dict__)  # type: ignore[arg-type]

    def delete_model(self, request: HttpRequest, obj: Filter) -> None:
        services.delete_filter(request.user, filter_id=obj.id)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Filter]) -> None:
        for one in queryset:
            services.delete_filter(request.user, filter_id=one.id)  # type: ignore[arg-type]

    @action(description="Try a text", url_path="try", permissions=["change"])
    def try_out(self, request: HttpRequest) -> HttpResponse:
        """What would become of a text, and which filters it meets. Nothing is sent or kept."""
        form = TrialForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": "Try a text", "opts": Filter._meta, "form": form}
        if form.is_valid():
            context["verdict"], context["hits"] = try_out(form.cleaned_data["text"])
            context["is_tried"] = True
        return render(request, "console/trial.html", context)
