"""`messages/search/`."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.authentication import SignedInRequest
from accounts.models import User
from common import limits
from common.api import id_from, moment_from
from common.errors import invalid
from common.ids import parse_id
from common.openapi import PAGING, Page, describe
from common.pagination import page
from common.viewsets import ViewSet
from conversations.models import Membership
from messaging.models import Message
from messaging.reading.messages import states_for
from messaging.search.search import CANDIDATES, SearchFilters, SearchQuery, limit_query_time, make_snippet, search
from messaging.wire.lists import Hit

SHORTEST, LONGEST = 2, 200
TYPES = ("text", "image", "video", "audio", "file", "encrypted")
ORDERS = {"relevance": ["-rank", "-id"], "newest": ["-id"]}
PARAMETERS = {
    "q": (
        str,
        f"Words, {SHORTEST} to {LONGEST} characters. A message must contain all of them; the last one may be the"
        " beginning of a word. Case, accents and punctuation make no difference.",
    ),
    "conversation": (UUID, "Only messages in this conversation."),
    "sender": (UUID, "Only messages from this user."),
    "content_type": (str, "Only messages of this type."),
    "before": (datetime, "Only messages sent before this time."),
    "after": (datetime, "Only messages sent after this time."),
    "order": (
        str,
        "`relevance` (the default) or `newest`. `relevance` sorts by `rank`, then newest first; it takes the last word"
        " as the beginning of one only if too few messages contain the whole word.",
    ),
}


class SearchViewSet(ViewSet):
    @describe(
        f"Search messages by their words, among the newest {CANDIDATES} that match",
        answers={200: Page[Hit]},
        query={**PARAMETERS, **PAGING},
    )
    @action(detail=False)
    def search(self, request: SignedInRequest) -> Response:
        query, filters, order = _query(request), _filters(request), _order(request)
        limits.spend(settings.RATE_SEARCH, f"search:{request.user.pk}")
        with limit_query_time():
            rows = search(request.user, query, _searchable(request), filters, by_relevance="-rank" in order)
            return Response(page(request, rows, order=order, show=partial(_hits, request.user, query)))


def _hits(user: User, query: SearchQuery, found: list[Message]) -> list[Hit]:
    conversations = {message.conversation_id for message in found}
    mine = Membership.objects.filter(user=user, conversation__in=conversations).select_related("conversation")
    states = states_for(user, list(mine), found)
    return [
        Hit(state, *make_snippet(state.content, query), message.rank)  # type: ignore[attr-defined]
        for state, message in zip(states, found, strict=True)
    ]


def _searchable(request: SignedInRequest) -> dict[UUID, int]:
    """The caller's conversations, or the one they name, each with the `seq` after which they may see messages."""
    if named := request.query_params.get("conversation"):
        membership = Membership.objects.of(request.user, parse_id(named))
        return {membership.conversation_id: membership.visible_from_seq}
    mine = Membership.objects.live().filter(user=request.user)
    return dict(mine.values_list("conversation_id", "visible_from_seq"))


def _query(request: SignedInRequest) -> SearchQuery:
    text = request.query_params.get("q", "").strip()
    shortest = SHORTEST if text.isascii() else 1  # one Chinese character is a word, and so is an emoji
    if not shortest <= len(text) <= LONGEST:
        raise invalid("q", f"Search for {SHORTEST} to {LONGEST} characters.")
    return SearchQuery(text)


def _filters(request: SignedInRequest) -> SearchFilters:
    content_type = request.query_params.get("content_type")
    if content_type and content_type not in TYPES:
        raise invalid("content_type", f"Choose one of: {', '.join(TYPES)}.")
    return SearchFilters(
        sender_id=id_from(request, "sender"),
        content_type=content_type or None,
        before=moment_from(request, "before"),
        after=moment_from(request, "after"),
    )


def _order(request: SignedInRequest) -> list[str]:
    order = request.query_params.get("order") or "relevance"
    if order not in ORDERS:
        raise invalid("order", f"Choose one of: {', '.join(ORDERS)}.")
    return ORDERS[order]
