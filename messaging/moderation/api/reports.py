"""`moderation/reports/`: reported cases, with the messages around them, and decisions."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.api.staff import StaffViewSet
from accounts.authentication import SignedInRequest
from common.api import body_of
from common.errors import invalid
from common.openapi import PAGING, Page, describe
from common.pagination import page
from messaging.models import Report
from messaging.moderation import services as moderation
from messaging.moderation.api import wire

STATUS = {"status": (str, "Only cases that are `open`, or `decided`.")}


class ReportViewSet(StaffViewSet):
    needs = "messaging.decide_report"

    @describe(
        "List reported cases: open ones first, oldest first",
        answers={200: Page[wire.QueueRow]},
        query={**PAGING, **STATUS},
    )
    def list(self, request: SignedInRequest) -> Response:
        reports, status = Report.objects.visible_to(request.user), request.query_params.get("status")
        if status is not None:
            if status not in Report.Status.values:
                raise invalid("status", "Choose one of: open, decided.")
            reports = reports.filter(status=status)
        order = ["-status", "created_at", "id"]
        return Response(page(request, reports.one_per_case(), order=order, show=_rows))

    @describe(
        "Get a case with the messages around it; the audit log records that you read it", answers={200: wire.CaseState}
    )
    def retrieve(self, request: SignedInRequest, id: UUID) -> Response:
        return Response(wire.case_state(moderation.read_case(request.user, report_id=id)))

    @describe(
        "Open the whole message that only a filter has reported, if you may read transcripts",
        body=wire.Opening,
        answers={200: wire.CaseState},
    )
    @action(detail=True, methods=["post"])
    def open(self, request: SignedInRequest, id: UUID) -> Response:
        reason = body_of(request, wire.Opening).reason
        return Response(wire.case_state(moderation.open_case(request.user, report_id=id, reason=reason)))

    @describe(
        "Decide a report, and all other reports of the same message or user",
        body=wire.NewDecision,
        answers={200: wire.QueueRow},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, wire.NewDecision)
        moderation.decide_report(
            request.user, report_id=id, decision=body.decision, reason=body.reason, until=body.until
        )
        return Response(wire.queue_row(Report.objects.with_counts().get(id=id)))


def _rows(reports: list[Report]) -> list[wire.QueueRow]:
    return [wire.queue_row(report) for report in reports]
