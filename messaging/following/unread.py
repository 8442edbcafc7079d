"""The newest unread message of a user, for their pushes."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Greatest

from accounts.models import Block
from conversations.models import Membership
from messaging.models import Message
from notifications.push_eligibility import UnreadMessage


def newest_unread(keys: Collection[tuple[UUID, UUID]]) -> Mapping[tuple[UUID, UUID], UnreadMessage]:
    """The newest unread message for each key of user id and conversation id, without the user's own messages and those
    of users they block."""
    if not keys:
        return {}
    blocked = Block.objects.filter(blocker=OuterRef(OuterRef("user_id"))).values("blocked")
    begin = Greatest(OuterRef("last_read_seq"), OuterRef("visible_from_seq"))
    unread = Message.objects.filter(conversation=OuterRef("conversation_id"), seq__gt=begin, deleted_at__isnull=True)
    of_others = unread.exclude(sender=OuterRef("user_id")).exclude(sender__in=blocked).order_by("-seq")
    members = Membership.objects.live().filter(
        user__in={user_id for user_id, _ in keys}, conversation__in={conversation_id for _, conversation_id in keys}
    )
    newest = members.annotate(newest_id=Subquery(of_others.values("id")[:1])).exclude(newest_id=None)
    found = {(row[0], row[1]): row[2] for row in newest.values_list("user", "conversation", "newest_id")}
    messages = Message.objects.select_related("sender").in_bulk(found.values())
    return {key: UnreadMessage(messages[id_].sender, id_, messages[id_].seq) for key, id_ in found.items()}
