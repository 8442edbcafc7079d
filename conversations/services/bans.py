"""Banning users from a conversation."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid, not_found
from conversations.models import Ban, Membership
from conversations.policy import may_act_on
from conversations.services.locking import lock_membership
from conversations.services.members import end_membership, refuse_if_last_owner


@limited("RATE_CHANGES")
def ban(actor: Membership, *, user_id: UUID, reason: str = "") -> Ban:
    """Ban a user from the conversation, and remove them if they are a member. Repeating it only changes the reason.

    Refuses `permission_denied` if the actor's role does not allow it, and `not_found`."""
    with transaction.atomic():
        actor = lock_membership(actor, "ban_members")
        user = User.objects.filter(id=user_id, erased_at__isnull=True).first()
        if user is None:
            raise not_found()
        if user == actor.user:
            raise invalid("user_id", "You cannot ban yourself.")
        subject = Membership.objects.live().filter(conversation=actor.conversation, user=user).first()
        if subject:
            subject.conversation, subject.user = actor.conversation, user
            if not may_act_on(actor, subject):
                raise Refusal("permission_denied")
            refuse_if_last_owner(subject)
            end_membership(subject, actor.user)
        fields = {"reason": reason, "banned_by": actor.user}
        ban, _ = Ban.objects.update_or_create(
            conversation=actor.conversation,
            user=user,
            defaults=fields,
            create_defaults={**fields, "created_at": now()},
        )
    return ban


@limited("RATE_CHANGES")
def unban(actor: Membership, *, user_id: UUID) -> None:
    """Lift a ban; without one nothing happens."""
    with transaction.atomic():
        actor = lock_membership(actor, "ban_members")
        Ban.objects.filter(conversation=actor.conversation, user=user_id).delete()
