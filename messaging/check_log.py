"""Whether what is kept agrees with itself: the log's numbers, counts, watermarks and owners, conversation by
conversation, and how each can be put right."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from conversations.models import Change, Conversation, Membership
from conversations.services.edit import end
from conversations.services.farewell import hand_over
from messaging.models import Mention, Message, Reaction
from messaging.services.reactions import reactions_of

Role = Membership.Role


class Finding(NamedTuple):
    """Something that does not agree: what, and the deed that puts it right; None when nothing can."""

    sentence: str
    repair: Callable[[], Any] | None = None


def check(conversation_id: UUID, *, repairs: bool = False) -> list[tuple[str, bool]]:
    """What is wrong with one conversation, and whether it was put right. It is looked at, and repaired, under its lock,
    so that nothing moves meanwhile."""
    with transaction.atomic():
        conversation = Conversation.objects.locked(conversation_id).first()
        if conversation is None:
            return []
        found = []
        for look in LOOKS:
            for finding in look(conversation):
                if repairs and finding.repair:
                    finding.repair()
                found.append((finding.sentence, bool(repairs and finding.repair)))
        return found


def _places(conversation: Conversation) -> Iterator[Finding]:
    """Every place of the log is taken once, from 1 to the head; messages are numbered without holes besides."""
    messages = _facts(Message.objects.filter(conversation=conversation))
    changes = _facts(Change.objects.filter(conversation=conversation))
    twice = Message.objects.filter(
        conversation=conversation, seq__in=Change.objects.filter(conversation=conversation).values("seq")
    )
    taken = messages["count"] + changes["count"]
    if taken != conversation.seq or max(messages["last"], changes["last"]) > conversation.seq:
        yield Finding(f"{taken} places are taken, the head is {conversation.seq}")
    elif min(messages["first"], changes["first"]) < 1 or twice.exists():
        yield Finding("a place is taken twice, or lies before the first")
    numbers = Message.objects.filter(conversation=conversation).aggregate(
        last=Coalesce(Max("number"), 0), count=Count("number", distinct=True)
    )
    if not messages["count"] == numbers["last"] == numbers["count"] == conversation.message_count:
        counted = f"{conversation.message_count} are counted"
        yield Finding(f"{messages['count']} messages are numbered up to {numbers['last']}, {counted}")


def _facts(rows: Any) -> dict[str, int]:
    facts: dict[str, int] = rows.aggregate(
        count=Count("*"), first=Coalesce(Min("seq"), 1), last=Coalesce(Max("seq"), 0)
    )
    return facts


def _members(conversation: Conversation) -> Iterator[Finding]:
    """The members are counted, and one of them is an owner; without any it has ended."""
    live = Membership.objects.filter(conversation=conversation, left_at__isnull=True)
    count = live.count()
    if conversation.member_count != count:
        yield Finding(
            f"{count} are members, {conversation.member_count} are counted",
            lambda: Conversation.objects.filter(id=conversation.id).update(member_count=count),
        )
    needs_owner = not conversation.is_direct and not conversation.is_lobby and not conversation.deleted_at
    if needs_owner and not count:
        yield Finding("nobody is in it, and it has not ended", lambda: end(conversation, None))
    elif needs_owner and not live.filter(role=Role.OWNER).exists():
        yield Finding("nobody is an owner", lambda: hand_over(conversation))


def _marks(conversation: Conversation) -> Iterator[Finding]:
    """Marks lie within the log, and the number at a read mark is the one of the last message up to it."""
    before = Message.objects.filter(conversation=conversation, seq__lte=OuterRef("last_read_seq")).order_by("-seq")
    members = Membership.objects.filter(conversation=conversation)
    beyond = Q(last_read_seq__gt=conversation.seq) | Q(last_delivered_seq__gt=conversation.seq)
    for member in members.filter(beyond | Q(visible_from_seq__gt=conversation.seq)):
        clamped = {
            name: min(getattr(member, name), conversation.seq)
            for name in ("last_read_seq", "last_delivered_seq", "visible_from_seq")
        }
        yield Finding(f"a mark of {member.user_id} lies beyond the head", _updating(member, **clamped))
    counted = members.annotate(number=Coalesce(Subquery(before.values("number")[:1]), 0))
    for member in counted.exclude(last_read_number=F("number")):
        number = member.number  # type: ignore[attr-defined]
        yield Finding(
            f"the read mark of {member.user_id} stands for {member.last_read_number} messages, should for {number}",
            _updating(member, last_read_number=number),
        )


def _messages(conversation: Conversation) -> Iterator[Finding]:
    """What is kept with messages agrees with the rows it was made from."""
    here = Message.objects.filter(conversation=conversation)
    for message in here.filter(changed_seq__gt=conversation.seq):
        yield Finding(f"message {message.id} changed beyond the head", _updating(message, changed_seq=conversation.seq))
    replies = Message.objects.filter(thread=OuterRef("pk"), deleted_at__isnull=True).order_by()
    counted = replies.values("thread").annotate(count=Count("*")).values("count")
    for message in here.annotate(counted=Coalesce(Subquery(counted), 0)).exclude(reply_count=F("counted")):
        count = message.counted  # type: ignore[attr-defined]
        yield Finding(
            f"message {message.id} has {count} replies, {message.reply_count} are counted",
            _updating(message, reply_count=count),
        )
    with_reactions = Reaction.objects.filter(message__conversation=conversation).values("message")
    for message in here.filter(Q(reactions__isnull=False) | Q(id__in=with_reactions)):
        shown = reactions_of(message)
        if (message.reactions or {}) != shown:
            yield Finding(
                f"message {message.id} shows other reactions than it has", _updating(message, reactions=shown or None)
            )
    with_mentions = Mention.objects.filter(conversation=conversation).values("message")
    for message in here.filter(Q(mentions__isnull=False) | Q(id__in=with_mentions)):
        named = set(Mention.objects.filter(message=message).values_list("user_id", flat=True))
        if named != {UUID(id_) for id_ in message.mentions or ()}:
            listed = [str(id_) for id_ in sorted(named)] or None
            yield Finding(f"message {message.id} names others than it lists", _updating(message, mentions=listed))


def _updating(row: Any, **fields: Any) -> Callable[[], Any]:
    return lambda: type(row).objects.filter(pk=row.pk).update(**fields)


LOOKS = (_places, _members, _marks, _messages)
