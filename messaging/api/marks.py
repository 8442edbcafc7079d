"""Read and delivered marks, and how many messages are unread."""

from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import describe
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging import services
from messaging.reading.counts import counted_conversations, unread_totals
from messaging.reading.messages import find_message
from messaging.wire.lists import Unread
from messaging.wire.writing import Mark, NewMark


class MarkViewSet(ViewSet):
    @describe("Mark a conversation as read, up to a `seq`", body=NewMark, needs_body=False, answers={200: Mark})
    @action(detail=False, methods=["post"], url_path="conversations/<uuid:id>/read")
    def mark_read(self, request: SignedInRequest, id: UUID) -> Response:
        actor = Membership.objects.of(request.user, id)
        seq = body_of(request, NewMark).resolve(actor.conversation.seq)
        return Response(Mark(services.mark_read(actor, seq=seq)))

    @describe(
        "Mark messages as delivered to a device, up to a `seq`", body=NewMark, needs_body=False, answers={200: Mark}
    )
    @action(detail=False, methods=["post"], url_path="conversations/<uuid:id>/delivered")
    def mark_delivered(self, request: SignedInRequest, id: UUID) -> Response:
        actor = Membership.objects.of(request.user, id)
        seq = body_of(request, NewMark).resolve(actor.conversation.seq)
        return Response(Mark(services.mark_delivered(actor, seq=seq)))

    @describe("Mark everything up to this message as read; for a reply, in its thread", answers={200: Mark})
    @action(detail=False, methods=["post"], url_path="messages/<uuid:id>/read")
    def mark_message_read(self, request: SignedInRequest, id: UUID) -> Response:
        membership, message = find_message(request.user, id)
        if message.thread:
            return Response(Mark(services.mark_thread_read(request.user, root=message.thread, seq=message.seq)))
        return Response(Mark(services.mark_read(membership, seq=message.seq)))

    @describe("Count unread messages", answers={200: Unread})
    @action(detail=False, url_path="messages/unread")
    def unread(self, request: SignedInRequest) -> Response:
        return Response(unread_totals(counted_conversations(request.user.id)))
