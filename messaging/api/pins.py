"""`conversations/{id}/pins/` and `messages/{id}/pin/`."""

from functools import partial
from uuid import UUID

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging import services
from messaging.models import Message
from messaging.reading.messages import states_for
from messaging.wire.messages import MessageState


class PinViewSet(ViewSet):
    @describe("List pinned messages, last pinned first", answers={200: Page[MessageState]}, query=PAGING)
    @action(detail=False, url_path="conversations/<uuid:id>/pins")
    def pins(self, request: SignedInRequest, id: UUID) -> Response:
        membership = Membership.objects.of(request.user, id)
        pinned = Message.objects.shown().in_view_of(membership).filter(pinned_at__isnull=False)
        show = partial(states_for, request.user, [membership])
        return Response(page(request, pinned, order=["-pinned_at", "-id"], show=show))

    @describe("Pin a message for everyone", answers={204: None})
    @action(detail=False, methods=["put"], url_path="messages/<uuid:id>/pin")
    def pin(self, request: SignedInRequest, id: UUID) -> Response:
        services.pin_message(request.user, message_id=id)
        return Response(status=204)

    @describe("Unpin a message", answers={204: None})
    @pin.mapping.delete
    def unpin(self, request: SignedInRequest, id: UUID) -> Response:
        services.unpin_message(request.user, message_id=id)
        return Response(status=204)
