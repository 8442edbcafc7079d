"""Beginning a conversation."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Block, User
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.idempotency import once
from chatproject.common.limited import limited, spend_for
from conversations import hooks
from conversations.log import Kind, announce_added, append
from conversations.models import Conversation, Membership
from conversations.models.conversation import pair_key
from conversations.services.adding import acquainted, admit, invite, spend_strangers
from conversations.services.edit import claim_name, save_named
from conversations.services.members import refuse_crowd


def open_direct(actor: User, *, user_id: UUID, encryption: str = "server") -> tuple[Conversation, bool]:
    """The one direct conversation of two people in this mode, and whether it was made now.

    Refuses oneself (`invalid`), people who cannot be found and people who blocked the actor (`blocked`).
    """
    if user_id == actor.id:
        raise invalid("user_id", "A direct conversation needs another person.")
    other = User.objects.active().filter(id=user_id).first()
    if other is None:
        raise not_found()
    key = pair_key(actor.id, other.id, encryption)
    if existing := Conversation.objects.filter(pair_key=key).first():
        return existing, False
    if Block.objects.filter(blocker=other, blocked=actor).exists():
        raise Refusal("blocked")
    spend_for(actor, "RATE_CONVERSATIONS")
    spend_strangers(actor, int(not acquainted(actor, [other])))
    try:
        with transaction.atomic():
            conversation = Conversation(kind=Conversation.Kind.DIRECT, pair_key=key, encryption=encryption)
            return _begin(conversation, [actor, other], None), True
    except IntegrityError:  # the other side, or another device, was quicker
        return Conversation.objects.get(pair_key=key), False


@once(Conversation)
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
    """A group that the actor owns, with its first members; whoever wants to be asked first is invited instead. Refuses
    people who cannot be found (`invalid`) and who block the actor (`blocked`), `conflict`, `rate_limited`."""
    others = list(User.objects.active().filter(id__in=set(member_ids) - {actor.id}))
    if missing := set(member_ids) - {actor.id} - {other.id for other in others}:
        raise invalid("member_ids", f"No such person: {min(map(str, missing))}")
    others.sort(key=lambda other: member_ids.index(other.id))  # as they were named: the first is the oldest member
    conversation = Conversation(
        kind=Conversation.Kind.GROUP,
        name=name,
        description=description,
        history=history,
        members_can_invite=members_can_invite,
        encryption=encryption,
    )
    refuse_crowd(conversation, len(others) + 1)
    entering, asked = admit(actor, others)
    with transaction.atomic():
        if asked:  # all at once: beginning and inviting lock some of them each
            User.objects.lock_all([actor.id, *(user.id for user in others)])
        _begin(conversation, [actor, *entering], actor)
        invite(conversation, actor, asked)
    return conversation


@once(Conversation)
@limited("RATE_CONVERSATIONS")
def create_channel(actor: User, *, name: str, description: str, history: str) -> Conversation:
    """A public channel that the actor owns and anybody may join."""
    conversation = Conversation(kind=Conversation.Kind.CHANNEL, name=name, description=description, history=history)
    claim_name(conversation)
    with transaction.atomic():
        return _begin(conversation, [actor], actor)


def _begin(conversation: Conversation, people: list[User], owner: User | None) -> Conversation:
    """Write the conversation with its members; a group's log begins with who was added."""
    now = timezone.now()
    conversation.member_count = len(people)
    conversation.created_at = conversation.active_at = now
    save_named(conversation, force_insert=True)
    memberships = [
        Membership(
            conversation=conversation,
            user=user,
            role=Membership.Role.OWNER if user == owner else Membership.Role.MEMBER,
            joined_at=now,
        )
        for user in people
    ]
    Membership.objects.bulk_create(memberships)
    if conversation.kind == Conversation.Kind.GROUP:
        for membership in memberships:
            append(conversation, Kind.MEMBER_ADDED, actor=owner, subject=membership.user)
    if conversation.is_e2ee:
        hooks.roster_joined(conversation, people)
    announce_added(memberships, now)
    if owner and len(people) > 1:
        hooks.members_added(conversation, [user for user in people if user != owner], owner)
    return conversation
