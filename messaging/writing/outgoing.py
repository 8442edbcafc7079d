"""A message on its way into the log, and what its sender gets for it."""

from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from common.ids import uuid7
from messaging.wire.mentions import parse_mentions
from messaging.wire.writing import NewMessage


class Sent(msgspec.Struct):
    """A stored message: the encoded `MessageState`, and whether it had already been sent."""

    message: bytes
    duplicate: bool


class Outgoing:
    """A message to be written. `answer` becomes a `Sent` or raises a `Refusal`."""

    __slots__ = ("answer", "body_hash", "client_id", "conversation_id", "mentions", "message", "sender_id")

    def __init__(self, sender_id: UUID, conversation_id: UUID, message: NewMessage, answer: Any) -> None:
        self.sender_id = sender_id
        self.conversation_id = conversation_id
        self.message = message
        self.client_id = message.client_id or uuid7().hex
        self.mentions = parse_mentions(message.content, message.mention_ids)
        self.body_hash = _body_hash(conversation_id, message)
        self.answer = answer


def _body_hash(conversation_id: UUID, message: NewMessage) -> bytes:
    """A hash that tells a retry from a different message with the same `client_id`."""
    body = (
        conversation_id,
        message.content,
        message.content_type,
        message.reply_to_id,
        message.thread_id,
        message.mention_ids,
        message.metadata,
        message.attachment_ids,
        message.envelope,
    )
    return blake2b(msgspec.msgpack.encode(body, order="deterministic"), digest_size=16).digest()
