"""One batch of messages: what is decided about each of them under the lock, and what is published after the commit."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from accounts.wire import UserRef
from common.clock import rfc3339
from common.errors import Refusal, invalid, not_found
from common.ids import uuid7
from common.publish import Publication, conversation_topic
from conversations.models import Change, Conversation, Membership
from conversations.services.locking import frozen_refusal, silenced_refusal
from encryption.services import rosters
from media.models import Upload
from media.services import AttachableUploads, mark_sent_as_is
from media.wire import upload_state
from messaging.models import Message
from messaging.models.search_terms import index_search_terms
from messaging.reading.log import message_frame
from messaging.wire.mentions import NOT_MENTIONABLE, MentionableMembers
from messaging.wire.messages import QUOTE_SIZE, MessageState, Quote
from messaging.wire.writing import NOT_E2EE, UNSEALED
from messaging.writing import filters
from messaging.writing.attachments import NOT_ATTACHABLE, attachment_states, content_type_of
from messaging.writing.filters import Hit
from messaging.writing.mention_notices import addressed_by, notify_addressed
from messaging.writing.outgoing import Outgoing, Sent
from messaging.writing.store.rows import AttachmentRow, Head, Lookup, LookupResult, MessageRow, Store


class Batch:
    """One attempt to write some messages. After the commit, `answers` go to the senders and `publications` to the
    subscribers; `duplicates` are retries, and `skipped` are messages to conversations that were locked."""

    def __init__(self, items: list[Outgoing], now: datetime) -> None:
        self.items = items
        self.now, self.at = now, rfc3339(now)
        self.rows: list[MessageRow] = []
        self.publications: list[Publication] = []
        self.answers: list[tuple[Outgoing, Sent | Refusal]] = []
        self.duplicates: list[tuple[Outgoing, UUID]] = []
        self.skipped: list[Outgoing] = []
        self._attachments: list[AttachmentRow] = []
        self._uploads: list[Upload] = []
        self._replied_to: dict[UUID, list[UUID]] = defaultdict(list)
        self._thread_replies: list[tuple[MessageRow, int]] = []
        self._last_sent_at: dict[tuple[UUID, UUID], datetime] = {}
        self._flagged: list[tuple[MessageRow, list[Hit]]] = []
        self._hits: dict[Outgoing, list[Hit]] = {}

    def write(self, store: Store, wait_ms: int) -> None:
        """Write the batch in one transaction."""
        current_filters = filters.filter_cache.get()
        self._hits = {item: hits for item in self.items if (hits := current_filters.find(item.message.content))}
        with store.transaction():
            found, results = store.begin([_lookup(item) for item in self.items], wait_ms)
            heads = {head.id: head for head in found}
            self.skipped = [item for item in self.items if item.conversation_id not in heads]
            self._decide(heads, {result.n: result for result in results})
            if self._has_more_to_write():
                store.insert(self.rows)
                self._write_rest(store, heads)
                store.commit([])
            else:
                store.commit(self.rows)

    def _has_more_to_write(self) -> bool:
        """Whether something belongs to the messages that must be written after them."""
        more = self._attachments or self._flagged or self._replied_to or self._thread_replies
        return bool(more) or any(row.mentions for row in self.rows)

    def _write_rest(self, store: Store, heads: Mapping[UUID, Head]) -> None:
        if self._attachments:
            store.attach(self._attachments)
            mark_sent_as_is(self._uploads)
        for row, hits in self._flagged:
            filters.report_flagged(row.id, row.sender_id, hits, self.now)
        for row, seq in self._thread_replies:
            store.count_reply(row, seq)
            self._publish_reply_count(row, seq, heads[row.conversation_id])
        self.publications += notify_addressed(
            [one for row in self.rows for one in addressed_by(row, self._replied_to[row.id])]
        )

    def _decide(self, heads: dict[UUID, Head], results: Mapping[int, LookupResult]) -> None:
        """Decide about each message, under the lock and on a fresh snapshot: a retry, a refusal or the next seq."""
        items = [(n, item) for n, item in enumerate(self.items) if item.conversation_id in heads]
        written: dict[tuple[UUID, str], tuple[UUID, bytes]] = {}
        members = MentionableMembers((item.conversation_id, item.mentions) for _, item in items)
        attachable = AttachableUploads([_attachment_request(item) for _, item in items])
        readers = rosters.devices_in({head.id for head in heads.values() if _is_e2ee(head)})
        for n, item in items:
            facts = results.get(n)
            if facts is None or facts.role is None:
                self.answers.append((item, not_found()))
                continue
            key = (item.sender_id, item.client_id)
            earlier = written.get(key)
            if facts.message_id and facts.message_hash:
                earlier = facts.message_id, facts.message_hash
            if earlier:
                self._answer_repeat(item, *earlier)
                continue
            head = heads[item.conversation_id]
            mentioned_ids = members.resolve(item.conversation_id, item.mentions, item.sender_id)
            uploads = attachable.of(_attachment_request(item))
            refusal = self._why_refused(item, facts, head, mentioned_ids, uploads)
            if refusal := refusal or _why_not_sealed(item, head, readers[head.id]):
                self.answers.append((item, refusal))
                continue
            head = heads[item.conversation_id] = _advance(head)
            uploads = uploads or []
            row = _row(item, head, facts, mentioned_ids or [], uploads, self.now)
            self._uploads += uploads
            self._attachments += [
                AttachmentRow(upload.id, head.id, row.id, row.seq, position) for position, upload in enumerate(uploads)
            ]
            written[key] = (row.id, row.body_hash)
            self._last_sent_at[item.conversation_id, item.sender_id] = self.now
            self.rows.append(row)
            if item in self._hits:
                self._flagged.append((row, self._hits[item]))
            self._publish_created(item, row, facts, head, uploads)
            if facts.reply_seq is not None:
                self._replied_to[row.id].append(facts.reply_sender_id)
            if row.thread_id is not None:
                head = heads[item.conversation_id] = head._replace(seq=head.seq + 1)
                self._thread_replies.append((row, head.seq))

    def _why_refused(
        self,
        item: Outgoing,
        facts: LookupResult,
        head: Head,
        mentioned_ids: list[UUID] | None,
        uploads: list[Upload] | None,
    ) -> Refusal | None:
        """Why this message is refused; None if it is not."""
        if head.is_frozen:
            return frozen_refusal()
        if facts.is_blocked:
            return Refusal("blocked")
        if facts.silenced_until and facts.silenced_until > self.now:
            return silenced_refusal(facts.silenced_until)
        if not _is_moderator(facts, head):
            if head.is_read_only:
                return Refusal("read_only")
            if wait := self._slow_seconds(item, facts, head):
                return Refusal("slow_mode", retry_after=wait)
        if item.message.reply_to_id and facts.reply_seq is None:
            return invalid("reply_to_id", "There is no such message in this conversation.")
        if item.message.thread_id and facts.thread_seq is None:
            return invalid("thread_id", "This conversation has no such message, or it cannot start a thread.")
        if mentioned_ids is None:
            return invalid("mention_ids", NOT_MENTIONABLE)
        if uploads is None:
            return invalid("attachment_ids", NOT_ATTACHABLE)
        if filters.is_blocked_by(self._hits.get(item, ())):
            return Refusal("content_refused")
        return None

    def _slow_seconds(self, item: Outgoing, facts: LookupResult, head: Head) -> float:
        """The seconds until slow mode lets this sender write again; 0 if they can write now."""
        before = self._last_sent_at.get((item.conversation_id, item.sender_id)) or facts.last_sent_at
        if not head.slow_mode_seconds or before is None:
            return 0
        return max(0.0, round(head.slow_mode_seconds - (self.now - before).total_seconds(), 3))

    def _answer_repeat(self, item: Outgoing, message_id: UUID, body_hash: bytes) -> None:
        if bytes(body_hash) == item.body_hash:
            self.duplicates.append((item, message_id))
        else:
            self.answers.append((item, Refusal("idempotency_conflict")))

    def _publish_created(
        self, item: Outgoing, row: MessageRow, facts: LookupResult, head: Head, uploads: list[Upload]
    ) -> None:
        """Encode the message once: the sender's answer and the event share its bytes."""
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
        self.publications.append(Publication(conversation_topic(row.conversation_id), row.seq, frame))
        self.answers.append((item, Sent(message, False)))

    def _publish_reply_count(self, row: MessageRow, seq: int, head: Head) -> None:
        """Publish the thread's first message with its new reply count, which is a log entry of its own."""
        root = Message.objects.shown().get(thread_replies=row.id)
        self._replied_to[row.id].append(root.sender_id)
        frame = message_frame(Change.Kind.MESSAGE_UPDATED, root, seq, self.now, head.history)
        self.publications.append(Publication(conversation_topic(row.conversation_id), seq, frame, about=root.seq))


def _is_e2ee(head: Head) -> bool:
    return head.encryption == Conversation.Encryption.E2EE


def _why_not_sealed(item: Outgoing, head: Head, devices: Mapping[UUID, UUID]) -> Refusal | None:
    """Why the envelope is refused; None if it is right for this conversation."""
    envelope = item.message.envelope
    if not _is_e2ee(head):
        return invalid("envelope", NOT_E2EE) if envelope else None
    if envelope is None:
        return invalid("envelope", UNSEALED, "required")
    return rosters.envelope_refusal(envelope, item.sender_id, head.roster_seq, devices)


def _attachment_request(item: Outgoing) -> tuple[UUID, UUID, list[UUID]]:
    return item.conversation_id, item.sender_id, item.message.attachment_ids


def _is_moderator(facts: LookupResult, head: Head) -> bool:
    return head.kind != Conversation.Kind.DIRECT and facts.role != Membership.Role.MEMBER


def _lookup(item: Outgoing) -> Lookup:
    message = item.message
    return Lookup(item.conversation_id, item.sender_id, item.client_id, message.reply_to_id, message.thread_id)


def _advance(head: Head) -> Head:
    return head._replace(seq=head.seq + 1, number=head.number + 1)


def _row(
    item: Outgoing, head: Head, facts: LookupResult, mentioned_ids: list[UUID], uploads: list[Upload], now: datetime
) -> MessageRow:
    message = item.message
    metadata = None if message.metadata is None else msgspec.json.encode(message.metadata).decode()
    attachments = msgspec.json.encode(attachment_states(uploads)).decode() if uploads else None
    envelope = msgspec.json.encode(message.envelope).decode() if message.envelope else None
    words = index_search_terms(message.content)
    return MessageRow(
        uuid7(), head.id, head.seq, head.number, item.sender_id, item.client_id, item.body_hash,
        content_type_of(uploads, is_sealed=_is_e2ee(head)), message.content, words, metadata,
        message.reply_to_id, message.thread_id, mentioned_ids, item.mentions.is_all and _is_moderator(facts, head),
        attachments, envelope, now, message.marks_read,
    )  # fmt: skip


def _quote(item: Outgoing, facts: LookupResult, head: Head) -> Quote | None:
    if item.message.reply_to_id is None or facts.reply_seq is None:
        return None
    if head.history == Conversation.History.JOINED:
        return Quote(item.message.reply_to_id, facts.reply_seq)
    author = UserRef(facts.reply_sender_id, facts.reply_username, facts.reply_full_name, facts.reply_avatar_url or None)
    content = facts.reply_content[:QUOTE_SIZE]
    return Quote(item.message.reply_to_id, facts.reply_seq, author, content, facts.reply_content_type)
