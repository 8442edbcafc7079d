"""Storing a batch in SQLite."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from messaging.writing.store.rows import AttachmentRow, Head, Lookup, LookupResult, MessageRow
from messaging.writing.store.statements import HEAD_COLUMNS, LOOKUP_COLUMNS, LOOKUP_JOINS, as_json, reply_parameters


class SqliteStore:
    """SQLite has one writer at a time by nature. Arrays are passed as JSON."""

    LOCK = f"""
        SELECT {HEAD_COLUMNS} FROM conversations_conversation
        WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL"""  # noqa: S608 - constants only
    LOOKUP = f"""
        WITH i AS MATERIALIZED (
            SELECT key AS n, value ->> 0 AS conversation_id, value ->> 1 AS sender_id, value ->> 2 AS client_id,
                   value ->> 3 AS reply_to_id, value ->> 4 AS thread_id
            FROM json_each(?)
        ) {LOOKUP_COLUMNS} FROM i {LOOKUP_JOINS.format(replied="messaging_message", thread="messaging_message")}"""  # noqa: S608 - constants only
    INSERT = """
        INSERT INTO messaging_message (id, conversation_id, seq, number, changed_seq, sender_id, client_id, body_hash,
            content_type, content, words, metadata, reply_to_id, thread_id, mentions, mentions_all, attachments,
            envelope, reply_count, created_at)
        VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0, ?18)"""
    MENTION = """
        INSERT INTO messaging_mention (message_id, conversation_id, user_id, sender_id, number)
        SELECT ?1, ?2, replace(value, '-', ''), ?5, ?4 FROM json_each(?14)"""
    HAS_READ = "?19 OR last_read_number >= ?4 - 1"
    MARK = f"""
        UPDATE conversations_membership
        SET last_read_seq = iif({HAS_READ}, ?3, last_read_seq),
            last_read_number = iif({HAS_READ}, ?4, last_read_number),
            last_read_at = iif({HAS_READ}, ?18, last_read_at),
            is_marked_unread = is_marked_unread AND NOT ({HAS_READ}),
            last_delivered_seq = ?3, last_delivered_at = ?18, last_sent_at = ?18
        WHERE conversation_id = ?2 AND user_id = ?5"""  # noqa: S608 - constants only
    HEAD = """
        UPDATE conversations_conversation SET seq = ?3, message_count = ?4, active_at = ?18 WHERE id = ?2"""
    ATTACH = """
        INSERT INTO media_attachment (upload_id, conversation_id, message_id, seq, position) VALUES (?, ?, ?, ?, ?)"""
    COUNT_REPLY = (
        "UPDATE messaging_message SET reply_count = reply_count + 1, changed_seq = :seq WHERE id = :thread",
        """INSERT INTO conversations_change
               (conversation_id, seq, kind, actor_id, message_id, about_seq, data, created_at)
           SELECT :conversation, :seq, 'message.updated', :actor, :thread, seq, '{}', :at
           FROM messaging_message WHERE id = :thread""",
        "UPDATE conversations_conversation SET seq = max(seq, :seq) WHERE id = :conversation",
    )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        connection.ensure_connection()
        self._raw = connection.connection
        try:
            yield
        except BaseException:
            if self._raw.in_transaction:
                self._run("ROLLBACK")
            raise

    def begin(self, asked: Sequence[Lookup], wait_ms: int) -> tuple[list[Head], list[LookupResult]]:
        self._run("BEGIN IMMEDIATE")
        heads = self._run(self.LOCK, [as_json(list({one.conversation_id.hex for one in asked}))])
        plain = [
            (a.conversation_id.hex, a.sender_id.hex, a.client_id, _hex(a.reply_to_id), _hex(a.thread_id)) for a in asked
        ]
        found = self._run(self.LOOKUP, [as_json(plain)])
        return [Head(UUID(row[0]), *row[1:]) for row in heads], list(map(_result, found))

    def insert(self, rows: Sequence[MessageRow]) -> None:
        plain = [tuple(map(_plain, row)) for row in rows]
        with connection.wrap_database_errors:
            self._raw.cursor().executemany(self.MARK, plain)
            for statement in (self.INSERT, self.HEAD):
                self._raw.cursor().executemany(statement, [row[:MARKS_READ] for row in plain])
            self._raw.cursor().executemany(self.MENTION, [row[: MENTIONS + 1] for row in plain if row[MENTIONS]])

    def commit(self, rows: Sequence[MessageRow]) -> None:
        if rows:
            self.insert(rows)
        self._run("COMMIT")

    def attach(self, attached: Sequence[AttachmentRow]) -> None:
        with connection.wrap_database_errors:
            self._raw.cursor().executemany(self.ATTACH, [tuple(map(_plain, one)) for one in attached])

    def count_reply(self, row: MessageRow, seq: int) -> None:
        parameters = {name: _plain(value) for name, value in reply_parameters(row, seq).items()}
        with connection.wrap_database_errors:
            for statement in self.COUNT_REPLY:
                self._raw.execute(statement, parameters)

    def _run(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        with connection.wrap_database_errors:
            found: list[Any] = self._raw.execute(statement, parameters).fetchall()
            return found


MENTIONS = MessageRow._fields.index("mentions")
MARKS_READ = MessageRow._fields.index("marks_read")


def _result(row: Sequence[Any]) -> LookupResult:
    values = [*row[:6], *map(_moment, row[6:8]), _uuid(row[8]), *row[9:12], _uuid(row[12]), *row[13:]]
    return LookupResult._make(values)


def _plain(value: Any) -> Any:
    """A value as SQLite stores it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(connection.ops.adapt_datetimefield_value(value))
    return (as_json(value) if value else None) if isinstance(value, list) else value


def _hex(id_: UUID | None) -> str | None:
    return id_.hex if id_ else None


def _moment(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
