"""Keeping somebody out."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from conversations.models import Ban, Membership
from conversations.policy import may_act_on
from conversations.services.locking import lock_for
from conversations.services.members import go, keep_an_owner


@limited("RATE_CHANGES")
def ban(actor: Membership, *, user_id: UUID, reason: str = "") -> Ban:
    """Remove somebody, if they are in it, and let them not come back. Repeating it changes the reason at most.

    Refuses `permission_denied` for those whom the actor's role does not reach, and `not_found`."""
    with transaction.atomic():
        actor = lock_for(actor, "ban_members")
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
            keep_an_owner(subject)
            go(subject, actor.user)
        said = {"reason": reason, "banned_by": actor.user}
        made, _ = Ban.objects.update_or_create(
            conversation=actor.conversation,
            user=user,
            defaults=said,
            create_defaults={**said, "created_at": now()},
        )
    return made


@limited("RATE_CHANGES")
def unban(actor: Membership, *, user_id: UUID) -> None:
    """Let somebody come back; without a ban nothing happens."""
    with transaction.atomic():
        actor = lock_for(actor, "ban_members")
        Ban.objects.filter(conversation=actor.conversation, user=user_id).delete()
