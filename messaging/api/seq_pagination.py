"""Pages of messages by `seq`: before, after or around one."""

from accounts.authentication import SignedInRequest
from common.api import int_of
from common.errors import invalid
from common.pagination import DEFAULT_LIMIT
from messaging.models import Message
from messaging.reading.messages import MessageReader

SEQ_PAGING = {
    "before": (int, "Only messages before this `seq`, the newest of them."),
    "after": (int, "Only messages after this `seq`, the oldest of them."),
    "around": (int, "Messages on both sides of this `seq`."),
    "limit": (int, "The maximum number of results: 1 to 100, 50 by default."),
}
MOST = 100
MAX_SEQ = 2**63 - 1
Edges = tuple[list[Message], int | None, int | None]
"""Messages, ascending; the `seq`s to continue from, backwards and forwards, None where there are no more."""


def page_by_seq(request: SignedInRequest, messages: MessageReader) -> tuple[list[Message], str | None, str | None]:
    """The messages that the request asks for, ascending, and the URLs of the next and the previous page."""
    found, before, after = _page(request, messages)
    return found, _url(request, "after", after), _url(request, "before", before)


def _page(request: SignedInRequest, messages: MessageReader) -> Edges:
    limit = int_of(request, "limit", DEFAULT_LIMIT, 1, MOST) or DEFAULT_LIMIT
    before, after, around = (int_of(request, name) for name in ("before", "after", "around"))
    if sum(key is not None for key in (before, after, around)) > 1:
        raise invalid("before", "Use only one of before, after and around.")
    if around is not None:
        at_or_before = limit // 2 + 1
        older, newer = _older(messages, around + 1, at_or_before), _newer(messages, around, limit - at_or_before)
        return _edges(older[0] + newer[0], older[1], newer[1])
    if after is not None:
        newer = _newer(messages, after, limit)
        return _edges(newer[0], bool(after), newer[1])
    older = _older(messages, before, limit)
    return _edges(older[0], older[1], before is not None)


def _older(messages: MessageReader, before: int | None, limit: int) -> tuple[list[Message], bool]:
    found = messages.before(MAX_SEQ if before is None else before, limit + 1)
    return found[:limit][::-1], len(found) > limit


def _newer(messages: MessageReader, after: int, limit: int) -> tuple[list[Message], bool]:
    found = messages.after(after, limit + 1)
    return found[:limit], len(found) > limit


def _edges(found: list[Message], older: bool, newer: bool) -> Edges:
    if not found:
        return found, None, None
    return found, found[0].seq if older else None, found[-1].seq if newer else None


def _url(request: SignedInRequest, key: str, seq: int | None) -> str | None:
    if seq is None:
        return None
    query = request.query_params.copy()
    for name in ("before", "after", "around"):
        query.pop(name, None)
    query[key] = str(seq)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
