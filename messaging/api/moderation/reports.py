"""`moderation/reports/…`: what was reported, with what stands around it, and deciding about it."""

from uuid import UUID

from rest_framework.response import Response

from accounts.api.staff import StaffView
from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.errors import invalid
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from messaging import services
from messaging.api.moderation import wire
from messaging.models import Report

NEEDED = "messaging.decide_report"
STATUS = {"status": (str, "Only those that are `open`, or `decided`.")}


class QueueView(StaffView):
    needs = NEEDED

    @describe(
        "What was reported, once each: the open ones first, the oldest first",
        answers={200: Page[wire.QueueRow]},
        query={**PAGING, **STATUS},
    )
    def get(self, request: SignedInRequest) -> Response:
        reports, status = Report.objects.visible_to(request.user), request.query_params.get("status")
        if status is not None:
            if status not in Report.Status.values:
                raise invalid("status", "open or decided is expected.")
            reports = reports.filter(status=status)
        order = ["-status", "created_at", "id"]
        return Response(page(request, reports.queue(), order=order, show=_rows))


class CaseView(StaffView):
    needs = NEEDED

    @describe("A report with the messages around it; that it was read is written down", answers={200: wire.CaseState})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        return Response(wire.case_state(services.read_case(request.user, report_id=id)))


class OpenView(StaffView):
    needs = NEEDED

    @describe(
        "All that a message says that only a filter has reported, for who may read transcripts",
        body=wire.Opening,
        answers={200: wire.CaseState},
    )
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        reason = body_of(request, wire.Opening).reason
        return Response(wire.case_state(services.open_case(request.user, report_id=id, reason=reason)))


class DecideView(StaffView):
    needs = NEEDED

    @describe("Decide about a report and all about the same", body=wire.NewDecision, answers={200: wire.QueueRow})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, wire.NewDecision)
        services.decide_report(request.user, report_id=id, decision=body.decision, reason=body.reason, until=body.until)
        return Response(wire.queue_row(Report.objects.counted().get(id=id)))


def _rows(reports: list[Report]) -> list[wire.QueueRow]:
    return [wire.queue_row(report) for report in reports]
