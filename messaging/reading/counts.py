"""Counts of unread messages and unread mentions."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Block
from common.compiled import CompiledQuery, Parameter
from conversations.models import Membership
from conversations.models.membership import MembershipQuerySet
from messaging.models import Mention, Message
from messaging.wire.lists import Unread


def annotate_counts(memberships: MembershipQuerySet) -> MembershipQuerySet:
    """Annotate memberships with what partial indexes count after the read mark: `uncounted`, the messages that do not
    count as unread because they were deleted, or written by this user or by users they block; and `mention_count`, the
    messages that mention this user or everyone."""
    after_mark = Message.objects.filter(
        conversation=OuterRef("conversation_id"), number__gt=OuterRef("last_read_number")
    ).order_by()
    blocked = Block.objects.filter(blocker=OuterRef(OuterRef("user_id"))).values("blocked")
    deleted = after_mark.filter(deleted_at__isnull=False)
    folded = after_mark.filter(deleted_at__isnull=True, sender__in=blocked)
    own = after_mark.filter(deleted_at__isnull=True, sender=OuterRef("user_id"))
    mentions = Mention.objects.filter(
        user=OuterRef("user_id"), conversation=OuterRef("conversation_id"), number__gt=OuterRef("last_read_number")
    ).exclude(sender__in=blocked)
    also_mentioned = Mention.objects.filter(message=OuterRef("pk"), user=OuterRef(OuterRef("user_id")))
    to_all = after_mark.filter(~Exists(also_mentioned), mentions_all=True).exclude(sender=OuterRef("user_id"))
    return memberships.annotate(
        uncounted=_count(deleted) + _count(folded) + _count(own),
        mention_count=_count(mentions) + _count(to_all.exclude(sender__in=blocked)),
    )


def _count(messages: QuerySet[Any]) -> Coalesce:
    counted = messages.order_by().values("conversation").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(counted), 0)


def unread_count(membership: Membership, uncounted: int) -> int:
    """The number of messages after the read mark, without the `uncounted` ones."""
    return max(0, membership.conversation.message_count - membership.last_read_number - uncounted)


class Counted(msgspec.Struct):
    """A conversation of a user: its head, where their view begins, their read mark, and what they have not read."""

    id: UUID
    seq: int
    visible_from_seq: int
    last_read_seq: int
    unread_count: int
    mention_count: int


def counted_conversations(user_id: UUID) -> list[Counted]:
    """All conversations of a user, latest activity first."""
    return [Counted(*row) for row in _counted(user=user_id)]


def unread_totals(conversations: Iterable[Counted]) -> Unread:
    """What a user has not read in all these conversations."""
    waiting = [one for one in conversations if one.unread_count > 0]
    return Unread(
        messages=sum(one.unread_count for one in waiting),
        conversations=len(waiting),
        mentions=sum(one.mention_count for one in waiting),
    )


@CompiledQuery
def _counted() -> QuerySet[Membership, Any]:
    memberships = annotate_counts(Membership.objects.live().filter(user=Parameter("user")))
    return memberships.order_by("-conversation__active_at").values_list(
        "conversation_id",
        "conversation__seq",
        "visible_from_seq",
        "last_read_seq",
        F("conversation__message_count") - F("last_read_number") - F("uncounted"),
        "mention_count",
    )
