"""Searching messages: who finds which messages, in which order, and what is shown of them.

A message matches if it contains all search terms; the last one may be a prefix. A search finds the newest `CANDIDATES`
matches. By relevance, prefix matches are added only if there are fewer with the whole word, and messages with the terms
whole and next to each other come first.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Case, Sum, Value, When

from accounts.models import User
from common.text import locate_search_terms, search_terms
from conversations.models import Conversation
from messaging.models import Message, MessageQuerySet

CANDIDATES = 200
"""How many matches a search returns, the newest ones. To find older ones, narrow the search."""
SCAN_LIMIT = 20_000
"""Up to this many messages, PostgreSQL scans them instead of using the search index."""
MIN_PREFIX_SIZE = 2
"""The last term matches as a prefix if it has at least this many letters."""
TIMEOUT_MS = 2000
PROGRESS_STEPS = 1000
"""How many SQLite instructions run between two checks of the timeout."""
SNIPPET_SIZE, SNIPPET_LEAD = 200, 60
MAX_CUT = 20
"""How many characters to cut at either end of a snippet so that it begins and ends with a whole word."""
RANKS = (1, 2, 3)
VisibleFrom = Mapping[UUID, int]
"""The conversations to search, each with the seq after which the user can see it."""


class SearchQuery:
    """The search terms in order; without any, nothing is found."""

    def __init__(self, text: str) -> None:
        self.terms = search_terms(text)
        self._last_term = self.terms[-1] if self.terms else ""
        self.is_prefix = len(self._last_term) >= MIN_PREFIX_SIZE

    def matches(self, word: str) -> bool:
        """Whether this word of a message matches a search term."""
        return word in self.terms or (self.is_prefix and word.startswith(self._last_term))

    def rank(self, content: str) -> int:
        """How well a message matches: one of `RANKS`, 3 is best. One more if the last term is a whole word, one more if
        all terms follow each other in order."""
        words, phrase = search_terms(content), " ".join(self.terms)
        has_phrase = f" {phrase}{'' if self.is_prefix else ' '}" in f" {' '.join(words)} "
        return 1 + (self._last_term in words) + has_phrase


class SearchFilters(NamedTuple):
    """Conditions that narrow a search; `before` and `after` are times of sending."""

    sender_id: UUID | None = None
    content_type: str | None = None
    before: datetime | None = None
    after: datetime | None = None


def search(
    user: User, query: SearchQuery, visible_from: VisibleFrom, filters: SearchFilters, *, by_relevance: bool
) -> MessageQuerySet:
    """The messages that `user` finds in these conversations, annotated with `rank`."""
    found = (
        _find_matches(query, visible_from, filters, by_relevance=by_relevance) if query.terms and visible_from else {}
    )
    ids: dict[int, list[UUID]] = {rank: [] for rank in RANKS}
    for id_, content in found.items():
        ids[query.rank(content)].append(id_)
    rank = Case(*(When(id__in=ids[rank], then=Value(rank)) for rank in RANKS), default=Value(0))
    live = Message.objects.shown().visible_to(user).filter(deleted_at__isnull=True)
    return live.filter(id__in=list(found)).annotate(rank=rank)


def make_snippet(content: str, query: SearchQuery) -> tuple[str, list[tuple[int, int]]]:
    """The part of a message around the first match, and where the matches in it begin and end."""
    highlights = [(begin, end) for word, begin, end in locate_search_terms(content) if query.matches(word)]
    first, first_end = highlights[0] if highlights else (0, 0)
    begin = max(0, min(first - SNIPPET_LEAD, len(content) - SNIPPET_SIZE))
    end = begin + SNIPPET_SIZE
    if begin:
        begin = content.find(" ", begin, min(begin + MAX_CUT, first)) + 1 or begin
    if end < len(content):
        space = content.rfind(" ", max(end - MAX_CUT, first_end), end)
        end = end if space < 0 else space
    before, after = "…" if begin else "", "…" if end < len(content) else ""
    shift = len(before) - begin
    shown = [(low + shift, min(high, end) + shift) for low, high in highlights if begin <= low < end]
    return f"{before}{content[begin:end]}{after}", shown


@contextmanager
def limit_query_time() -> Iterator[None]:
    """Make the database cancel queries after `TIMEOUT_MS`, which endpoints answer with `unavailable`. PostgreSQL limits
    each statement, SQLite all of them together."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)])
            yield
        return
    connection.ensure_connection()  # no transaction, which would wait for the writer
    sqlite, end = connection.connection, time.monotonic() + TIMEOUT_MS / 1000
    sqlite.set_progress_handler(lambda: time.monotonic() > end, PROGRESS_STEPS)
    try:
        yield
    finally:
        sqlite.set_progress_handler(None, PROGRESS_STEPS)


POSTGRES = """
    SELECT m.id, m.content FROM messaging_message m
    WHERE {matches} AND m.conversation_id = ANY(%s)
      AND m.seq > (%s::jsonb ->> m.conversation_id::text)::bigint {narrowed}
    ORDER BY m.id DESC LIMIT %s"""
WITH_INDEX, WITHOUT_INDEX = "m.words @@ %s::tsquery", "ts_match_vq(m.words, %s::tsquery)"
"""The planner uses the index for the operator, but not for the function behind the operator."""
# FTS5 goes backwards from the newest row and stops at the limit, as long as its table comes first in the join.
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


def _find_matches(
    query: SearchQuery, visible_from: VisibleFrom, filters: SearchFilters, *, by_relevance: bool
) -> dict[UUID, str]:
    """The matching messages with their content. A prefix search is expensive, because the database merges the matches
    of all words with that prefix. By relevance, it is done only if the whole word is too rare."""
    found: dict[UUID, str] = {}
    if by_relevance or not query.is_prefix:
        found = _find_newest(query, visible_from, filters, is_prefix=False)
    if query.is_prefix and len(found) < CANDIDATES:
        found |= _find_newest(query, visible_from, filters, is_prefix=True)
    return found


def _find_newest(
    query: SearchQuery, visible_from: VisibleFrom, filters: SearchFilters, *, is_prefix: bool
) -> dict[UUID, str]:
    """The newest messages that match. With `is_prefix` the last term matches as a prefix."""
    given = {name: _database_value(value) for name, value in filters._asdict().items() if value is not None}
    matching: list[Any]
    if connection.vendor == "postgresql":
        floors = _json({str(id_): visible_from[id_] for id_ in visible_from})
        statement, matching = POSTGRES, [_tsquery(query, is_prefix), list(visible_from), floors]
        matches = WITHOUT_INDEX if _has_few_messages(visible_from) else WITH_INDEX
    else:
        statement, matches = SQLITE, ""
        floors = _json({f"_{id_.hex}": visible_from[id_] for id_ in visible_from})
        matching = [_fts_query(query, is_prefix, visible_from, filters.sender_id), floors]
    narrowed = "".join(NARROWED[name] for name in given)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(matches=matches, narrowed=narrowed), [*matching, *given.values(), CANDIDATES])
        return {id_ if isinstance(id_, UUID) else UUID(id_): content for id_, content in cursor.fetchall()}


def _has_few_messages(visible_from: VisibleFrom) -> bool:
    """Whether these conversations have so few messages that scanning them is faster than the index, whose matches for a
    common word are mostly in other conversations."""
    total = Conversation.objects.filter(id__in=visible_from).aggregate(total=Sum("message_count"))["total"] or 0
    return bool(total <= SCAN_LIMIT)


def _database_value(value: Any) -> Any:
    """The value of a condition as the database expects it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value


def _tsquery(query: SearchQuery, is_prefix: bool) -> str:
    return " & ".join(f"'{word}'" for word in query.terms) + (":*" if is_prefix else "")


def _fts_query(query: SearchQuery, is_prefix: bool, visible_from: VisibleFrom, sender_id: UUID | None) -> str:
    """The FTS5 query. Search terms contain no quotes, so quoting them is enough."""
    terms = " AND ".join(f'"{term}"' for term in query.terms) + (" *" if is_prefix else "")
    if not is_prefix and not _is_common(terms):
        return terms  # hundreds of id tokens would cost more than checking all matches
    conversations = " OR ".join(map(_id_token, visible_from))
    return f"{terms} AND ({conversations})" + (f" AND {_id_token(sender_id)}" if sender_id else "")


def _is_common(terms: str) -> bool:
    """Whether many messages match, in whatever conversation."""
    count = "SELECT count(*) FROM (SELECT 1 FROM messaging_search WHERE messaging_search MATCH %s LIMIT %s)"
    with connection.cursor() as cursor:
        cursor.execute(count, [terms, CANDIDATES])
        return bool(cursor.fetchone()[0] == CANDIDATES)


def _id_token(id_: UUID) -> str:
    """The end of an id, as the SQLite triggers index it."""
    return f'"_{id_.hex[20:]}"'


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
