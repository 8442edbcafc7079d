"""What somebody has not read, for what is pushed to them."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Greatest

from accounts.models import Block
from conversations.models import Membership
from messaging.models import Message
from notifications.wanted import About


def newest_unread(places: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], About]:
    """The newest message that these people, each in a conversation, have not read: not their own, and not of somebody
    whom they block."""
    if not places:
        return {}
    blocked = Block.objects.filter(blocker=OuterRef(OuterRef("user_id"))).values("blocked")
    begin = Greatest(OuterRef("last_read_seq"), OuterRef("visible_from_seq"))
    there = Message.objects.filter(conversation=OuterRef("conversation_id"), seq__gt=begin, deleted_at__isnull=True)
    others = there.exclude(sender=OuterRef("user_id")).exclude(sender__in=blocked).order_by("-seq")
    members = Membership.objects.live().filter(
        user__in={user_id for user_id, _ in places}, conversation__in={conversation_id for _, conversation_id in places}
    )
    newest = members.annotate(newest_id=Subquery(others.values("id")[:1])).exclude(newest_id=None)
    found = {(user_id, place): id_ for user_id, place, id_ in newest.values_list("user", "conversation", "newest_id")}
    messages = Message.objects.select_related("sender").in_bulk(found.values())
    return {key: About(messages[id_].sender, id_, messages[id_].seq) for key, id_ in found.items()}
