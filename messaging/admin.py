"""Reports in the console: what was reported and why, and what was decided about it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from chatproject.common.admin import ReadOnlyAdmin
from messaging import services
from messaging.models import Report


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """The open ones first. Deciding tells whoever reported."""

    list_display = ("created_at", "reason", "person", "reporter", "comment", "status", "decision", "decided_at")
    list_filter = ("status", "reason", "decision")
    list_select_related = ("person", "reporter")
    search_fields = ("person__username", "reporter__username")
    ordering = ("-status", "created_at")
    fields = ("id", *list_display, "decided_by")
    actions = ("uphold", "dismiss")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_report")

    @admin.action(description="Uphold: it was right to report it", permissions=["decide"])
    def uphold(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        self._decide(request, reports, Report.Decision.UPHELD)

    @admin.action(description="Dismiss: nothing is to be done", permissions=["decide"])
    def dismiss(self, request: HttpRequest, reports: QuerySet[Report]) -> None:
        self._decide(request, reports, Report.Decision.DISMISSED)

    def _decide(self, request: HttpRequest, reports: QuerySet[Report], decision: Report.Decision) -> None:
        for report in reports:
            services.decide_report(request.user, report_id=report.id, decision=decision)  # type: ignore[arg-type]
        self.message_user(request, f"{len(reports)} decided.")
