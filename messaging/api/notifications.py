"""`notifications/` and `notifications/mentions/`: what I am told, with the messages as they are now."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from messaging.previews import previews_of
from notifications.models import Notice, NoticeQuerySet
from notifications.wire import NoticeState, notice_state


class NotificationsView(APIView):
    @describe("What I am told, the latest first", answers={200: Page[NoticeState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        return _page(request, Notice.objects.visible_to(request.user))


class MentionsView(APIView):
    @describe("Messages that mention me, the latest first", answers={200: Page[NoticeState]}, query=PAGING)
    def get(self, request: SignedInRequest) -> Response:
        mentions = Notice.objects.visible_to(request.user).filter(kind=Notice.Kind.MENTION)
        return _page(request, mentions)


def _page(request: SignedInRequest, notices: NoticeQuerySet) -> Response:
    return Response(page(request, notices.with_read(), order=["-at", "-id"], show=_states))


def _states(notices: list[Notice]) -> list[NoticeState]:
    previews = previews_of({notice.message_id for notice in notices if notice.message_id})
    return [
        notice_state(
            notice,
            is_read=not notice.is_unread,  # type: ignore[attr-defined]
            preview=previews.get(notice.message_id) if notice.message_id else None,
        )
        for notice in notices
    ]
