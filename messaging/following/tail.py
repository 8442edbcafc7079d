"""The worker's tail of the logs: notifies members of new messages, so that senders do not wait for it.

Sending writes no row for the worker. Ids of messages contain the time, so the newest ids show which conversations have
new messages; since messages can become visible late, a comparison of all heads once a minute finds the rest. The worker
then reads each log from its `Tail` on, under a lock: each seq exactly once, even if a worker is killed.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, IntegerField, Max, OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce

from accounts.models import Block, User
from common import isolation
from common.clock import now
from common.compiled import CompiledQuery, Parameter, Parameters
from conversations.models import Conversation, Membership
from conversations.models.membership import MembershipQuerySet
from messaging.models import Message, Tail
from messaging.reading.log import conversation_heads
from messaging.reading.previews import previews_of
from notifications.levels import preference_of, wants_notice
from notifications.models import Notice, NoticeQuerySet
from notifications.services import publish_notices, queue_pushes

Kind = Notice.Kind
BATCH_SIZE = 50
"""How many conversations to process in one transaction."""
ENTRIES_PER_PASS = 200
"""How many entries of a log to process in one transaction."""
OVERLAP = timedelta(seconds=10)
"""Messages become visible later than their ids say. If it takes longer than this, the comparison finds them."""
COMPARE_EVERY = 60.0
MAX_MEMBERS = 1000
"""In a larger conversation, only the addressed members are notified of a message."""
POSTPONED = 2**63
"""The position of a conversation that failed: it is skipped until the next comparison."""
MAX_AGE = timedelta(days=1)
"""Nobody is notified of older messages."""


class Progress(NamedTuple):
    """Up to which seq each conversation was followed, and which conversations have more entries."""

    followed: dict[UUID, int]
    unfinished: list[UUID]


class LogFollower:
    """Follows the logs of all conversations, in one worker."""

    def __init__(self) -> None:
        self._followed: dict[UUID, int] = {}
        self._pending: list[UUID] = []
        self._compared = -COMPARE_EVERY

    def is_behind(self) -> bool:
        """Whether there is something to follow."""
        return bool(self._pending) or self._is_comparison_due() or bool(self._find_recent())

    def follow(self) -> bool:
        """Notify members of new messages in some conversations. False if there is nothing new."""
        self._pending = self._pending or self._find_behind()
        ids, self._pending = self._pending[:BATCH_SIZE], self._pending[BATCH_SIZE:]
        if ids and not isolation.succeeds(self._notify_members, ids):
            failed = isolation.for_each([[id_] for id_ in ids], self._notify_members)
            self._followed |= {id_: POSTPONED for (id_,) in failed}
        return bool(ids)

    def _notify_members(self, ids: list[UUID]) -> None:
        progress = notify_members(ids)
        self._followed |= progress.followed
        self._pending += progress.unfinished

    def _find_behind(self) -> list[UUID]:
        if self._is_comparison_due():
            self._compared = time.monotonic()
            self._followed.clear()
            tails = Tail.objects.filter(conversation=OuterRef("pk")).values("seq")
            behind = Conversation.objects.filter(deleted_at__isnull=True, seq__gt=Coalesce(Subquery(tails), 0))
            return list(behind.values_list("id", flat=True))
        return self._find_recent()

    def _find_recent(self) -> list[UUID]:
        moment = now()
        newest = _newest_messages(lowest_id=lowest_id_at(moment - OVERLAP), end=lowest_id_at(moment + MAX_AGE))
        return [id_ for id_, seq in newest if self._followed.get(id_, 0) < seq]

    def _is_comparison_due(self) -> bool:
        return time.monotonic() - self._compared > COMPARE_EVERY


@CompiledQuery
def _newest_messages() -> QuerySet[Message, Any]:
    """Conversations with new messages, each with its highest seq. Grouped by an expression, because SQLite would take
    the index of the column, and with an end, because PostgreSQL expects a third of the table after any beginning: both
    would walk through all messages, twice a second."""
    recent = Message.objects.filter(id__gt=Parameter("lowest_id"), id__lt=Parameter("end")).order_by()
    conversation = Coalesce("conversation", "conversation", output_field=UUIDField())
    return recent.values_list(conversation).annotate(newest=Max("seq"))


def lowest_id_at(moment: datetime) -> UUID:
    """The lowest id of a message written at this moment: a UUIDv7 begins with its milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def notify_members(conversation_ids: Collection[UUID]) -> Progress:
    """Notify the members of these conversations of new messages, in one transaction. Conversations that another worker
    has locked are skipped."""
    with transaction.atomic():
        if not (tails := _lock_tails(conversation_ids)):
            return Progress({}, [])
        heads = conversation_heads(list(tails))
        followed = {id_: min(heads[id_], tail.seq + ENTRIES_PER_PASS) for id_, tail in tails.items()}
        new_messages = _new_messages(tails, followed)
        if new_messages:
            _create_notices(new_messages)
        for id_, tail in tails.items():
            tail.seq = followed[id_]
        Tail.objects.bulk_create(  # an upsert: `bulk_update` takes longer than all the rest
            tails.values(), update_conflicts=True, unique_fields=["conversation"], update_fields=["seq"]
        )
    return Progress(followed, [id_ for id_, seq in followed.items() if seq < heads[id_]])


def _lock_tails(conversation_ids: Collection[UUID]) -> dict[UUID, Tail]:
    tails = _locked_tails(ids=conversation_ids)
    if len(tails) < len(conversation_ids):
        known = Tail.objects.filter(conversation__in=conversation_ids).values_list("conversation_id", flat=True)
        if missing := set(conversation_ids) - set(known):
            _create_tails(missing)
            tails = _locked_tails(ids=conversation_ids)
    return {tail.conversation_id: tail for tail in tails}


@CompiledQuery
def _locked_tails() -> QuerySet[Tail, Tail]:
    skip = connection.features.has_select_for_update_skip_locked
    return Tail.objects.select_for_update(skip_locked=skip).filter(pk__in=Parameters("ids")).order_by("pk")


def _create_tails(conversation_ids: Collection[UUID]) -> None:
    """Create the tails of conversations, after their old messages: an imported log may be long."""
    old = Message.objects.filter(conversation__in=conversation_ids, created_at__lte=now() - MAX_AGE).order_by()
    last = dict(old.values_list("conversation_id").annotate(last=Max("seq")))
    tails = [Tail(conversation_id=id_, seq=last.get(id_, 0)) for id_ in conversation_ids]
    Tail.objects.bulk_create(tails, ignore_conflicts=True)


def _new_messages(tails: Mapping[UUID, Tail], followed: Mapping[UUID, int]) -> dict[UUID, list[Message]]:
    """The messages after these tails, up to the given seqs, the newest first."""
    by_conversation = defaultdict(list)
    for message in _messages_after_tails(list(tails)):
        if message.seq <= followed[message.conversation_id]:
            by_conversation[message.conversation_id].append(message)
    return by_conversation


def _messages_after_tails(conversation_ids: Sequence[UUID]) -> Iterable[Message]:
    """Of each of these conversations the messages after its tail, up to `ENTRIES_PER_PASS` of its numbers, the newest
    first. In SQL, because a QuerySet would join the conversations between the two, and PostgreSQL then reads every
    message of them."""
    key = UUIDField()
    places = ", ".join(["%s"] * len(conversation_ids))
    return Message.objects.raw(
        f"""
        SELECT m.id, m.conversation_id, m.seq, m.sender_id, m.mentions_all
        FROM messaging_tail t JOIN messaging_message m
            ON m.conversation_id = t.conversation_id AND m.seq > t.seq AND m.seq <= t.seq + %s
        WHERE t.conversation_id IN ({places}) AND m.deleted_at IS NULL AND m.created_at > %s
        ORDER BY m.seq DESC""",  # noqa: S608 - constants only
        [
            ENTRIES_PER_PASS,
            *(key.get_db_prep_value(id_, connection) for id_ in conversation_ids),
            connection.ops.adapt_datetimefield_value(now() - MAX_AGE),
        ],
    )


def _create_notices(new_messages: Mapping[UUID, list[Message]]) -> None:
    """Create the notices about these messages and queue the pushes. The addressed members already have their notices
    from the writer."""
    moment = now()
    message_ids = {message.id for some in new_messages.values() for message in some}
    by_writer = _naming_notices(messages=message_ids)
    addressed = {(notice.user_id, notice.message_id) for notice in by_writer}
    collapsed: list[Notice] = []
    to_all: list[Notice] = []

    def add_notices(item: tuple[Membership, list[Message]]) -> None:
        membership, unread = item
        if _wants(Kind.MENTION, membership):
            to_all.extend(
                _build_notice(Kind.MENTION, membership, message, moment)
                for message in unread
                if message.mentions_all and (membership.user_id, message.id) not in addressed
            )
        plain = (m for m in unread if not m.mentions_all and (membership.user_id, m.id) not in addressed)
        is_muted = membership.muted_until and membership.muted_until > moment
        if not is_muted and _wants(Kind.MESSAGE, membership) and (newest := next(plain, None)):
            collapsed.append(_build_notice(Kind.MESSAGE, membership, newest, moment))

    isolation.for_each(_unread_by_member(new_messages), add_notices)
    notices = [*collapsed, *to_all]
    pushed = [*notices, *(notice for notice in by_writer if notice.is_unread)]  # type: ignore[attr-defined]
    User.objects.lock_all({notice.user_id for notice in pushed})  # at once: `publish_notices` locks some of them
    publish_notices(notices, previews_of({notice.message_id for notice in notices if notice.message_id}))
    queue_pushes(pushed, moment)


def _unread_by_member(new_messages: Mapping[UUID, list[Message]]) -> Iterator[tuple[Membership, list[Message]]]:
    """The members who have not read everything, each with their unread messages, the newest first; without large
    conversations, their own messages, and messages of users they block."""
    members = _members_behind(ids=list(new_messages), most=MAX_MEMBERS)
    senders = {message.sender_id for messages in new_messages.values() for message in messages}
    blocked = set(_blocks(blockers={member.user_id for member in members}, blocked=senders))
    for member in members:
        begin = max(member.last_read_seq, member.visible_from_seq)
        unread = [
            message
            for message in takewhile(lambda message: message.seq > begin, new_messages[member.conversation_id])  # noqa: B023
            if message.sender_id != member.user_id and (member.user_id, message.sender_id) not in blocked
        ]
        if unread:
            yield member, unread


@CompiledQuery
def _naming_notices() -> NoticeQuerySet:
    return Notice.objects.with_read().filter(message_id__in=Parameters("messages"), kind__in=Notice.NAMING)


@CompiledQuery
def _members_behind() -> MembershipQuerySet:
    behind = Membership.objects.live().filter(
        conversation__in=Parameters("ids"),
        conversation__member_count__lte=Parameter("most", IntegerField()),
        last_read_seq__lt=F("conversation__seq"),
    )
    return behind.select_related("user__preference")


@CompiledQuery
def _blocks() -> QuerySet[Block, Any]:
    found = Block.objects.filter(blocker__in=Parameters("blockers"), blocked__in=Parameters("blocked"))
    return found.values_list("blocker_id", "blocked_id")


def _wants(kind: str, membership: Membership) -> bool:
    return wants_notice(kind, membership.notify, preference_of(membership.user))


def _build_notice(kind: str, membership: Membership, message: Message, moment: datetime) -> Notice:
    is_collapsed = kind == Kind.MESSAGE
    return Notice(
        user_id=membership.user_id,
        kind=kind,
        subject_id=message.conversation_id if is_collapsed else message.id,
        actor_id=message.sender_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        seq=message.seq,
        at=moment,
    )
