"""`conversations/{id}/messages/` and `messages/{id}/`: reading, sending, editing and deleting messages."""

from uuid import UUID

import msgspec
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import body_of
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging import services
from messaging.api.seq_pagination import SEQ_PAGING, page_by_seq
from messaging.models import Message, Revision
from messaging.reading.messages import MessageReader, find_message, state_for, states_for
from messaging.reading.receipts import receipts_of
from messaging.reading.threads import thread_position
from messaging.wire.lists import History, Receipts, Thread
from messaging.wire.messages import MessageState, PastContent, past_content
from messaging.wire.writing import MessageChange, NewMessage


class ConversationMessageViewSet(ViewSet):
    """The messages of one conversation."""

    @describe("List messages, ascending by `seq`; the newest ones by default", answers={200: History}, query=SEQ_PAGING)
    def list(self, request: SignedInRequest, id: UUID) -> Response:
        membership = Membership.objects.of(request.user, id)
        found, next_, previous = page_by_seq(request, MessageReader(membership))
        return Response(History(states_for(request.user, [membership], found), next_, previous))

    @describe("Send a message", body=NewMessage, answers={201: MessageState, 200: MessageState})
    def create(self, request: SignedInRequest, id: UUID) -> Response:
        sent = services.send_message(request.user, conversation_id=id, message=body_of(request, NewMessage))
        return Response(_with_status(sent.message), status=200 if sent.duplicate else 201)


class MessageViewSet(ViewSet):
    """A message of any of the caller's conversations."""

    @describe("Get a message", answers={200: MessageState})
    def retrieve(self, request: SignedInRequest, id: UUID) -> Response:
        return Response(state_for(request.user, id))

    @describe("Edit one of your messages", body=MessageChange, answers={200: MessageState})
    def partial_update(self, request: SignedInRequest, id: UUID) -> Response:
        services.edit_message(request.user, message_id=id, change=body_of(request, MessageChange))
        return Response(state_for(request.user, id))

    @describe("Delete one of your messages or, as a moderator, a member's", answers={204: None})
    def destroy(self, request: SignedInRequest, id: UUID) -> Response:
        services.delete_message(request.user, message_id=id)
        return Response(status=204)

    @describe("List earlier versions of a message, newest first", answers={200: Page[PastContent]}, query=PAGING)
    @action(detail=True)
    def history(self, request: SignedInRequest, id: UUID) -> Response:
        _, message = find_message(request.user, id)
        rows = Revision.objects.filter(message=message)
        return Response(page(request, rows, order=["-id"], show=lambda found: [*map(past_content, found)]))

    @describe("List who has read a message, and who has received it", answers={200: Receipts})
    @action(detail=True)
    def receipts(self, request: SignedInRequest, id: UUID) -> Response:
        return Response(receipts_of(*find_message(request.user, id)))

    @describe("List the replies to a message, ascending by `seq`", answers={200: Thread}, query=SEQ_PAGING)
    @action(detail=True)
    def replies(self, request: SignedInRequest, id: UUID) -> Response:
        membership, root = find_message(request.user, id, also_deleted=True)
        found, next_, previous = page_by_seq(request, MessageReader(membership, root))
        replies = Message.objects.in_view_of(membership).filter(thread=root)
        last_read_seq, unread = thread_position(request.user, root, replies)
        states = states_for(request.user, [membership], found)
        return Response(Thread(states, next_, previous, root.reply_count, last_read_seq, unread))


def _with_status(message: bytes) -> msgspec.Raw:
    """The sender's own message as it was just stored: `sent`."""
    return msgspec.Raw(message[:-1] + b',"status":"sent"}')
