"""The parts that the statements of both databases share."""

from typing import Any

import msgspec

from messaging.writing.store.rows import MessageRow

LOOKUP_COLUMNS = """
    SELECT i.n, ms.role, u.username, u.full_name, u.avatar_url,
           (SELECT kind FROM conversations_conversation WHERE id = i.conversation_id) = 'direct' AND EXISTS (
               SELECT 1 FROM conversations_membership o
               LEFT JOIN accounts_block b ON b.blocker_id = o.user_id AND b.blocked_id = i.sender_id
               WHERE o.conversation_id = i.conversation_id AND (b.id IS NOT NULL OR o.left_at IS NOT NULL)),
           ms.last_sent_at, ms.silenced_until, d.id, d.body_hash,
           r.seq, r.content, r.sender_id, ru.username, ru.full_name, ru.avatar_url, t.seq, r.content_type
"""
LOOKUP_JOINS = """
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
HEAD_COLUMNS = """id, seq, message_count, kind, history, is_read_only, is_frozen, slow_mode_seconds, encryption,
    roster_seq"""


def reply_parameters(row: MessageRow, seq: int) -> dict[str, Any]:
    """The named parameters of `COUNT_REPLY`."""
    return {
        "seq": seq,
        "thread": row.thread_id,
        "conversation": row.conversation_id,
        "actor": row.sender_id,
        "at": row.created_at,
    }


def as_json(value: Any) -> str:
    """Rows as JSON, the form in which they are passed to the database."""
    return msgspec.json.encode(value).decode()
