"""The actions on managed keys: making them, encrypting and decrypting with them."""

from uuid import UUID

from django.db import transaction

from accounts.models import Block, User
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid, not_found
from common.ids import uuid7
from encryption import managed
from encryption.managed_wire import ManagedEnvelope
from encryption.models import ManagedKey

KEYS_PER_PERSON = 20
CANNOT = "This cannot be decrypted: it is not for your key, the passphrase is wrong, or it was altered."


@limited("RATE_MANAGED_KEYS")
def make_managed_key(actor: User, *, passphrase: str) -> ManagedKey:
    """Make a key pair for the actor; older keys still decrypt what was encrypted for them. Refuses `rate_limited`, and
    `conflict` if there are too many."""
    public, private = managed.new_pair()
    key_id = uuid7()
    wrapped = managed.wrap(private, passphrase, key_id.bytes)
    with transaction.atomic():
        User.objects.lock(actor)
        if ManagedKey.objects.filter(user=actor).count() >= KEYS_PER_PERSON:
            raise Refusal("conflict", f"You can have at most {KEYS_PER_PERSON} managed keys.")
        return ManagedKey.objects.create(
            id=key_id,
            user=actor,
            public_key=public,
            wrapped=wrapped.key,
            nonce=wrapped.nonce,
            salt=wrapped.salt,
            created_at=now(),
        )


def managed_key_of(viewer: User, user_id: UUID) -> ManagedKey:
    """The key to encrypt with for somebody. Refuses `not_found` if there is none, or the viewer cannot find the
    person."""
    people = User.objects.active().filter(id=user_id)
    key = ManagedKey.objects.filter(user__in=people).order_by("-id").first()
    if key is None or Block.objects.filter(blocker=user_id, blocked=viewer).exists():
        raise not_found()
    return key


@limited("RATE_MANAGED_ENCRYPT")
def encrypt_for(actor: User, *, recipient_id: UUID, plaintext: str) -> ManagedEnvelope:
    """Encrypt a text for somebody's managed key. Refuses `not_found` and `rate_limited`."""
    key = managed_key_of(actor, recipient_id)
    sealed = managed.seal(plaintext.encode(), key.public_key, key.id.bytes)
    return ManagedEnvelope(key.id, sealed.wrapped_key, sealed.nonce, sealed.ciphertext)


@limited("RATE_MANAGED_DECRYPT")
def decrypt(actor: User, *, envelope: ManagedEnvelope, passphrase: str) -> str:
    """Decrypt an envelope for one of the actor's keys. Refuses `rate_limited`, and `invalid`, with the same response
    after the same time whatever is wrong."""
    key = ManagedKey.objects.filter(id=envelope.key_id, user=actor).first()
    wrapped = managed.Wrapped(bytes(key.salt), bytes(key.nonce), bytes(key.wrapped)) if key else None
    sealed = managed.Sealed(envelope.wrapped_key, envelope.nonce, envelope.ciphertext)
    try:
        return managed.open_sealed(sealed, wrapped, passphrase, envelope.key_id.bytes).decode()
    except managed.CannotOpen:
        raise invalid("envelope", CANNOT) from None
