"""Searching messages: who finds which, in which order, and how a message looks that was found.

All words asked for must stand in a message; the last one may be the beginning of a word. The newest `CANDIDATES` that
match are found; by relevance, others than those with the last word whole only where these are fewer, and those come
first in which the words stand whole and together.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Case, Sum, Value, When

from accounts.models import User
from chatproject.common.text import located, words
from conversations.models import Conversation
from messaging.models import Message, MessageQuerySet

CANDIDATES = 200
"""Matches that are enough, the newest. Whoever wants older ones narrows the search."""
FEW = 20_000
"""Messages that PostgreSQL reads one by one rather than by the index of words."""
BEGINNING_SIZE = 2
"""Letters from which the last word may be a beginning."""
TIMEOUT_MS = 2000
STEPS = 1000
"""Instructions of SQLite between two looks at the clock."""
SNIPPET_SIZE, SNIPPET_LEAD = 200, 60
LONGEST_CUT = 20
"""Characters a snippet gives up at either end to begin and end with a whole word."""
RANKS = (1, 2, 3)


class Query:
    """What was asked: `words` in their order; without any, nothing is found."""

    def __init__(self, text: str) -> None:
        self.words = words(text)
        self._last = self.words[-1] if self.words else ""
        self.is_open = len(self._last) >= BEGINNING_SIZE

    def hits(self, word: str) -> bool:
        """Whether this word of a message is one that was asked for."""
        return word in self.words or (self.is_open and word.startswith(self._last))

    def rank(self, content: str) -> int:
        """How well a message that matches does: one of `RANKS`, the best last. One more when the last word stands in
        it whole, one more when all stand together in this order."""
        said, asked = words(content), " ".join(self.words)
        is_together = f" {asked}{'' if self.is_open else ' '}" in f" {' '.join(said)} "
        return 1 + (self._last in said) + is_together


class Filters(NamedTuple):
    """What a search is narrowed to; `before` and `after` are moments."""

    sender_id: UUID | None = None
    content_type: str | None = None
    before: datetime | None = None
    after: datetime | None = None


def search(
    user: User, query: Query, view: Mapping[UUID, int], filters: Filters, *, by_relevance: bool
) -> MessageQuerySet:
    """What `user` finds, annotated with its `rank`, in conversations of theirs and after a place in each: `view`."""
    found = _matches(query, view, filters, by_relevance=by_relevance) if query.words and view else {}
    ids: dict[int, list[UUID]] = {rank: [] for rank in RANKS}
    for id_, content in found.items():
        ids[query.rank(content)].append(id_)
    rank = Case(*(When(id__in=ids[rank], then=Value(rank)) for rank in RANKS), default=Value(0))
    live = Message.objects.shown().visible_to(user).filter(deleted_at__isnull=True)
    return live.filter(id__in=list(found)).annotate(rank=rank)


def snippet(content: str, query: Query) -> tuple[str, list[tuple[int, int]]]:
    """The part of a message around the first word that was found, and where in it there are such words."""
    hits = [(begin, end) for word, begin, end in located(content) if query.hits(word)]
    first, first_end = hits[0] if hits else (0, 0)
    begin = max(0, min(first - SNIPPET_LEAD, len(content) - SNIPPET_SIZE))
    end = begin + SNIPPET_SIZE
    if begin:
        begin = content.find(" ", begin, min(begin + LONGEST_CUT, first)) + 1 or begin
    if end < len(content):
        space = content.rfind(" ", max(end - LONGEST_CUT, first_end), end)
        end = end if space < 0 else space
    before, after = "…" if begin else "", "…" if end < len(content) else ""
    shift = len(before) - begin
    shown = [(low + shift, min(high, end) + shift) for low, high in hits if begin <= low < end]
    return f"{before}{content[begin:end]}{after}", shown


@contextmanager
def bounded() -> Iterator[None]:
    """Within it the database gives up what takes longer than `TIMEOUT_MS`, which doors answer with `unavailable`:
    PostgreSQL a statement, SQLite the whole."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)])
            yield
        return
    connection.ensure_connection()  # no transaction: it would wait for the writer's turn
    sqlite, end = connection.connection, time.monotonic() + TIMEOUT_MS / 1000
    sqlite.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        sqlite.set_progress_handler(None, STEPS)


POSTGRES = """
    SELECT m.id, m.content FROM messaging_message m
    WHERE {matches} AND m.conversation_id = ANY(%s)
      AND m.seq > (%s::jsonb ->> m.conversation_id::text)::bigint {narrowed}
    ORDER BY m.id DESC LIMIT %s"""
BY_INDEX, ONE_BY_ONE = "m.words @@ %s::tsquery", "ts_match_vq(m.words, %s::tsquery)"
"""The operator leads to the index of words; the function it stands for does not."""
# FTS5 walks from the newest row back and stops at the limit, as long as nothing else leads.
SQLITE = """
    SELECT m.id, m.content FROM messaging_search
    CROSS JOIN messaging_search_key k ON k.id = messaging_search.rowid
    CROSS JOIN messaging_message m ON m.id = k.message_id
    WHERE messaging_search MATCH %s AND m.seq > json_extract(%s, '$._' || m.conversation_id) {narrowed}
    ORDER BY messaging_search.rowid DESC LIMIT %s"""
NARROWED = {
    "sender_id": " AND m.sender_id = %s",
    "content_type": " AND m.content_type = %s",
    "before": " AND m.created_at < %s",
    "after": " AND m.created_at > %s",
}


def _matches(query: Query, view: Mapping[UUID, int], filters: Filters, *, by_relevance: bool) -> dict[UUID, str]:
    """The messages that are found, with their content. A beginning is dear, because the database joins the lists of all
    words that have it: by relevance it is asked for only where the word itself is too rare."""
    found: dict[UUID, str] = {}
    if by_relevance or not query.is_open:
        found = _newest(query, view, filters, is_open=False)
    if query.is_open and len(found) < CANDIDATES:
        found |= _newest(query, view, filters, is_open=True)
    return found


def _newest(query: Query, view: Mapping[UUID, int], filters: Filters, *, is_open: bool) -> dict[UUID, str]:
    """The newest messages that match; `is_open`: the last word may be the beginning of one."""
    given = {name: _plain(value) for name, value in filters._asdict().items() if value is not None}
    matching: list[Any]
    if connection.vendor == "postgresql":
        floors = _json({str(id_): view[id_] for id_ in view})
        statement, matching = POSTGRES, [_tsquery(query, is_open), list(view), floors]
        matches = ONE_BY_ONE if _are_few(view) else BY_INDEX
    else:
        statement, matches = SQLITE, ""
        floors = _json({f"_{id_.hex}": view[id_] for id_ in view})
        matching = [_fts_query(query, is_open, view, filters.sender_id), floors]
    narrowed = "".join(NARROWED[name] for name in given)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(matches=matches, narrowed=narrowed), [*matching, *given.values(), CANDIDATES])
        return {id_ if isinstance(id_, UUID) else UUID(id_): content for id_, content in cursor.fetchall()}


def _are_few(view: Iterable[UUID]) -> bool:
    """Whether so few messages stand in these conversations that reading them is quicker than the index, of which most
    that it finds for a common word stands elsewhere."""
    total = Conversation.objects.filter(id__in=view).aggregate(total=Sum("message_count"))["total"] or 0
    return bool(total <= FEW)


def _plain(value: Any) -> Any:
    """A filter's value as the database takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value


def _tsquery(query: Query, is_open: bool) -> str:
    return " & ".join(f"'{word}'" for word in query.words) + (":*" if is_open else "")


def _fts_query(query: Query, is_open: bool, view: Iterable[UUID], sender_id: UUID | None) -> str:
    """Words hold letters only, so that quoting them is enough."""
    asked = " AND ".join(f'"{word}"' for word in query.words) + (" *" if is_open else "")
    if not is_open and not _is_frequent(asked):
        return asked  # hundreds of tails would cost more than to look at all that match
    tails = " OR ".join(map(_tail, view))
    return f"{asked} AND ({tails})" + (f" AND {_tail(sender_id)}" if sender_id else "")


def _is_frequent(asked: str) -> bool:
    """Whether more than a few messages of anybody match."""
    count = "SELECT count(*) FROM (SELECT 1 FROM messaging_search WHERE messaging_search MATCH %s LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(count, [asked, CANDIDATES])
        return bool(cursor.fetchone()[0] == CANDIDATES)


def _tail(id_: UUID) -> str:
    """The end of an id as the triggers of SQLite put it beside the words."""
    return f'"_{id_.hex[20:]}"'


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
