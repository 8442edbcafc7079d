"""Invite links to a conversation."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.keys import derived_key
from accounts.models import Block, User
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid, not_found
from common.idempotency import idempotent
from conversations.models import Ban, Invite, Membership
from conversations.services.adding import (
    invite_users,
    refuse_too_many_invites,
    spend_stranger_allowance,
    users_who_know,
)
from conversations.services.locking import lock_conversation, lock_membership
from conversations.services.members import create_memberships

SEAL_SIZE = 16


@idempotent(Invite)
@limited("RATE_CHANGES")
def create_invite(
    actor: Membership, *, expires_at: datetime | None, max_uses: int | None, person_id: UUID | None = None
) -> Invite:
    """Create an invite link. With a `person_id` only this user can use it, once, and they are notified. Refuses
    `permission_denied`, `invalid` for a time in the past and an unknown user, `blocked`, `banned`, `conflict` for a
    member and if there are too many invitations, and `rate_limited`."""
    if expires_at and expires_at <= now():
        raise invalid("expires_at", "Choose a time in the future.")
    with transaction.atomic():
        actor = lock_membership(actor, "invite")
        if person_id:
            return _invite_user(actor, person_id, expires_at)
        refuse_too_many_invites(actor.conversation)
        return Invite.objects.create(
            conversation=actor.conversation,
            created_by=actor.user,
            created_at=now(),
            expires_at=expires_at,
            max_uses=max_uses,
        )


def _invite_user(actor: Membership, user_id: UUID, expires_at: datetime | None) -> Invite:
    """Invite one user. An earlier invitation to the same conversation is replaced."""
    user = User.objects.active().filter(id=user_id).first()
    if user is None:
        raise invalid("user_id", "There is no such user.")
    if Block.objects.filter(blocker=user, blocked=actor.user).exists():
        raise Refusal("blocked")
    if Ban.objects.filter(conversation=actor.conversation, user=user).exists():
        raise Refusal("banned")
    if Membership.objects.live().filter(conversation=actor.conversation, user=user).exists():
        raise Refusal("conflict", "This user is already a member.")
    spend_stranger_allowance(actor.user, int(not users_who_know(actor.user, [user])))
    User.objects.lock(user)  # so that invitations from several conversations are counted one after the other
    (invite,) = invite_users(actor.conversation, actor.user, [user], expires_at=expires_at)
    return invite


@limited("RATE_CHANGES")
def delete_invite(actor: Membership, *, token: str) -> None:
    """Delete an invite link. Refuses `not_found`."""
    with transaction.atomic():
        actor = lock_membership(actor, "invite")
        deleted, _ = Invite.objects.filter(id=id_of(token), conversation=actor.conversation).delete()
        if not deleted:
            raise not_found()


@limited("RATE_CHANGES")
def accept_invite(actor: User, *, token: str) -> Membership:
    """Join by an invite link. For a member nothing changes, and the link is not used up. Refuses `not_found` if the
    link is not valid, `banned`, and `conflict` if the group is full."""
    invite = Invite.objects.filter(id=id_of(token)).first()
    if invite is None or invite.person_id not in (None, actor.id):
        raise not_found()
    with transaction.atomic():
        conversation = lock_conversation(invite.conversation_id)
        if not Membership.objects.live().filter(conversation=conversation, user=actor).exists():
            if not Invite.objects.usable().filter(id=invite.id).update(uses=F("uses") + 1):
                raise not_found()
            create_memberships(conversation, [actor], Membership.Role.MEMBER, None)
    return Membership.objects.of(actor, conversation.id)


def token_of(invite: Invite) -> str:
    """The token of a link: its id and a signature, so that nobody can guess one."""
    return urlsafe_b64encode(invite.id.bytes + _seal(invite.id)).decode().rstrip("=")


def id_of(token: str) -> UUID:
    """The id in a token. Refuses (`not_found`) a token that this server has not made."""
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
