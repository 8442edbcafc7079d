"""Blocking: whoever is blocked starts nothing with who blocked them, and sees nothing of their presence."""

from uuid import UUID

from django.db import transaction

from accounts.models import Block, User
from accounts.services.sessions import look_again_at
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited
from chatproject.common.publish import announce_privacy

BLOCKS_PER_PERSON = 1000


@limited("RATE_CHANGES")
def block(actor: User, user_id: UUID) -> None:
    """Hear nothing more from this person; repeating it changes nothing. Refuses `invalid` for oneself, `not_found`, and
    `conflict` beyond `BLOCKS_PER_PERSON`."""
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
        _tell(actor)


@limited("RATE_CHANGES")
def unblock(actor: User, user_id: UUID) -> None:
    """Undo it; without a block nothing happens."""
    with transaction.atomic():
        User.objects.lock(actor)
        deleted, _ = Block.objects.filter(blocker=actor, blocked=user_id).delete()
        if deleted:
            _tell(actor)


def _tell(actor: User) -> None:
    """The actor's devices hear who is blocked; those who watch the actor are looked at again."""
    announce_privacy(actor.id)
    look_again_at(actor)
