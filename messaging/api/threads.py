"""What hangs on a message: its thread, its past, who has read it."""

from uuid import UUID

from django.db.models import Q
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import Block, User
from accounts.wire import person
from chatproject.common.clock import rfc3339
from chatproject.common.errors import not_found
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from conversations.people import estranged_from
from messaging.api.messages import AROUND, neighbours, slice_of, states_for
from messaging.models import Message, Revision, ThreadMark
from messaging.services import mark_read, mark_thread_read
from messaging.services.marks import RECEIPTS_SIZE
from messaging.wire.lists import Receipt, Receipts, Thread
from messaging.wire.messages import PastContent, past_content
from messaging.wire.writing import Mark


class RepliesView(APIView):
    @describe("The thread that a message begins, ascending by `seq`", answers={200: Thread}, query=AROUND)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership, root = of(request.user, id, also_deleted=True)
        replies = Message.objects.shown().in_view_of(membership).filter(thread=root)
        found, before, after = slice_of(request, replies)
        mark = ThreadMark.objects.filter(root=root, user=request.user).first()
        read = mark.last_read_seq if mark else 0
        blocked = Block.objects.filter(blocker=request.user).values("blocked")
        unread = replies.filter(seq__gt=read, deleted_at__isnull=True).exclude(sender=request.user)
        unread = unread.exclude(sender__in=blocked)
        next_, previous = neighbours(request, before, after)
        states = states_for(request.user, [membership], found)
        return Response(Thread(states, next_, previous, root.reply_count, read, unread.count()))


class MessageReadView(APIView):
    @describe("Everything up to this message was read; in a thread, of the thread", answers={200: Mark})
    def post(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership, message = of(request.user, id)
        if message.thread:
            return Response(Mark(mark_thread_read(request.user, root=message.thread, seq=message.seq)))
        return Response(Mark(mark_read(membership, seq=message.seq)))


class HistoryView(APIView):
    @describe("What a message said before, the last first", answers={200: Page[PastContent]}, query=PAGING)
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        _, message = of(request.user, id)

        rows = Revision.objects.filter(message=message)
        return Response(page(request, rows, order=["-id"], show=lambda found: [*map(past_content, found)]))


class ReceiptsView(APIView):
    @describe("Who has read a message, and where it has arrived", answers={200: Receipts})
    def get(self, request: SignedInRequest, id: UUID) -> Response:  # noqa: A002
        membership, message = of(request.user, id)
        if membership.conversation.member_count > RECEIPTS_SIZE:
            return Response(Receipts([], []))
        others = Membership.objects.live().filter(conversation=membership.conversation_id)
        # Marks begin at the head: of what was written before they came, those who came later have read nothing.
        there = others.filter(joined_at__lte=message.created_at).exclude(user=message.sender_id)
        reached = there.filter(Q(last_read_seq__gte=message.seq) | Q(last_delivered_seq__gte=message.seq))
        read, delivered = [], []
        for other in (
            reached.exclude(estranged_from(request.user.id)).select_related("user").order_by("joined_at", "pk")
        ):
            if other.last_read_seq >= message.seq and other.user.read_receipts:
                read.append(Receipt(person(other.user), _at(other.last_read_at)))
            elif other.last_delivered_seq >= message.seq:
                delivered.append(Receipt(person(other.user), _at(other.last_delivered_at)))
        return Response(Receipts(read, delivered))


def of(user: User, message_id: UUID, *, also_deleted: bool = False) -> tuple[Membership, Message]:
    """A message that the caller may see, with their membership. Refuses `not_found`; deleted ones cannot be found, but
    as what a thread hangs on."""
    found = Message.objects.visible_to(user).filter(id=message_id).select_related("thread").first()
    if found is None or (found.deleted_at and not also_deleted):
        raise not_found()
    return Membership.objects.of(user, found.conversation_id), found


def _at(moment: object) -> str | None:
    return rfc3339(moment) if moment else None  # type: ignore[arg-type]
