"""`notifications/` and `notifications/mentions/`: what I am told, with the messages as they are now."""

from functools import partial
from typing import Any

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from chatproject.common.api import bool_of
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from messaging.previews import previews_of
from notifications.languages import ACCEPT_LANGUAGE, headers_in, language_for
from notifications.models import Notice, NoticeQuerySet
from notifications.wire import NoticeState, notice_state

LISTS: dict[str, Any] = {
    "answers": {200: Page[NoticeState]},
    "query": {"unread": (bool, "Only those that are unread (`true`), or were read (`false`)."), **PAGING},
    "headers": ACCEPT_LANGUAGE,
}


class NotificationsView(APIView):
    @describe("What I am told, the latest first", **LISTS)
    def get(self, request: SignedInRequest) -> Response:
        return _page(request, Notice.objects.visible_to(request.user))


class MentionsView(APIView):
    @describe("Messages that mention me, the latest first", **LISTS)
    def get(self, request: SignedInRequest) -> Response:
        mentions = Notice.objects.visible_to(request.user).filter(kind=Notice.Kind.MENTION)
        return _page(request, mentions)


def _page(request: SignedInRequest, notices: NoticeQuerySet) -> Response:
    rows, is_unread = notices.with_read(request.auth), bool_of(request, "unread")
    if is_unread is not None:
        rows = rows.filter(is_unread=is_unread)  # type: ignore[misc]
    language = language_for(request)
    found = page(request, rows, order=["-at", "-id"], show=partial(_states, language))
    return Response(found, headers=headers_in(language))


def _states(language: str, notices: list[Notice]) -> list[NoticeState]:
    previews = previews_of({notice.message_id for notice in notices if notice.message_id})
    return [
        notice_state(
            notice,
            is_read=not notice.is_unread,  # type: ignore[attr-defined]
            language=language,
            preview=previews.get(notice.message_id) if notice.message_id else None,
        )
        for notice in notices
    ]
