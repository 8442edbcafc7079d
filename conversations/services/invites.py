"""Links into a conversation."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.keys import derived_key
from accounts.models import Block, User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.idempotency import once
from chatproject.common.limited import limited
from conversations.models import Ban, Invite, Membership
from conversations.services.adding import acquainted, invite, refuse_too_many, spend_strangers
from conversations.services.locking import lock, lock_for
from conversations.services.members import enter

SEAL_SIZE = 16


@once(Invite)
@limited("RATE_CHANGES")
def create_invite(
    actor: Membership, *, expires_at: datetime | None, max_uses: int | None, person_id: UUID | None = None
) -> Invite:
    """A new link; with a `person_id` one that leads in this person alone, once, and of which they are told. Refuses
    `permission_denied`, `invalid` for a past moment and for nobody, `blocked`, `banned`, `conflict` for a member and
    when there are too many, `rate_limited`."""
    if expires_at and expires_at <= now():
        raise invalid("expires_at", "This moment has passed.")
    with transaction.atomic():
        actor = lock_for(actor, "invite")
        if person_id:
            return _invite(actor, person_id, expires_at)
        refuse_too_many(actor.conversation)
        return Invite.objects.create(
            conversation=actor.conversation,
            created_by=actor.user,
            created_at=now(),
            expires_at=expires_at,
            max_uses=max_uses,
        )


def _invite(actor: Membership, person_id: UUID, expires_at: datetime | None) -> Invite:
    """The invitation of one person. An older one of theirs to the same place is replaced."""
    person = User.objects.active().filter(id=person_id).first()
    if person is None:
        raise invalid("user_id", "No such person.")
    if Block.objects.filter(blocker=person, blocked=actor.user).exists():
        raise Refusal("blocked")
    if Ban.objects.filter(conversation=actor.conversation, user=person).exists():
        raise Refusal("banned")
    if Membership.objects.live().filter(conversation=actor.conversation, user=person).exists():
        raise Refusal("conflict", "They are a member already.")
    spend_strangers(actor.user, int(not acquainted(actor.user, [person])))
    User.objects.lock(person)  # invitations from several conversations at once are counted one after the other
    (made,) = invite(actor.conversation, actor.user, [person], expires_at=expires_at)
    return made


@limited("RATE_CHANGES")
def delete_invite(actor: Membership, *, token: str) -> None:
    """Nobody comes in by this link any more. Refuses `not_found`."""
    with transaction.atomic():
        actor = lock_for(actor, "invite")
        deleted, _ = Invite.objects.filter(id=id_of(token), conversation=actor.conversation).delete()
        if not deleted:
            raise not_found()


@limited("RATE_CHANGES")
def accept_invite(actor: User, *, token: str) -> Membership:
    """Come in by a link; whoever is in already stays so and uses nothing up. Refuses `not_found` for a link that does
    not, or no longer, lead anywhere, `banned`, and `conflict` for a full group."""
    invite = Invite.objects.filter(id=id_of(token)).first()
    if invite is None or invite.person_id not in (None, actor.id):
        raise not_found()
    with transaction.atomic():
        conversation = lock(invite.conversation_id)
        if not Membership.objects.live().filter(conversation=conversation, user=actor).exists():
            if not Invite.objects.usable().filter(id=invite.id).update(uses=F("uses") + 1):
                raise not_found()
            enter(conversation, [actor], Membership.Role.MEMBER, None)
    return Membership.objects.of(actor, conversation.id)


def token_of(invite: Invite) -> str:
    """The token of a link: its id and a seal, so that nobody makes one up."""
    return urlsafe_b64encode(invite.id.bytes + _seal(invite.id)).decode().rstrip("=")


def id_of(token: str) -> UUID:
    """The id in a token. Refuses (`not_found`) what was not made here."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4)) if token.isascii() and len(token) <= 64 else b""
    except ValueError:
        raise not_found() from None
    if len(raw) != 16 + SEAL_SIZE:
        raise not_found()
    id_ = UUID(bytes=raw[:16])
    if not hmac.compare_digest(raw[16:], _seal(id_)):
        raise not_found()
    return id_


def _seal(id_: UUID) -> bytes:
    return hmac.digest(derived_key("invite"), id_.bytes, "sha256")[:SEAL_SIZE]
