"""Blocking: a blocked person cannot contact the one who blocked them, and does not see their presence."""

from uuid import UUID

from django.db import transaction

from accounts.models import Block, User
from accounts.services.sessions import publish_account_changed
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid, not_found
from common.publish import publish_privacy_changed

BLOCKS_PER_PERSON = 1000


@limited("RATE_CHANGES")
def block(actor: User, user_id: UUID) -> None:
    """Block this person; repeating it changes nothing. Refuses `invalid` for yourself, `not_found`, and `conflict`
    beyond `BLOCKS_PER_PERSON`."""
    if user_id == actor.id:
        raise invalid("id", "You cannot block yourself.")
    with transaction.atomic():
        User.objects.lock(actor)
        blocked = User.objects.active().filter(id=user_id).first()
        if blocked is None:
            raise not_found()
        if Block.objects.filter(blocker=actor, blocked=blocked).exists():
            return
        if Block.objects.filter(blocker=actor).count() >= BLOCKS_PER_PERSON:
            raise Refusal("conflict", f"You can block at most {BLOCKS_PER_PERSON} people.")
        Block.objects.create(blocker=actor, blocked=blocked, created_at=now())
        _publish_blocks_changed(actor)


@limited("RATE_CHANGES")
def unblock(actor: User, user_id: UUID) -> None:
    """Remove the block, if there is one."""
    with transaction.atomic():
        User.objects.lock(actor)
        deleted, _ = Block.objects.filter(blocker=actor, blocked=user_id).delete()
        if deleted:
            _publish_blocks_changed(actor)


def _publish_blocks_changed(actor: User) -> None:
    """Tell the actor's devices who is blocked, and re-check who may see the actor's presence."""
    publish_privacy_changed(actor.id)
    publish_account_changed(actor)
