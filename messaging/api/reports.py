"""`messages/{id}/report/` and `users/{id}/report/`: reporting to the operators."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.clock import rfc3339
from common.openapi import describe
from common.viewsets import ViewSet
from messaging.models import Report
from messaging.moderation import services as moderation
from messaging.wire.lists import ReportState
from messaging.wire.writing import NewReport


class NewReportViewSet(ViewSet):
    @describe("Report a message to the operators", body=NewReport, answers={201: ReportState})
    @action(detail=False, methods=["post"], url_path="messages/<uuid:id>/report")
    def report_message(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, NewReport)
        report = moderation.report_message(request.user, message_id=id, reason=body.reason, comment=body.comment)
        return Response(_state(report), status=201)

    @describe("Report a user to the operators", body=NewReport, answers={201: ReportState})
    @action(detail=False, methods=["post"], url_path="users/<uuid:id>/report")
    def report_user(self, request: SignedInRequest, id: UUID) -> Response:
        body = body_of(request, NewReport)
        report = moderation.report_user(request.user, user_id=id, reason=body.reason, comment=body.comment)
        return Response(_state(report), status=201)


def _state(report: Report) -> ReportState:
    return ReportState(report.id, report.status, rfc3339(report.created_at))
