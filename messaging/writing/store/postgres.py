"""Storing a batch in PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from django.db import connection
from psycopg.pq import TransactionStatus

from common.postgres.pipeline import Pipeline, Statement
from messaging.writing.store.rows import AttachmentRow, Head, LockTimeout, Lookup, LookupResult, MessageRow
from messaging.writing.store.statements import HEAD_COLUMNS, LOOKUP_COLUMNS, LOOKUP_JOINS, as_json, reply_parameters

ROW_WAIT_MS = 250
"""How long a batch that skips locked conversations waits for other rows, such as memberships."""


class PostgresStore:
    """One statement per step, and two round trips for what most batches need. Rows are passed as JSON, which costs less
    than building arrays."""

    # These statements read a few rows by key. A plan made while the tables were small would scan them from then on.
    PLAN_BY_KEY = """
        SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
               set_config('enable_mergejoin', 'off', true), set_config('lock_timeout', $1, true)"""
    LOCK = f"""
        SELECT {HEAD_COLUMNS} FROM conversations_conversation
        WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE """  # noqa: S608 - constants only
    # OFFSET 0 keeps the planner from walking the whole index of messages for those that reply to nothing.
    REPLIED = "LATERAL (SELECT * FROM messaging_message WHERE id = i.reply_to_id OFFSET 0)"
    THREAD = "LATERAL (SELECT * FROM messaging_message WHERE id = i.thread_id OFFSET 0)"
    LOOKUP = f"""{LOOKUP_COLUMNS}
        FROM json_to_recordset($1) AS i(n int, conversation_id uuid, sender_id uuid, client_id text, reply_to_id uuid,
             thread_id uuid) {LOOKUP_JOINS.format(replied=REPLIED, thread=THREAD)}"""
    HAS_READ = "x.marks_read OR ms.last_read_number >= x.before"
    INSERT = f"""
        WITH i AS (
            SELECT * FROM json_to_recordset($1) AS i(id uuid, conversation_id uuid, seq bigint, number bigint,
                sender_id uuid, client_id text, body_hash text, content_type text, content text, words tsvector,
                metadata text, reply_to_id uuid, thread_id uuid, mentions jsonb, mentions_all bool,
                attachments text, envelope text, created_at timestamptz, marks_read bool)
        ), kept AS (
            INSERT INTO messaging_message (id, conversation_id, seq, number, changed_seq, sender_id, client_id,
                body_hash, content_type, content, words, metadata, reply_to_id, thread_id, mentions, mentions_all,
                attachments, envelope, created_at)
            SELECT id, conversation_id, seq, number, seq, sender_id, client_id, decode(body_hash, 'base64'),
                content_type, content, words, metadata::jsonb, reply_to_id, thread_id, nullif(mentions, '[]'),
                mentions_all, attachments::jsonb, envelope::jsonb, created_at FROM i
        ), mentioned AS (
            INSERT INTO messaging_mention (message_id, conversation_id, user_id, sender_id, number)
            SELECT id, conversation_id, m::uuid, sender_id, number FROM i, jsonb_array_elements_text(mentions) m
        ), marked AS (
            UPDATE conversations_membership ms
            SET last_read_seq = CASE WHEN {HAS_READ} THEN x.seq ELSE ms.last_read_seq END,
                last_read_number = CASE WHEN {HAS_READ} THEN x.number ELSE ms.last_read_number END,
                last_read_at = CASE WHEN {HAS_READ} THEN x.at ELSE ms.last_read_at END,
                is_marked_unread = ms.is_marked_unread AND NOT ({HAS_READ}),
                last_delivered_seq = x.seq, last_delivered_at = x.at, last_sent_at = x.at
            FROM (SELECT conversation_id, sender_id, max(seq) AS seq, max(number) AS number, max(created_at) AS at,
                         bool_and(marks_read) AS marks_read, max(number) - count(*) AS before
                  FROM i GROUP BY 1, 2) x
            WHERE ms.conversation_id = x.conversation_id AND ms.user_id = x.sender_id
        )
        UPDATE conversations_conversation c SET seq = x.seq, message_count = x.number, active_at = x.at
        FROM (SELECT conversation_id, max(seq) AS seq, max(number) AS number, max(created_at) AS at
              FROM i GROUP BY 1) x
        WHERE c.id = x.conversation_id"""  # noqa: S608 - constants only
    ATTACH = """
        INSERT INTO media_attachment (upload_id, conversation_id, message_id, seq, position)
        SELECT upload_id, conversation_id, message_id, seq, position FROM json_to_recordset(%s)
            AS i(upload_id uuid, conversation_id uuid, message_id uuid, seq bigint, position smallint)"""
    COUNT_REPLY = """
        WITH counted AS (
            UPDATE messaging_message SET reply_count = reply_count + 1, changed_seq = %(seq)s
            WHERE id = %(thread)s RETURNING seq
        ), changed AS (
            INSERT INTO conversations_change
                (conversation_id, seq, kind, actor_id, message_id, about_seq, data, created_at)
            SELECT %(conversation)s, %(seq)s, 'message.updated', %(actor)s, %(thread)s, seq, '{}', %(at)s FROM counted
        )
        UPDATE conversations_conversation SET seq = greatest(seq, %(seq)s) WHERE id = %(conversation)s"""

    def __init__(self) -> None:
        self._raw: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        connection.ensure_connection()
        if self._raw is not connection.connection:
            self._raw = connection.connection
            self._pipeline = Pipeline(connection.connection)
        try:
            with connection.wrap_database_errors:
                yield
        except BaseException as error:
            if connection.connection.info.transaction_status != TransactionStatus.IDLE:
                with connection.wrap_database_errors:  # the connection may be lost
                    self._pipeline.roll_back()
            if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                raise LockTimeout from error
            raise

    def begin(self, asked: Sequence[Lookup], wait_ms: int) -> tuple[list[Head], list[LookupResult]]:
        conversation_ids = sorted({str(one.conversation_id) for one in asked})
        numbered = [{"n": n, **one._asdict()} for n, one in enumerate(asked)]
        _, _, heads, found = self._pipeline.run(
            ("BEGIN", ()),
            (self.PLAN_BY_KEY, [b"%d" % (wait_ms or ROW_WAIT_MS)]),
            (self.LOCK if wait_ms else f"{self.LOCK} SKIP LOCKED", [f"{{{','.join(conversation_ids)}}}".encode()]),
            (self.LOOKUP, [msgspec.json.encode(numbered)]),
        )
        return list(map(Head._make, heads)), list(map(LookupResult._make, found))

    def insert(self, rows: Sequence[MessageRow]) -> None:
        self._pipeline.run(self._insertion(rows))

    def commit(self, rows: Sequence[MessageRow]) -> None:
        self._pipeline.run(*([self._insertion(rows)] if rows else []), ("COMMIT", ()))

    def attach(self, attached: Sequence[AttachmentRow]) -> None:
        self._run(self.ATTACH, [as_json([one._asdict() for one in attached])])

    def count_reply(self, row: MessageRow, seq: int) -> None:
        self._run(self.COUNT_REPLY, reply_parameters(row, seq))

    def _insertion(self, rows: Sequence[MessageRow]) -> Statement:
        return self.INSERT, [msgspec.json.encode([row._asdict() for row in rows])]

    def _run(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> None:
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            cursor.execute(statement, parameters)  # type: ignore[arg-type]
