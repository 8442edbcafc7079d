"""The worker's tail of the log: tells the members of what was written since it looked last, off the path of sending.

No row is written per message. Where there is news is found by the newest message ids, which are times: a hint, and
once a minute a comparison of all heads finds what it missed. What is new in a conversation is then read by its places,
from its `Tail` on, under a lock: each place once, whoever is killed.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Block, User
from chatproject.common import apart
from chatproject.common.clock import now
from conversations.models import Conversation, Membership
from messaging.models import Message, Tail
from messaging.previews import previews_of
from notifications.levels import preference_of, wants
from notifications.models import Notice
from notifications.services import queue, tell

Kind = Notice.Kind
TOGETHER = 50
"""Conversations that are looked at in one transaction."""
STEP = 200
"""Places of a conversation that are read at once."""
OVERLAP = timedelta(seconds=10)
"""Messages become visible later than their ids say: this much later at most, or the comparison finds them."""
COMPARE_EVERY = 60.0
LARGE = 1000
"""Members above which only those who are meant are told of a message, not everybody."""
NOT_NOW = 2**63
"""As if a conversation that cannot be told were told: until the next comparison looks at it again."""
OLD = timedelta(days=1)
"""What was written longer ago is not told any more."""


class New(NamedTuple):
    """A message that is new."""

    id: UUID
    conversation_id: UUID
    seq: int
    sender_id: UUID
    mentions_all: bool


class Told(NamedTuple):
    """How far each conversation was told, and those of which there is more."""

    until: dict[UUID, int]
    unfinished: list[UUID]


class Follower:
    """One worker's view of where there is news."""

    def __init__(self) -> None:
        self._told: dict[UUID, int] = {}
        self._waiting: list[UUID] = []
        self._compared = -COMPARE_EVERY

    def follow(self) -> bool:
        """Tell of what is new, in some conversations. False when there is nothing new."""
        self._waiting = self._waiting or self._behind()
        ids, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        if ids and not apart.succeeds(self._tell, ids):
            failed = apart.each([[id_] for id_ in ids], self._tell)
            self._told |= {id_: NOT_NOW for (id_,) in failed}
        return bool(ids)

    def _tell(self, ids: list[UUID]) -> None:
        told = tell_news(ids)
        self._told |= told.until
        self._waiting += told.unfinished

    def _behind(self) -> list[UUID]:
        if time.monotonic() - self._compared > COMPARE_EVERY:
            self._compared = time.monotonic()
            self._told.clear()
            tails = Tail.objects.filter(conversation=OuterRef("pk")).values("seq")
            behind = Conversation.objects.filter(deleted_at__isnull=True, seq__gt=Coalesce(Subquery(tails), 0))
            return list(behind.values_list("id", flat=True))
        recent = Message.objects.filter(id__gt=id_at(now() - OVERLAP)).order_by()
        newest = recent.values_list("conversation_id").annotate(newest=Max("seq"))
        return [id_ for id_, seq in newest if self._told.get(id_, 0) < seq]


def id_at(moment: datetime) -> UUID:
    """The lowest id of what is written from this moment on: a UUIDv7 begins with its milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def tell_news(conversation_ids: Collection[UUID]) -> Told:
    """Tell the members of these conversations of what is new there, in one transaction. Those that another worker is at
    are left to it."""
    with transaction.atomic():
        tails = _locked(conversation_ids)
        heads = dict(Conversation.objects.filter(id__in=tails).values_list("id", "seq"))
        until = {id_: min(heads[id_], tail.seq + STEP) for id_, tail in tails.items()}
        news = _news(tails, until)
        if news:
            _tell(news)
        for id_, tail in tails.items():
            tail.seq = until[id_]
        Tail.objects.bulk_create(  # an upsert: `bulk_update` takes longer than all the rest
            tails.values(), update_conflicts=True, unique_fields=["conversation"], update_fields=["seq"]
        )
    return Told(until, [id_ for id_, seq in until.items() if seq < heads[id_]])


def _locked(conversation_ids: Collection[UUID]) -> dict[UUID, Tail]:
    known = Tail.objects.filter(conversation__in=conversation_ids).values_list("conversation_id", flat=True)
    if missing := set(conversation_ids) - set(known):
        _begin(missing)
    skip = connection.features.has_select_for_update_skip_locked
    tails = Tail.objects.select_for_update(skip_locked=skip).filter(conversation__in=conversation_ids).order_by("pk")
    return {tail.conversation_id: tail for tail in tails}


def _begin(conversation_ids: Collection[UUID]) -> None:
    """The first tail of conversations, behind what is old: a log that was brought here may be long."""
    old = Message.objects.filter(conversation__in=conversation_ids, created_at__lte=now() - OLD).order_by()
    last = dict(old.values_list("conversation_id").annotate(last=Max("seq")))
    tails = [Tail(conversation_id=id_, seq=last.get(id_, 0)) for id_ in conversation_ids]
    Tail.objects.bulk_create(tails, ignore_conflicts=True)


def _news(tails: Mapping[UUID, Tail], until: Mapping[UUID, int]) -> dict[UUID, list[New]]:
    """The messages in these places, the newest first."""
    places = Q(pk__in=())
    for id_, tail in tails.items():
        places |= Q(conversation=id_, seq__gt=tail.seq, seq__lte=until[id_])
    fresh = Message.objects.filter(places, deleted_at__isnull=True, created_at__gt=now() - OLD)
    news = defaultdict(list)
    for row in fresh.order_by("-seq").values_list("id", "conversation_id", "seq", "sender_id", "mentions_all"):
        news[row[1]].append(New(*row))
    return news


def _tell(news: Mapping[UUID, list[New]]) -> None:
    """Write the notices of these messages and queue what is to be pushed. Those whom a message means have their notice
    from the writer already."""
    moment = now()
    messages = {message.id: message for some in news.values() for message in some}
    named = list(Notice.objects.with_read().filter(message_id__in=messages, kind__in=Notice.NAMING))
    meant = {(notice.user_id, notice.message_id) for notice in named}
    collapsed: list[Notice] = []
    to_all: list[Notice] = []

    def tell_one(one: tuple[Membership, list[New]]) -> None:
        membership, unread = one
        if _wants(Kind.MENTION, membership):
            to_all.extend(
                _notice(Kind.MENTION, membership, message, moment)
                for message in unread
                if message.mentions_all and (membership.user_id, message.id) not in meant
            )
        plain = (m for m in unread if not m.mentions_all and (membership.user_id, m.id) not in meant)
        is_muted = membership.muted_until and membership.muted_until > moment
        if not is_muted and _wants(Kind.MESSAGE, membership) and (newest := next(plain, None)):
            collapsed.append(_notice(Kind.MESSAGE, membership, newest, moment))

    apart.each(_unread(news), tell_one)
    notices = [*collapsed, *to_all]
    pushed = [*notices, *(notice for notice in named if notice.is_unread)]  # type: ignore[attr-defined]
    User.objects.lock_all({notice.user_id for notice in pushed})  # all at once: `tell` locks some of them
    tell(notices, previews_of({notice.message_id for notice in notices if notice.message_id}))
    queue(pushed, moment)


def _unread(news: Mapping[UUID, list[New]]) -> Iterator[tuple[Membership, list[New]]]:
    """The members of conversations that are not large who have not read everything, each with what is unread to them,
    the newest first: not their own messages, and not those of people they block."""
    members = Membership.objects.live().filter(
        conversation__in=news, conversation__member_count__lte=LARGE, last_read_seq__lt=F("conversation__seq")
    )
    found = list(members.select_related("user__preference"))
    senders = {message.sender_id for messages in news.values() for message in messages}
    blocks = Block.objects.filter(blocker__in={one.user_id for one in found}, blocked__in=senders)
    blocked = set(blocks.values_list("blocker_id", "blocked_id"))
    for one in found:
        begin = max(one.last_read_seq, one.visible_from_seq)
        unread = [
            message
            for message in takewhile(lambda message: message.seq > begin, news[one.conversation_id])  # noqa: B023
            if message.sender_id != one.user_id and (one.user_id, message.sender_id) not in blocked
        ]
        if unread:
            yield one, unread


def _wants(kind: str, membership: Membership) -> bool:
    return wants(kind, membership.notify, preference_of(membership.user))


def _notice(kind: str, membership: Membership, message: New, moment: datetime) -> Notice:
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
