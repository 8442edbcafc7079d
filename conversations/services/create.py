"""Creating conversations."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Block, User
from common.action_limits import limited, spend_for
from common.errors import Refusal, invalid, not_found
from common.idempotency import idempotent
from conversations import hooks
from conversations.log import Kind, append_change, publish_conversation_added
from conversations.models import Conversation, Membership
from conversations.models.conversation import pair_key
from conversations.services.adding import decide_admission, invite_users, spend_stranger_allowance, users_who_know
from conversations.services.edit import claim_public_name, save_with_unique_name
from conversations.services.members import refuse_if_too_large


def open_direct(actor: User, *, user_id: UUID, encryption: str = "server") -> tuple[Conversation, bool]:
    """Return the one direct conversation of two users in this mode, and whether it was created by this call.

    Refuses `invalid` for the actor themselves, `not_found`, and `blocked` if the other user blocks the actor.
    """
    if user_id == actor.id:
        raise invalid("user_id", "Choose another user. You cannot have a direct conversation with yourself.")
    other = User.objects.active().filter(id=user_id).first()
    if other is None:
        raise not_found()
    key = pair_key(actor.id, other.id, encryption)
    if existing := Conversation.objects.filter(pair_key=key).first():
        return existing, False
    if Block.objects.filter(blocker=other, blocked=actor).exists():
        raise Refusal("blocked")
    spend_for(actor, "RATE_CONVERSATIONS")
    spend_stranger_allowance(actor, int(not users_who_know(actor, [other])))
    try:
        with transaction.atomic():
            conversation = Conversation(kind=Conversation.Kind.DIRECT, pair_key=key, encryption=encryption)
            return _create(conversation, [actor, other], None), True
    except IntegrityError:  # the other user, or another device, was faster
        return Conversation.objects.get(pair_key=key), False


@idempotent(Conversation)
@limited("RATE_CONVERSATIONS")
def create_group(
    actor: User,
    *,
    name: str,
    description: str,
    member_ids: list[UUID],
    history: str,
    members_can_invite: bool,
    encryption: str = "server",
) -> Conversation:
    """Create a group that the actor owns, with its first members. Users who want to be asked first are invited instead.
    Refuses `invalid` for unknown users, `blocked` if one of them blocks the actor, `conflict` and `rate_limited`."""
    others = list(User.objects.active().filter(id__in=set(member_ids) - {actor.id}))
    if missing := set(member_ids) - {actor.id} - {other.id for other in others}:
        raise invalid("member_ids", f"There is no user with the id {min(map(str, missing))}.")
    others.sort(key=lambda other: member_ids.index(other.id))  # in the given order: the first becomes the oldest member
    conversation = Conversation(
        kind=Conversation.Kind.GROUP,
        name=name,
        description=description,
        history=history,
        members_can_invite=members_can_invite,
        encryption=encryption,
    )
    refuse_if_too_large(conversation, len(others) + 1)
    added, invited = decide_admission(actor, others)
    with transaction.atomic():
        if invited:  # at once, because creating and inviting lock some of them each
            User.objects.lock_all([actor.id, *(user.id for user in others)])
        _create(conversation, [actor, *added], actor)
        invite_users(conversation, actor, invited)
    return conversation


@idempotent(Conversation)
@limited("RATE_CONVERSATIONS")
def create_channel(actor: User, *, name: str, description: str, history: str) -> Conversation:
    """Create a public channel that the actor owns and that everyone can join."""
    conversation = Conversation(kind=Conversation.Kind.CHANNEL, name=name, description=description, history=history)
    claim_public_name(conversation)
    with transaction.atomic():
        return _create(conversation, [actor], actor)


def _create(conversation: Conversation, users: list[User], owner: User | None) -> Conversation:
    """Write the conversation with its members. The log of a group starts with an entry for each of them."""
    now = timezone.now()
    conversation.member_count = len(users)
    conversation.created_at = conversation.active_at = now
    save_with_unique_name(conversation, force_insert=True)
    memberships = [
        Membership(
            conversation=conversation,
            user=user,
            role=Membership.Role.OWNER if user == owner else Membership.Role.MEMBER,
            joined_at=now,
        )
        for user in users
    ]
    Membership.objects.bulk_create(memberships)
    if conversation.kind == Conversation.Kind.GROUP:
        for membership in memberships:
            append_change(conversation, Kind.MEMBER_ADDED, actor=owner, subject=membership.user)
    if conversation.is_e2ee:
        hooks.roster_joined(conversation, users)
    publish_conversation_added(memberships, now)
    if owner and len(users) > 1:
        hooks.members_added(conversation, [user for user in users if user != owner], owner)
    return conversation
