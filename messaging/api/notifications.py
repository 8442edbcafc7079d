"""`notifications/` and `notifications/mentions/`, with previews of the current messages."""

from functools import partial
from typing import Any

from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from common.api import bool_of
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from messaging.reading.previews import previews_of
from notifications.languages import ACCEPT_LANGUAGE, language_headers, request_language
from notifications.models import Notice, NoticeQuerySet
from notifications.wire import NoticeState, notice_state

LISTS: dict[str, Any] = {
    "answers": {200: Page[NoticeState]},
    "query": {"unread": (bool, "Only unread notifications (`true`), or only read ones (`false`)."), **PAGING},
    "headers": ACCEPT_LANGUAGE,
}


class NotificationViewSet(ViewSet):
    @describe("List your notifications, newest first", **LISTS)
    def list(self, request: SignedInRequest) -> Response:
        return _page(request, Notice.objects.visible_to(request.user))

    @describe("List notifications of messages that mention you, newest first", **LISTS)
    @action(detail=False)
    def mentions(self, request: SignedInRequest) -> Response:
        mentions = Notice.objects.visible_to(request.user).filter(kind=Notice.Kind.MENTION)
        return _page(request, mentions)


def _page(request: SignedInRequest, notices: NoticeQuerySet) -> Response:
    rows, is_unread = notices.with_read(request.auth), bool_of(request, "unread")
    if is_unread is not None:
        rows = rows.filter(is_unread=is_unread)  # type: ignore[misc]
    language = request_language(request)
    found = page(request, rows, order=["-at", "-id"], show=partial(_states, language))
    return Response(found, headers=language_headers(language))


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
