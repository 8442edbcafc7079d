"""Consistency checks of conversations: the numbers of the log, counts, watermarks and owners, and their repairs."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from conversations.models import Change, Conversation, Membership
from conversations.services.departures import ensure_owner
from conversations.services.edit import end_conversation
from messaging.models import Mention, Message, Reaction
from messaging.services.reactions import reactions_of

Role = Membership.Role


class Finding(NamedTuple):
    """An inconsistency and the function that repairs it, None if it cannot be repaired."""

    description: str
    repair: Callable[[], Any] | None = None


def check_conversation(conversation_id: UUID, *, repairs: bool = False) -> list[tuple[str, bool]]:
    """Check one conversation and, if asked, repair it. Returns what is wrong, and whether it was repaired. The
    conversation is locked, so that it does not change meanwhile."""
    with transaction.atomic():
        conversation = Conversation.objects.locked(conversation_id).first()
        if conversation is None:
            return []
        found = []
        for find_inconsistencies in CHECKS:
            for finding in find_inconsistencies(conversation):
                if repairs and finding.repair:
                    finding.repair()
                found.append((finding.description, bool(repairs and finding.repair)))
        return found


def _check_seqs(conversation: Conversation) -> Iterator[Finding]:
    """Every seq from 1 to the head is used once, and messages are numbered without gaps."""
    messages = _aggregate(Message.objects.filter(conversation=conversation))
    changes = _aggregate(Change.objects.filter(conversation=conversation))
    twice = Message.objects.filter(
        conversation=conversation, seq__in=Change.objects.filter(conversation=conversation).values("seq")
    )
    entries = messages["count"] + changes["count"]
    if entries != conversation.seq or max(messages["last"], changes["last"]) > conversation.seq:
        yield Finding(f"the log has {entries} entries, but its head is {conversation.seq}")
    elif min(messages["first"], changes["first"]) < 1 or twice.exists():
        yield Finding("a seq of the log is used twice, or is less than 1")
    numbers = Message.objects.filter(conversation=conversation).aggregate(
        last=Coalesce(Max("number"), 0), count=Count("number", distinct=True)
    )
    if not messages["count"] == numbers["last"] == numbers["count"] == conversation.message_count:
        counted = f"but the conversation counts {conversation.message_count}"
        yield Finding(f"{messages['count']} messages are numbered up to {numbers['last']}, {counted}")


def _aggregate(rows: Any) -> dict[str, int]:
    facts: dict[str, int] = rows.aggregate(
        count=Count("*"), first=Coalesce(Min("seq"), 1), last=Coalesce(Max("seq"), 0)
    )
    return facts


def _check_members(conversation: Conversation) -> Iterator[Finding]:
    """The member count is right and one member is an owner. A conversation without members has ended."""
    live = Membership.objects.filter(conversation=conversation, left_at__isnull=True)
    count = live.count()
    if conversation.member_count != count:
        yield Finding(
            f"there are {count} members, but the conversation counts {conversation.member_count}",
            lambda: Conversation.objects.filter(id=conversation.id).update(member_count=count),
        )
    needs_owner = not conversation.is_direct and not conversation.is_lobby and not conversation.deleted_at
    if needs_owner and not count:
        yield Finding("it has no members, but has not ended", lambda: end_conversation(conversation, None))
    elif needs_owner and not live.filter(role=Role.OWNER).exists():
        yield Finding("no member is an owner", lambda: ensure_owner(conversation))


def _check_marks(conversation: Conversation) -> Iterator[Finding]:
    """Marks are within the log, and the number of a read mark is that of the last message up to it."""
    before = Message.objects.filter(conversation=conversation, seq__lte=OuterRef("last_read_seq")).order_by("-seq")
    members = Membership.objects.filter(conversation=conversation)
    beyond = Q(last_read_seq__gt=conversation.seq) | Q(last_delivered_seq__gt=conversation.seq)
    for member in members.filter(beyond | Q(visible_from_seq__gt=conversation.seq)):
        clamped = {
            name: min(getattr(member, name), conversation.seq)
            for name in ("last_read_seq", "last_delivered_seq", "visible_from_seq")
        }
        yield Finding(f"a mark of {member.user_id} is beyond the head", _update(member, **clamped))
    counted = members.annotate(number=Coalesce(Subquery(before.values("number")[:1]), 0))
    for member in counted.exclude(last_read_number=F("number")):
        number = member.number  # type: ignore[attr-defined]
        yield Finding(
            f"the read mark of {member.user_id} counts {member.last_read_number} messages instead of {number}",
            _update(member, last_read_number=number),
        )


def _check_messages(conversation: Conversation) -> Iterator[Finding]:
    """What messages store agrees with the rows that it was computed from."""
    here = Message.objects.filter(conversation=conversation)
    for message in here.filter(changed_seq__gt=conversation.seq):
        yield Finding(
            f"message {message.id} has a changed_seq beyond the head", _update(message, changed_seq=conversation.seq)
        )
    replies = Message.objects.filter(thread=OuterRef("pk"), deleted_at__isnull=True).order_by()
    counted = replies.values("thread").annotate(count=Count("*")).values("count")
    for message in here.annotate(counted=Coalesce(Subquery(counted), 0)).exclude(reply_count=F("counted")):
        count = message.counted  # type: ignore[attr-defined]
        yield Finding(
            f"message {message.id} has {count} replies, but counts {message.reply_count}",
            _update(message, reply_count=count),
        )
    with_reactions = Reaction.objects.filter(message__conversation=conversation).values("message")
    for message in here.filter(Q(reactions__isnull=False) | Q(id__in=with_reactions)):
        shown = reactions_of(message)
        if (message.reactions or {}) != shown:
            yield Finding(
                f"message {message.id} stores different reactions than it has",
                _update(message, reactions=shown or None),
            )
    with_mentions = Mention.objects.filter(conversation=conversation).values("message")
    for message in here.filter(Q(mentions__isnull=False) | Q(id__in=with_mentions)):
        mentioned = set(Mention.objects.filter(message=message).values_list("user_id", flat=True))
        if mentioned != {UUID(id_) for id_ in message.mentions or ()}:
            mentions = [str(id_) for id_ in sorted(mentioned)] or None
            description = f"message {message.id} stores different mentions than it has"
            yield Finding(description, _update(message, mentions=mentions))


def _update(row: Any, **fields: Any) -> Callable[[], Any]:
    return lambda: type(row).objects.filter(pk=row.pk).update(**fields)


CHECKS = (_check_seqs, _check_members, _check_marks, _check_messages)
