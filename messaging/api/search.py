"""Searching messages over HTTP."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import SignedInRequest
from accounts.models import User
from chatproject.common import limits
from chatproject.common.api import id_from, moment_from
from chatproject.common.errors import invalid
from chatproject.common.ids import parse_id
from chatproject.common.openapi import PAGING, Page, describe
from chatproject.common.pagination import page
from conversations.models import Membership
from messaging.api.messages import states_for
from messaging.models import Message
from messaging.search import CANDIDATES, Filters, Query, bounded, search, snippet
from messaging.wire.lists import Hit

SHORTEST, LONGEST = 2, 200
TYPES = ("text", "image", "video", "audio", "file", "encrypted")
ORDERS = {"relevance": ["-rank", "-id"], "newest": ["-id"]}
ASKED = {
    "q": (
        str,
        f"Words, {SHORTEST} to {LONGEST} characters. All must stand in a message, the last one perhaps as the beginning"
        " of a word; case, accents and punctuation make no difference.",
    ),
    "conversation": (UUID, "Only of this conversation."),
    "sender": (UUID, "Only by this person."),
    "content_type": (str, "Only of this type."),
    "before": (datetime, "Only written before this moment."),
    "after": (datetime, "Only written after this moment."),
    "order": (
        str,
        "`relevance` (by `rank`, then newest first; beginnings of the last word only where messages with all of it are"
        " too few; the default) or `newest`.",
    ),
}


class SearchView(APIView):
    @describe(
        f"Find messages by their words, the newest {CANDIDATES} that match",
        answers={200: Page[Hit]},
        query={**ASKED, **PAGING},
    )
    def get(self, request: SignedInRequest) -> Response:
        query, filters, order = _query(request), _filters(request), _order(request)
        limits.spend(settings.RATE_SEARCH, f"search:{request.user.pk}")
        with bounded():
            rows = search(request.user, query, _view(request), filters, by_relevance="-rank" in order)
            return Response(page(request, rows, order=order, show=partial(_hits, request.user, query)))


def _hits(user: User, query: Query, found: list[Message]) -> list[Hit]:
    conversations = {message.conversation_id for message in found}
    mine = Membership.objects.filter(user=user, conversation__in=conversations).select_related("conversation")
    states = states_for(user, list(mine), found)
    return [
        Hit(state, *snippet(state.content, query), message.rank)  # type: ignore[attr-defined]
        for state, message in zip(states, found, strict=True)
    ]


def _view(request: SignedInRequest) -> dict[UUID, int]:
    """The caller's conversations, or the one that they name, and from where each is theirs to see."""
    if named := request.query_params.get("conversation"):
        membership = Membership.objects.of(request.user, parse_id(named))
        return {membership.conversation_id: membership.visible_from_seq}
    mine = Membership.objects.live().filter(user=request.user)
    return dict(mine.values_list("conversation_id", "visible_from_seq"))


def _query(request: SignedInRequest) -> Query:
    text = request.query_params.get("q", "").strip()
    shortest = SHORTEST if text.isascii() else 1  # a letter of Chinese is a word, and so is a picture
    if not shortest <= len(text) <= LONGEST:
        raise invalid("q", f"Search for {SHORTEST} to {LONGEST} characters.")
    return Query(text)


def _filters(request: SignedInRequest) -> Filters:
    content_type = request.query_params.get("content_type")
    if content_type and content_type not in TYPES:
        raise invalid("content_type", f"One of {', '.join(TYPES)} is expected.")
    return Filters(
        sender_id=id_from(request, "sender"),
        content_type=content_type or None,
        before=moment_from(request, "before"),
        after=moment_from(request, "after"),
    )


def _order(request: SignedInRequest) -> list[str]:
    order = request.query_params.get("order") or "relevance"
    if order not in ORDERS:
        raise invalid("order", f"One of {', '.join(ORDERS)} is expected.")
    return ORDERS[order]
