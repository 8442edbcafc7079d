"""The writer's statements: raw SQL for PostgreSQL and SQLite, the same four steps for both.

1. `lock` the conversations, in id order. 2. `look`, on a fresh snapshot: in one statement under READ COMMITTED the
snapshot would be older than the lock, so that a removed member's message went in. 3. `keep` what was decided.
4. The transaction ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec
import psycopg
from django.db import connection

ROW_WAIT_MS = 250
"""How long a batch that passes over locked conversations waits for other rows: a membership, say."""


class StillLocked(Exception):
    """Somebody else held a lock for longer than was waited. The connection is as good as before."""


class Head(NamedTuple):
    """A locked conversation: where its numbers stand."""

    id: UUID
    seq: int
    number: int
    kind: str
    history: str
    is_read_only: bool
    slow_mode_seconds: int


class Asked(NamedTuple):
    """What must be known of one message before it may go in."""

    conversation_id: UUID
    sender_id: UUID
    client_id: str
    reply_to_id: UUID | None
    thread_id: UUID | None
    is_direct: bool


class Known(NamedTuple):
    """What the database says to an `Asked`, by its index `n`.

    `role` is None for strangers. `message_*` is the message that used this `client_id` before. `reply_*` is the message
    that is answered; `reply_seq` is None when this member may not see it, and the rest says nothing then. `thread_seq`
    is the place of the thread's first message, None when it cannot be one.
    """

    n: int
    role: str | None
    username: str
    full_name: str
    avatar_url: str
    is_blocked: bool
    last_sent_at: datetime | None
    silenced_until: datetime | None
    message_id: UUID | None
    message_hash: bytes | None
    reply_seq: int | None
    reply_content: str
    reply_sender_id: UUID
    reply_username: str
    reply_full_name: str
    reply_avatar_url: str
    thread_seq: int | None
    reply_content_type: str


class Row(NamedTuple):
    """A message to keep."""

    id: UUID
    conversation_id: UUID
    seq: int
    number: int
    sender_id: UUID
    client_id: str
    body_hash: bytes
    content_type: str
    content: str
    words: str
    metadata: str | None
    reply_to_id: UUID | None
    thread_id: UUID | None
    mentions: list[UUID]
    mentions_all: bool
    attachments: str | None
    created_at: datetime


class Attached(NamedTuple):
    """An upload in a message, at its position there."""

    upload_id: UUID
    conversation_id: UUID
    message_id: UUID
    seq: int
    position: int


class Store(Protocol):
    """One database's way of keeping a batch. Used by one thread, on that thread's own connection."""

    def transaction(self, wait_ms: int) -> Any:
        """A context manager: commits, or rolls back when its body raises. Locks are waited for `wait_ms` at most;
        with 0, rows that somebody else has locked are passed over."""

    def lock(self, conversation_ids: Sequence[UUID]) -> list[Head]:
        """The heads of these conversations, locked in id order; without those passed over or not there. Raises
        `StillLocked` when the wait was too long."""

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        """What is known about each."""

    def keep(self, rows: Sequence[Row]) -> None:
        """Insert messages with their mentions; move on their conversations' heads and their senders' own marks."""

    def attach(self, attached: Sequence[Attached]) -> None:
        """Insert what messages carry."""

    def count_reply(self, row: Row, place: int) -> None:
        """Count a message in its thread: the thread's first one changes, at this place of the log. The head may be
        beyond it already: `keep` has moved it on for all of the batch."""


LOOK_COLUMNS = """
    SELECT i.n, ms.role, u.username, u.full_name, u.avatar_url,
           i.is_direct AND EXISTS (
               SELECT 1 FROM conversations_membership o
               LEFT JOIN accounts_block b ON b.blocker_id = o.user_id AND b.blocked_id = i.sender_id
               WHERE o.conversation_id = i.conversation_id AND (b.id IS NOT NULL OR o.left_at IS NOT NULL)),
           ms.last_sent_at, ms.silenced_until, d.id, d.body_hash,
           r.seq, r.content, r.sender_id, ru.username, ru.full_name, ru.avatar_url, t.seq, r.content_type
"""
LOOK_JOINS = """
    JOIN accounts_user u ON u.id = i.sender_id
    LEFT JOIN conversations_membership ms
           ON ms.conversation_id = i.conversation_id AND ms.user_id = i.sender_id AND ms.left_at IS NULL
    LEFT JOIN messaging_message d ON d.sender_id = i.sender_id AND d.client_id = i.client_id
    LEFT JOIN {replied} r
           ON r.id = i.reply_to_id AND r.conversation_id = i.conversation_id AND r.seq > ms.visible_from_seq
              AND r.deleted_at IS NULL
    LEFT JOIN accounts_user ru ON ru.id = r.sender_id
    LEFT JOIN {thread} t
           ON t.id = i.thread_id AND t.conversation_id = i.conversation_id AND t.seq > ms.visible_from_seq
              AND t.deleted_at IS NULL AND t.thread_id IS NULL
"""
HEAD_COLUMNS = "id, seq, message_count, kind, history, is_read_only, slow_mode_seconds"


class PostgresStore:
    """One statement per step; its rows travel as JSON, which costs less than building arrays."""

    # Always a few rows by key. A plan made while the tables were small would scan them for ever after.
    BEGIN = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;"
    LOCK = f"""
        SELECT {HEAD_COLUMNS} FROM conversations_conversation
        WHERE id = ANY(%s) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE """  # noqa: S608 - constants only
    # OFFSET 0 keeps the planner from walking the whole index of messages once for all who answer nothing.
    REPLIED = "LATERAL (SELECT * FROM messaging_message WHERE id = i.reply_to_id OFFSET 0)"
    THREAD = "LATERAL (SELECT * FROM messaging_message WHERE id = i.thread_id OFFSET 0)"
    LOOK = f"""{LOOK_COLUMNS}
        FROM json_to_recordset(%s) AS i(n int, conversation_id uuid, sender_id uuid, client_id text, reply_to_id uuid,
             thread_id uuid, is_direct bool) {LOOK_JOINS.format(replied=REPLIED, thread=THREAD)}"""
    KEEP = """
        WITH i AS (
            SELECT * FROM json_to_recordset(%s) AS i(id uuid, conversation_id uuid, seq bigint, number bigint,
                sender_id uuid, client_id text, body_hash text, content_type text, content text, words tsvector,
                metadata text, reply_to_id uuid, thread_id uuid, mentions jsonb, mentions_all bool,
                attachments text, created_at timestamptz)
        ), kept AS (
            INSERT INTO messaging_message (id, conversation_id, seq, number, changed_seq, sender_id, client_id,
                body_hash, content_type, content, words, metadata, reply_to_id, thread_id, mentions, mentions_all,
                attachments, created_at)
            SELECT id, conversation_id, seq, number, seq, sender_id, client_id, decode(body_hash, 'base64'),
                content_type, content, words, metadata::jsonb, reply_to_id, thread_id, nullif(mentions, '[]'),
                mentions_all, attachments::jsonb, created_at FROM i
        ), mentioned AS (
            INSERT INTO messaging_mention (message_id, conversation_id, user_id, sender_id, number)
            SELECT id, conversation_id, m::uuid, sender_id, number FROM i, jsonb_array_elements_text(mentions) m
        ), marked AS (
            UPDATE conversations_membership ms
            SET last_read_seq = x.seq, last_read_number = x.number, last_read_at = x.at,
                last_delivered_seq = x.seq, last_delivered_at = x.at, last_sent_at = x.at, is_marked_unread = false
            FROM (SELECT conversation_id, sender_id, max(seq) AS seq, max(number) AS number, max(created_at) AS at
                  FROM i GROUP BY 1, 2) x
            WHERE ms.conversation_id = x.conversation_id AND ms.user_id = x.sender_id
        )
        UPDATE conversations_conversation c SET seq = x.seq, message_count = x.number, active_at = x.at
        FROM (SELECT conversation_id, max(seq) AS seq, max(number) AS number, max(created_at) AS at
              FROM i GROUP BY 1) x
        WHERE c.id = x.conversation_id"""
    ATTACH = """
        INSERT INTO media_attachment (upload_id, conversation_id, message_id, seq, position)
        SELECT upload_id, conversation_id, message_id, seq, position FROM json_to_recordset(%s)
            AS i(upload_id uuid, conversation_id uuid, message_id uuid, seq bigint, position smallint)"""
    COUNT_REPLY = """
        WITH counted AS (
            UPDATE messaging_message SET reply_count = reply_count + 1, changed_seq = %(place)s
            WHERE id = %(thread)s RETURNING seq
        ), changed AS (
            INSERT INTO conversations_change
                (conversation_id, seq, kind, actor_id, message_id, about_seq, data, created_at)
            SELECT %(conversation)s, %(place)s, 'message.updated', %(actor)s, %(thread)s, seq, '{}', %(at)s FROM counted
        )
        UPDATE conversations_conversation SET seq = greatest(seq, %(place)s) WHERE id = %(conversation)s"""

    def __init__(self) -> None:
        connection.ensure_connection()
        self._raw: psycopg.Connection[Any] = connection.connection
        # Django binds on the client and never prepares; here a few statements run all day.
        self._raw.prepare_threshold = 2
        self._passing_over = ""

    @contextmanager
    def transaction(self, wait_ms: int) -> Iterator[None]:
        self._passing_over = "" if wait_ms else "SKIP LOCKED"
        self._run(f"{self.BEGIN} SET LOCAL lock_timeout = {int(wait_ms or ROW_WAIT_MS)};")
        try:
            yield
        except BaseException as error:
            self._run("ROLLBACK")
            if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                raise StillLocked from error
            raise
        self._run("COMMIT")

    def lock(self, conversation_ids: Sequence[UUID]) -> list[Head]:
        return list(map(Head._make, self._run(self.LOCK + self._passing_over, [list(conversation_ids)])))

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        numbered = [{"n": n, **one._asdict()} for n, one in enumerate(asked)]
        return list(map(Known._make, self._run(self.LOOK, [_json(numbered)])))

    def keep(self, rows: Sequence[Row]) -> None:
        self._run(self.KEEP, [_json([row._asdict() for row in rows])])

    def attach(self, attached: Sequence[Attached]) -> None:
        self._run(self.ATTACH, [_json([one._asdict() for one in attached])])

    def count_reply(self, row: Row, place: int) -> None:
        self._run(self.COUNT_REPLY, _counting(row, place))

    def _run(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> list[Any]:
        with connection.wrap_database_errors, psycopg.Cursor(self._raw) as cursor:
            cursor.execute(statement, parameters)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


class SqliteStore:
    """One writer at a time by nature; arrays travel as JSON."""

    LOCK = f"""
        SELECT {HEAD_COLUMNS} FROM conversations_conversation
        WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL"""  # noqa: S608 - constants only
    LOOK = f"""
        WITH i AS MATERIALIZED (
            SELECT key AS n, value ->> 0 AS conversation_id, value ->> 1 AS sender_id, value ->> 2 AS client_id,
                   value ->> 3 AS reply_to_id, value ->> 4 AS thread_id, value ->> 5 AS is_direct
            FROM json_each(?)
        ) {LOOK_COLUMNS} FROM i {LOOK_JOINS.format(replied="messaging_message", thread="messaging_message")}"""  # noqa: S608 - constants only
    KEEP = """
        INSERT INTO messaging_message (id, conversation_id, seq, number, changed_seq, sender_id, client_id, body_hash,
            content_type, content, words, metadata, reply_to_id, thread_id, mentions, mentions_all, attachments,
            reply_count, created_at)
        VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, ?17)"""
    MENTION = """
        INSERT INTO messaging_mention (message_id, conversation_id, user_id, sender_id, number)
        SELECT ?1, ?2, replace(value, '-', ''), ?5, ?4 FROM json_each(?14)"""
    MARK = """
        UPDATE conversations_membership
        SET last_read_seq = ?3, last_read_number = ?4, last_read_at = ?17, last_delivered_seq = ?3,
            last_delivered_at = ?17, last_sent_at = ?17, is_marked_unread = 0
        WHERE conversation_id = ?2 AND user_id = ?5"""
    HEAD = """
        UPDATE conversations_conversation SET seq = ?3, message_count = ?4, active_at = ?17 WHERE id = ?2"""
    ATTACH = """
        INSERT INTO media_attachment (upload_id, conversation_id, message_id, seq, position) VALUES (?, ?, ?, ?, ?)"""
    COUNT_REPLY = (
        "UPDATE messaging_message SET reply_count = reply_count + 1, changed_seq = :place WHERE id = :thread",
        """INSERT INTO conversations_change
               (conversation_id, seq, kind, actor_id, message_id, about_seq, data, created_at)
           SELECT :conversation, :place, 'message.updated', :actor, :thread, seq, '{}', :at
           FROM messaging_message WHERE id = :thread""",
        "UPDATE conversations_conversation SET seq = max(seq, :place) WHERE id = :conversation",
    )

    def __init__(self) -> None:
        connection.ensure_connection()
        self._raw = connection.connection

    @contextmanager
    def transaction(self, wait_ms: int) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            if self._raw.in_transaction:
                self._run("ROLLBACK")
            raise

    def lock(self, conversation_ids: Sequence[UUID]) -> list[Head]:
        found = self._run(self.LOCK, [_json([id_.hex for id_ in conversation_ids])])
        return [Head(UUID(row[0]), *row[1:]) for row in found]

    def look(self, asked: Sequence[Asked]) -> list[Known]:
        shown = [
            (a.conversation_id.hex, a.sender_id.hex, a.client_id, _hex(a.reply_to_id), _hex(a.thread_id), a.is_direct)
            for a in asked
        ]
        return [
            Known._make([*row[:6], *map(_moment, row[6:8]), _uuid(row[8]), *row[9:12], _uuid(row[12]), *row[13:]])
            for row in self._run(self.LOOK, [_json(shown)])
        ]

    def keep(self, rows: Sequence[Row]) -> None:
        plain = [tuple(map(_plain, row)) for row in rows]
        with connection.wrap_database_errors:
            for statement in (self.KEEP, self.MARK, self.HEAD):
                self._raw.cursor().executemany(statement, plain)
            self._raw.cursor().executemany(self.MENTION, [row[: MENTIONS + 1] for row in plain if row[MENTIONS]])

    def attach(self, attached: Sequence[Attached]) -> None:
        with connection.wrap_database_errors:
            self._raw.cursor().executemany(self.ATTACH, [tuple(map(_plain, one)) for one in attached])

    def count_reply(self, row: Row, place: int) -> None:
        parameters = {name: _plain(value) for name, value in _counting(row, place).items()}
        with connection.wrap_database_errors:
            for statement in self.COUNT_REPLY:
                self._raw.execute(statement, parameters)

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with connection.wrap_database_errors:
            found: list[Any] = self._raw.execute(statement, parameters).fetchall()
            return found


def _counting(row: Row, place: int) -> dict[str, Any]:
    return {
        "place": place,
        "thread": row.thread_id,
        "conversation": row.conversation_id,
        "actor": row.sender_id,
        "at": row.created_at,
    }


MENTIONS = Row._fields.index("mentions")


def _plain(value: Any) -> Any:
    """A value as SQLite keeps it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    return (_json(value) if value else None) if isinstance(value, list) else value


def _hex(id_: UUID | None) -> str | None:
    return id_.hex if id_ else None


def _moment(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def open_store() -> Store:
    """The store of this thread's connection."""
    return PostgresStore() if connection.vendor == "postgresql" else SqliteStore()
