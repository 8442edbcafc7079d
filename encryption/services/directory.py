"""The key directory: the public keys of devices. Every change is recorded in the person's key log and in the logs of
their end-to-end encrypted conversations, in one transaction.

It locks the conversations and then the person, so that the numbers and hashes of the log form a chain, and no message
is accepted for an outdated roster.
"""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Block, Session, User
from accounts.services.passwords import verify_password
from common.action_limits import limited, spend_for
from common.clock import now, rfc3339
from common.errors import Refusal, invalid, not_found
from common.publish import Publication, publish_on_commit, user_topic
from common.tasks import task
from conversations.models import Conversation, Membership
from conversations.wire import encode_event
from encryption.bundles import SIZES, CheckedKeys, decode_field, encode, has_signed, pack, rotation_message
from encryption.models import KeyChange, KeyDevice, Suite
from encryption.services import rosters
from encryption.wire import Bundle, NewKeyDevice, Rotation

Kind = KeyChange.Kind
T = TypeVar("T")
DEVICES_PER_PERSON, BATCH_SIZE = 10, 100


def register_key_device(session: Session, bundle: NewKeyDevice) -> tuple[KeyDevice, bool]:
    """Register the keys of this session's device. Returns the device and whether its keys are new. With different keys
    it counts as a new device, and the old one is removed. Refuses `invalid`, `rate_limited`, and `conflict` if the
    person has too many devices."""
    keys = CheckedKeys(bundle, session.user_id)
    return _change_devices(session.user, partial(_register, session=session, keys=keys, name=bundle.name))


def _register(owner: "_LockedOwner", *, session: Session, keys: CheckedKeys, name: str) -> tuple[KeyDevice, bool]:
    known = owner.devices.filter(session=session).first()
    if known and _key_bytes(known) == (keys.encryption_key, keys.signing_key):
        return known, False
    spend_for(owner.user, "RATE_KEY_DEVICES")
    if owner.devices.count() - bool(known) >= DEVICES_PER_PERSON:
        raise Refusal("conflict", f"You can have at most {DEVICES_PER_PERSON} devices. Remove one first.")
    if known:
        owner.remove(known)
    moment = now()
    device = KeyDevice.objects.create(user=owner.user, session=session, name=name, created_at=moment, **_fields(keys))
    owner.write(Kind.ADDED, device, moment)
    return device, True


def rotate_keys(actor: User, change: Rotation) -> KeyDevice:
    """Replace the keys of one of the actor's devices: the new ones are signed by the old key, or the password is given.
    Refuses `not_found`, `invalid`, `reauthentication_required` and `rate_limited`."""
    keys = CheckedKeys(change.bundle, actor.id, "bundle.")
    if change.signature is None:
        _check_password(actor, change)
    return _change_devices(actor, partial(_rotate, keys=keys, change=change))


def _rotate(owner: "_LockedOwner", *, keys: CheckedKeys, change: Rotation) -> KeyDevice:
    device = owner.device(change.device_id)
    spend_for(owner.user, "RATE_KEY_DEVICES")
    kind = _check_proof(owner.user, device, keys, change)
    for name, value in _fields(keys).items():
        setattr(device, name, value)
    device.rotated_at = moment = now()
    device.save()
    device.prekeys.all().delete()
    owner.write(kind, device, moment, change.signature if kind == Kind.ROTATED else None)
    return device


def _check_password(actor: User, change: Rotation) -> None:
    """Check the password before anything is locked, because hashing takes long."""
    if change.password is None:
        raise Refusal("reauthentication_required", "Sign the new keys with the old key, or send your password.")
    device = KeyDevice.objects.filter(id=change.device_id, user=actor, removed_at=None)
    if not device.exists():
        raise not_found()
    verify_password(actor, change.password)


def _check_proof(user: User, device: KeyDevice, keys: CheckedKeys, change: Rotation) -> KeyChange.Kind:
    if change.signature is None:
        return Kind.RESET
    suite = Suite(device.suite)
    signature = decode_field(change.signature, "signature", SIZES[suite][1])
    before = pack("chat/bundle/1", suite, user.id, *_key_bytes(device))
    both = rotation_message(user.id, device.id, (before, bytes(device.signature)), (keys.packed, keys.signature))
    if not has_signed(suite, bytes(device.signing_key), signature, both):
        raise invalid("signature", "The signature was not made by the device's old key.")
    return Kind.ROTATED


@limited("RATE_CHANGES")
def remove_key_device(actor: User, *, device_id: UUID) -> None:
    """Remove a device: nothing is encrypted for it any more. Refuses `not_found`."""
    _change_devices(actor, lambda owner: owner.remove(owner.device(device_id)))


def end_expired_devices() -> None:
    """Remove the devices of sessions that have expired, for which no hook is called."""
    for user_id in set(_devices_without_session().values_list("user_id", flat=True)):
        end_devices.enqueue(str(user_id))


def _devices_without_session() -> QuerySet[KeyDevice]:
    """The devices that are still in the directory although their session has ended."""
    return KeyDevice.objects.filter(~Exists(Session.objects.live().filter(id=OuterRef("session"))), removed_at=None)


@task
def end_devices(user_id: str) -> None:
    """Remove this person's devices whose session has ended. Safe to repeat."""
    person = User.objects.filter(id=user_id).first()
    if person:
        _change_devices(person, _remove_signed_out)


def _remove_signed_out(owner: "_LockedOwner") -> None:
    for device in _devices_without_session().filter(user=owner.user).order_by("id"):
        owner.remove(device)


def keys_of(viewer: User, user_id: UUID) -> tuple[list[KeyDevice], KeyChange | None]:
    """All devices of somebody, oldest first, and the last line of their key log. Refuses `not_found` if the viewer
    neither shares a direct conversation or a group with them nor may start one."""
    if not User.objects.filter(id=user_id, erased_at__isnull=True).exists() or not key_owners_visible_to(
        viewer, [user_id]
    ):
        raise not_found()
    devices = KeyDevice.objects.filter(user=user_id, removed_at__isnull=True).order_by("id")
    return list(devices), KeyChange.objects.filter(user=user_id).order_by("-number").first()


def key_owners_visible_to(viewer: User, user_ids: Collection[UUID]) -> set[UUID]:
    """The people among these whose keys the viewer may see: the viewer, and those with whom they share a direct
    conversation or a group, or may start one."""
    blockers = Block.objects.filter(blocker__in=user_ids, blocked=viewer).values("blocker")
    open_to = User.objects.active().filter(id__in=user_ids).exclude(id__in=blockers)
    shared = _memberships_shared_with(viewer.id).filter(user__in=user_ids)
    found = {*open_to.values_list("id", flat=True), *shared.values_list("user", flat=True)}
    return found | ({viewer.id} & set(user_ids))


def _memberships_shared_with(user_id: UUID) -> QuerySet[Membership]:
    """The memberships of others in the direct conversations and groups of this person."""
    mine = Membership.objects.live().filter(user=user_id, conversation=OuterRef("conversation_id"))
    shared = Membership.objects.live().filter(Exists(mine)).exclude(user=user_id)
    return shared.exclude(conversation__kind=Conversation.Kind.CHANNEL)


def _key_bytes(device: KeyDevice) -> tuple[bytes, bytes]:
    return bytes(device.encryption_key), bytes(device.signing_key)


def _fields(keys: CheckedKeys) -> dict[str, object]:
    return {
        "suite": keys.suite,
        "encryption_key": keys.encryption_key,
        "signing_key": keys.signing_key,
        "signature": keys.signature,
    }


def bundle_of(device: KeyDevice) -> Bundle:
    """The keys of a device as it has registered them."""
    keys = (device.encryption_key, device.signing_key, device.signature)
    return Bundle(device.suite, *(encode(bytes(key)) for key in keys))  # type: ignore[arg-type]


class _LockedOwner:
    """A person who is locked, and before them their end-to-end encrypted conversations, so that their devices can be
    changed."""

    def __init__(self, user: User, memberships: list[Membership]) -> None:
        self.user = user
        self.is_changed = False
        self._memberships = memberships

    @property
    def devices(self) -> QuerySet[KeyDevice]:
        return KeyDevice.objects.filter(user=self.user, removed_at__isnull=True)

    def device(self, device_id: UUID) -> KeyDevice:
        """One of the person's devices. Refuses `not_found`."""
        device = self.devices.filter(id=device_id).first()
        if device is None:
            raise not_found()
        return device

    def remove(self, device: KeyDevice) -> None:
        device.removed_at = moment = now()
        device.save(update_fields=["removed_at"])
        device.prekeys.all().delete()
        self.write(Kind.REMOVED, device, moment)

    def write(self, kind: KeyChange.Kind, device: KeyDevice, moment: datetime, proof: str | None = None) -> None:
        """Append a line to the person's key log and an entry to the log of each conversation."""
        last = KeyChange.objects.filter(user=self.user).order_by("-number").first()
        line = KeyChange(
            user=self.user,
            number=last.number + 1 if last else 1,
            kind=kind,
            device_id=device.id,
            bundle=msgspec.structs.asdict(bundle_of(device)),
            proof=proof or "",
            at=moment,
        )
        line.hash = line_hash(line, last.hash if last else "")
        line.save()
        rosters.record_key_change(self._memberships, line, moment)
        self.is_changed = True


def _change_devices(person: User, change: Callable[[_LockedOwner], T]) -> T:
    """Call `change` in a transaction with the person and their conversations locked, and publish what it changed."""
    while True:
        with transaction.atomic():
            conversations = {
                one.id: one for one in Conversation.objects.locked(*rosters.e2ee_conversation_ids(person.id))
            }
            owner = _LockedOwner(User.objects.lock(person), _memberships(person, conversations))
            if rosters.e2ee_conversation_ids(person.id) <= conversations.keys():
                result = change(owner)
                if owner.is_changed:
                    _publish_key_change(owner.user)
                return result
        # The person joined another conversation between the two locks, which is not locked yet.


def _memberships(person: User, conversations: dict[UUID, Conversation]) -> list[Membership]:
    found = Membership.objects.live().select_related("user").filter(user=person, conversation__in=conversations)
    memberships = list(found.order_by("conversation"))
    for membership in memberships:
        membership.conversation = conversations[membership.conversation_id]
    return memberships


def line_hash(line: KeyChange, before: str) -> str:
    """The hash of a line of the key log, which covers the hash of the line before it."""
    keys = [line.bundle[name] for name in ("suite", "encryption_key", "signing_key", "signature")]
    packed = pack("chat/key-log/1", before, line.number, line.kind, line.device_id, *keys, line.proof, rfc3339(line.at))
    return hashlib.sha256(packed).hexdigest()


def _publish_key_change(user: User) -> None:
    """Publish `key.changed` to the person at once, and to others by the worker, because it locks many rows."""
    _publish_to([user.id], user.id)
    publish_to_acquaintances.enqueue(str(user.id))


@task
def publish_to_acquaintances(user_id: str) -> None:
    """Publish `key.changed` to everybody who shares a direct conversation or a group with this person. Safe to
    repeat."""
    people = sorted(set(_memberships_shared_with(UUID(user_id)).values_list("user_id", flat=True)))
    for start in range(0, len(people), BATCH_SIZE):
        with transaction.atomic():
            _publish_to(people[start : start + BATCH_SIZE], UUID(user_id))


def _publish_to(people: list[UUID], changed: UUID) -> None:
    moment = now()
    for user_id, number in User.objects.bump(people).items():
        frame = encode_event("key.changed", {"user_id": changed}, moment, me_seq=number)
        publish_on_commit(Publication(user_topic(user_id), number, frame))
