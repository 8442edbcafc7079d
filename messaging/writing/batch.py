"""One batch of messages on its way into the log: what is decided about each under the lock, and what is told after."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from accounts.wire import UserRef
from chatproject.common.clock import rfc3339
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.ids import uuid7
from chatproject.common.publish import Ring, conversation_topic
from conversations.models import Change, Conversation, Membership
from conversations.services.locking import frozen, silenced
from encryption.services import rosters
from media.models import Upload
from media.services import Attachable, send_as_is
from media.wire import upload_state
from messaging import filters
from messaging.attachments import NO_UPLOAD, content_type_of, shown_of
from messaging.filters import Hit
from messaging.mentions import Members, named_in
from messaging.models import Message
from messaging.naming import meant_by, tell_meant
from messaging.reader import message_frame
from messaging.store.rows import Asked, Attached, Head, Known, Row, Store
from messaging.wire.messages import QUOTE_SIZE, MessageState, Quote
from messaging.wire.writing import NOT_E2EE, UNSEALED, NewMessage
from messaging.words import indexed


class Sent(msgspec.Struct):
    """A message that is in the database: the encoded `MessageState`, and whether it had been sent before."""

    message: bytes
    duplicate: bool


class Outgoing:
    """A message on its way in. `answer` becomes a `Sent` or raises a `Refusal`."""

    __slots__ = ("answer", "body_hash", "client_id", "conversation_id", "message", "named", "sender_id")

    def __init__(self, sender_id: UUID, conversation_id: UUID, message: NewMessage, answer: Any) -> None:
        self.sender_id = sender_id
        self.conversation_id = conversation_id
        self.message = message
        self.client_id = message.client_id or uuid7().hex
        self.named = named_in(message.content, message.mention_ids)
        self.body_hash = _body_hash(conversation_id, message)
        self.answer = answer


def _body_hash(conversation_id: UUID, message: NewMessage) -> bytes:
    """Tells a retry from another message under the same `client_id`."""
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


class Batch:
    """One attempt to write some messages: what was decided, and what is to be told after the commit."""

    def __init__(self, items: list[Outgoing], now: datetime) -> None:
        self.items = items
        self.now, self.at = now, rfc3339(now)
        self.rows: list[Row] = []
        self.rings: list[Ring] = []
        self.answers: list[tuple[Outgoing, Sent | Refusal]] = []
        self.duplicates: list[tuple[Outgoing, UUID]] = []
        self.passed_over: list[Outgoing] = []
        self._attachments: list[Attached] = []
        self._uploads: list[Upload] = []
        self._answered: dict[UUID, list[UUID]] = defaultdict(list)
        self._threads: list[tuple[Row, int]] = []
        self._sent: dict[tuple[UUID, UUID], datetime] = {}
        self._flagged: list[tuple[Row, list[Hit]]] = []
        self._hits: dict[Outgoing, list[Hit]] = {}

    def write(self, store: Store, wait_ms: int) -> None:
        """One transaction."""
        unwanted = filters.present.get()
        self._hits = {item: hits for item in self.items if (hits := unwanted.find(item.message.content))}
        with store.transaction(wait_ms):
            heads = {head.id: head for head in store.lock(sorted({item.conversation_id for item in self.items}))}
            here = [item for item in self.items if item.conversation_id in heads]
            self.passed_over = [item for item in self.items if item.conversation_id not in heads]
            if here:
                self._decide(here, heads, {known.n: known for known in store.look([_asked(i, heads) for i in here])})
            if self.rows:
                store.keep(self.rows)
            if self._attachments:
                store.attach(self._attachments)
                send_as_is(self._uploads)
            for row, hits in self._flagged:
                filters.flag(row.id, row.sender_id, hits, self.now)
            for row, place in self._threads:
                store.count_reply(row, place)
                self._tell_thread(row, place, heads[row.conversation_id])
            self.rings += tell_meant([one for row in self.rows for one in meant_by(row, self._answered[row.id])])

    def _decide(self, items: list[Outgoing], heads: dict[UUID, Head], known: dict[int, Known]) -> None:
        """Under the lock and on a fresh view: a duplicate, a refusal, or the next place."""
        mine: dict[tuple[UUID, str], tuple[UUID, bytes]] = {}
        members = Members((item.conversation_id, item.named) for item in items)
        attachable = Attachable([_attaching(item) for item in items])
        readers = rosters.devices_in({item.conversation_id for item in items if _is_e2ee(heads[item.conversation_id])})
        for n, item in enumerate(items):
            facts = known.get(n)
            if facts is None or facts.role is None:
                self.answers.append((item, not_found()))
                continue
            key = (item.sender_id, item.client_id)
            first = (facts.message_id, facts.message_hash) if facts.message_id and facts.message_hash else mine.get(key)
            if first:
                self._repeat(item, *first)
                continue
            head = heads[item.conversation_id]
            mentioned = members.mentioned(item.conversation_id, item.named, item.sender_id)
            uploads = attachable.of(_attaching(item))
            refusal = self._refusal(item, facts, head, mentioned, uploads)
            if refusal := refusal or _sealing_refusal(item, head, readers[head.id]):
                self.answers.append((item, refusal))
                continue
            head = heads[item.conversation_id] = _next(head)
            row = _row(item, head, facts, mentioned or [], uploads or [], self.now)
            self._uploads += uploads or []
            self._attachments += [
                Attached(upload.id, head.id, row.id, row.seq, position) for position, upload in enumerate(uploads or [])
            ]
            mine[key] = (row.id, row.body_hash)
            self._sent[item.conversation_id, item.sender_id] = self.now
            self.rows.append(row)
            if item in self._hits:
                self._flagged.append((row, self._hits[item]))
            self._tell(item, row, facts, head, uploads or [])
            if facts.reply_seq is not None:
                self._answered[row.id].append(facts.reply_sender_id)
            if row.thread_id is not None:
                head = heads[item.conversation_id] = head._replace(seq=head.seq + 1)
                self._threads.append((row, head.seq))

    def _refusal(
        self,
        item: Outgoing,
        facts: Known,
        head: Head,
        mentioned: list[UUID] | None,
        uploads: list[Upload] | None,
    ) -> Refusal | None:
        """Why this message does not go in, if it does not."""
        if head.is_frozen:
            return frozen()
        if facts.is_blocked:
            return Refusal("blocked")
        if facts.silenced_until and facts.silenced_until > self.now:
            return silenced(facts.silenced_until)
        if not _is_moderator(facts, head):
            if head.is_read_only:
                return Refusal("read_only")
            if wait := self._slow_seconds(item, facts, head):
                return Refusal("slow_mode", retry_after=wait)
        if item.message.reply_to_id and facts.reply_seq is None:
            return invalid("reply_to_id", "No such message in this conversation.")
        if item.message.thread_id and facts.thread_seq is None:
            return invalid("thread_id", "No such message in this conversation that could begin a thread.")
        if mentioned is None:
            return invalid("mention_ids", "Only members can be mentioned.")
        if uploads is None:
            return invalid("attachment_ids", NO_UPLOAD)
        if filters.refuses(self._hits.get(item, ())):
            return Refusal("content_refused")
        return None

    def _slow_seconds(self, item: Outgoing, facts: Known, head: Head) -> float:
        """The seconds until slow mode lets this sender write again; 0 when it does."""
        before = self._sent.get((item.conversation_id, item.sender_id)) or facts.last_sent_at
        if not head.slow_mode_seconds or before is None:
            return 0
        return max(0.0, round(head.slow_mode_seconds - (self.now - before).total_seconds(), 3))

    def _repeat(self, item: Outgoing, message_id: UUID, body_hash: bytes) -> None:
        if bytes(body_hash) == item.body_hash:
            self.duplicates.append((item, message_id))
        else:
            self.answers.append((item, Refusal("idempotency_conflict")))

    def _tell(self, item: Outgoing, row: Row, facts: Known, head: Head, uploads: list[Upload]) -> None:
        """Encode once for everybody: the sender's answer and the event share the message's bytes."""
        message = msgspec.json.encode(
            MessageState(
                id=row.id,
                conversation_id=row.conversation_id,
                seq=row.seq,
                changed_seq=row.seq,
                sender=UserRef(row.sender_id, facts.username, facts.full_name, facts.avatar_url or None),
                client_id=row.client_id,
                content_type=row.content_type,
                content=row.content,
                envelope=item.message.envelope,
                reply_to=_quote(item, facts, head),
                thread_id=row.thread_id,
                mentions=row.mentions,
                mentions_all=row.mentions_all,
                attachments=[upload_state(upload) for upload in uploads],
                metadata=item.message.metadata,
                created_at=self.at,
            )
        )
        frame = b'{"type":"message.created","conversation_id":"%b","seq":%d,"ts":"%b","data":{"message":%b}}' % (
            str(row.conversation_id).encode(),
            row.seq,
            self.at.encode(),
            message,
        )
        self.rings.append(Ring(conversation_topic(row.conversation_id), row.seq, frame))
        self.answers.append((item, Sent(message, False)))

    def _tell_thread(self, row: Row, place: int, head: Head) -> None:
        """The thread's first message counts one reply more, which is an entry of its own."""
        root = Message.objects.shown().get(thread_replies=row.id)
        self._answered[row.id].append(root.sender_id)
        frame = message_frame(Change.Kind.MESSAGE_UPDATED, root, place, self.now, head.history)
        self.rings.append(Ring(conversation_topic(row.conversation_id), place, frame, about=root.seq))


def _is_e2ee(head: Head) -> bool:
    return head.encryption == Conversation.Encryption.E2EE


def _sealing_refusal(item: Outgoing, head: Head, devices: Mapping[UUID, UUID]) -> Refusal | None:
    """Why this message is not sealed as its conversation wants it, if it is not."""
    envelope = item.message.envelope
    if not _is_e2ee(head):
        return invalid("envelope", NOT_E2EE) if envelope else None
    if envelope is None:
        return invalid("envelope", UNSEALED, "required")
    return rosters.refusal_of(envelope, item.sender_id, head.roster_seq, devices)


def _attaching(item: Outgoing) -> tuple[UUID, UUID, list[UUID]]:
    return item.conversation_id, item.sender_id, item.message.attachment_ids


def _is_moderator(facts: Known, head: Head) -> bool:
    return head.kind != Conversation.Kind.DIRECT and facts.role != Membership.Role.MEMBER


def _asked(item: Outgoing, heads: dict[UUID, Head]) -> Asked:
    is_direct = heads[item.conversation_id].kind == Conversation.Kind.DIRECT
    message = item.message
    return Asked(
        item.conversation_id, item.sender_id, item.client_id, message.reply_to_id, message.thread_id, is_direct
    )


def _next(head: Head) -> Head:
    return head._replace(seq=head.seq + 1, number=head.number + 1)


def _row(item: Outgoing, head: Head, facts: Known, mentioned: list[UUID], uploads: list[Upload], now: datetime) -> Row:
    message = item.message
    metadata = None if message.metadata is None else msgspec.json.encode(message.metadata).decode()
    attachments = msgspec.json.encode(shown_of(uploads)).decode() if uploads else None
    envelope = msgspec.json.encode(message.envelope).decode() if message.envelope else None
    return Row(
        uuid7(), head.id, head.seq, head.number, item.sender_id, item.client_id, item.body_hash,
        content_type_of(uploads, is_sealed=_is_e2ee(head)), message.content, indexed(message.content), metadata,
        message.reply_to_id, message.thread_id, mentioned, item.named.is_all and _is_moderator(facts, head),
        attachments, envelope, now, message.marks_read,
    )  # fmt: skip


def _quote(item: Outgoing, facts: Known, head: Head) -> Quote | None:
    if item.message.reply_to_id is None or facts.reply_seq is None:
        return None
    if head.history == Conversation.History.JOINED:
        return Quote(item.message.reply_to_id, facts.reply_seq)
    author = UserRef(facts.reply_sender_id, facts.reply_username, facts.reply_full_name, facts.reply_avatar_url or None)
    content = facts.reply_content[:QUOTE_SIZE]
    return Quote(item.message.reply_to_id, facts.reply_seq, author, content, facts.reply_content_type)
