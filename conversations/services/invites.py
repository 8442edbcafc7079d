"""Links into a conversation."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.keys import derived_key
from accounts.models import User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid, not_found
from conversations.models import Invite, Membership
from conversations.services.locking import lock, lock_for
from conversations.services.members import enter

INVITES_PER_CONVERSATION = 100
SEAL_SIZE = 16


def create_invite(actor: Membership, *, expires_at: datetime | None, max_uses: int | None) -> Invite:
    """A new link. Refuses `permission_denied`, `invalid` for a past moment, `conflict` when there are too many."""
    if expires_at and expires_at <= now():
        raise invalid("expires_at", "This moment has passed.")
    with transaction.atomic():
        actor = lock_for(actor, "invite")
        usable = Invite.objects.usable().filter(conversation=actor.conversation)
        if usable.count() >= INVITES_PER_CONVERSATION:
            raise Refusal("conflict", f"A conversation has at most {INVITES_PER_CONVERSATION} invitations at a time.")
        return Invite.objects.create(
            conversation=actor.conversation,
            created_by=actor.user,
            created_at=now(),
            expires_at=expires_at,
            max_uses=max_uses,
        )


def delete_invite(actor: Membership, *, token: str) -> None:
    """Nobody comes in by this link any more. Refuses `not_found`."""
    with transaction.atomic():
        actor = lock_for(actor, "invite")
        deleted, _ = Invite.objects.filter(id=id_of(token), conversation=actor.conversation).delete()
        if not deleted:
            raise not_found()


def accept_invite(actor: User, *, token: str) -> Membership:
    """Come in by a link; whoever is in already stays so and uses nothing up. Refuses `not_found` for a link that does
    not, or no longer, lead anywhere, `banned`, and `conflict` for a full group."""
    invite = Invite.objects.filter(id=id_of(token)).first()
    if invite is None:
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
