"""`messages/{id}/reactions/`, `pin/` and `report/`, `conversations/{id}/pins/`, and reporting a person."""

from uuid import UUID

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import body_of
from chatproject.common.clock import rfc3339
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from messaging import services
from messaging.api.messages import states_for
from messaging.models import Message, Report
from messaging.wire.lists import ReportState
from messaging.wire.messages import MessageState
from messaging.wire.writing import NewReport


class ReactionView(APIView):
    @describe("React to a message", answers={204: None})
    def put(self, request: SignedInRequest, id: UUID, emoji: str) -> Response:  # noqa: A002
        services.add_reaction(request.user, message_id=id, emoji=emoji)
        return Response(status=204)

    @describe("Take a reaction back", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID, emoji: str) -> Response:  # noqa: A002
        services.remove_reaction(request.user, message_id=id, emoji=emoji)
        return Response(status=204)


class PinView(APIView):
    @describe("Pin a message for everybody", answers={204: None})
    def put(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.pin_message(request.user, message_id=id)
        return Response(status=204)

    @describe("Pin it no longer", answers={204: None})
    def delete(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        services.unpin_message(request.user, message_id=id)
        return Response(status=204)


class PinsView(APIView):
    @describe("Pinned messages, the last first", answers={200: Page[MessageState]}, query=PAGING)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership = Membership.objects.of(request.user, id)
        pinned = Message.objects.shown().in_view_of(membership).filter(pinned_at__isnull=False)

        def show(found: list[Message]) -> list[MessageState]:
            return states_for(request.user, [membership], found)

        return Response(page(request, pinned, order=["-pinned_at", "-id"], show=show))


class ReportMessageView(APIView):
    @describe("Report a message to the operators", body=NewReport, answers={201: ReportState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, NewReport)
        report = services.report_message(request.user, message_id=id, reason=body.reason, comment=body.comment)
        return Response(_state(report), status=201)


class ReportPersonView(APIView):
    @describe("Report a person to the operators", body=NewReport, answers={201: ReportState})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        body = body_of(request, NewReport)
        report = services.report_person(request.user, user_id=id, reason=body.reason, comment=body.comment)
        return Response(_state(report), status=201)


def _state(report: Report) -> ReportState:
    return ReportState(report.id, report.status, rfc3339(report.created_at))
