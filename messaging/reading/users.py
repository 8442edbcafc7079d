"""Users as other members see them: their changes are published, and messages of blocked users are folded."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts import hooks
from accounts.models import Block, User
from accounts.wire import person
from common.clock import now
from common.compiled import CompiledQuery, Parameter, Parameters
from common.publish import Publication, conversation_topic, publish_on_commit
from conversations.models import Membership, is_small
from conversations.wire import encode_event
from messaging.models import Message


@hooks.person_changed.register
def publish_user_updated(user: User) -> None:
    """Publish `user.updated` to the conversations of a user, except large channels. If the user was erased, also to
    those that they left."""
    memberships = Membership.objects.filter(is_small(), user=user, conversation__deleted_at__isnull=True)
    if not user.erased_at:
        memberships = memberships.live()
    frame = encode_event("user.updated", {"user": person(user)}, now())
    shared = memberships.values_list("conversation_id", flat=True)
    publish_on_commit(*[Publication(conversation_topic(conversation_id), 0, frame) for conversation_id in shared])


def blocked_senders(user: User, messages: Iterable[Message]) -> set[UUID]:
    """The senders of these messages whom `user` blocks."""
    senders = {message.sender_id for message in messages} - {user.id}
    return set(_blocked_among(user=user.pk, senders=senders)) if senders else set()


@CompiledQuery
def _blocked_among() -> QuerySet[Block, UUID]:
    blocks = Block.objects.filter(blocker=Parameter("user"), blocked__in=Parameters("senders"))
    return blocks.values_list("blocked", flat=True)
