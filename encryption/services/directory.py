"""The key directory: devices show their public keys, and everything that happens to them goes into a log.

Each deed locks the person first, so that the log's numbers and hashes follow one another.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Block, Session, User
from chatproject.common import limits
from chatproject.common.clock import now, rfc3339
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.publish import Ring, announce, person_topic
from chatproject.common.tasks import task
from conversations.models import Conversation, Membership
from conversations.wire import event
from encryption.bundles import SIZES, Keys, decoded, encoded, is_signed, pack, rotation
from encryption.models import KeyChange, KeyDevice, Suite
from encryption.wire import Bundle, NewKeyDevice, Rotation

Kind = KeyChange.Kind
DEVICES_PER_PERSON, SLICE = 20, 100
RATE = "20/h;50/d"


def register(session: Session, bundle: NewKeyDevice) -> tuple[KeyDevice, bool]:
    """The device of this sign-in shows its keys, and whether they are new. With others than before it is another
    device, and the one before ends. Refuses `invalid`, `rate_limited`, and `conflict` when a person has too many."""
    keys = Keys(bundle, session.user_id)
    with transaction.atomic():
        user = User.objects.lock(session.user)
        known = KeyDevice.objects.filter(session=session, removed_at__isnull=True).first()
        if (
            known
            and bytes(known.signing_key) == keys.signing_key
            and bytes(known.encryption_key) == keys.encryption_key
        ):
            return known, False
        limits.spend(RATE, f"key-devices:{user.pk}")
        if KeyDevice.objects.filter(user=user, removed_at__isnull=True).count() >= DEVICES_PER_PERSON:
            raise Refusal("conflict", f"A person has at most {DEVICES_PER_PERSON} devices.")
        if known:
            _end([known])
        moment = now()
        device = KeyDevice.objects.create(
            user=user, session=session, name=bundle.name, created_at=moment, **_fields(keys)
        )
        _write(user, Kind.ADDED, device, moment)
        _tell(user)
    return device, True


def rotate(actor: User, change: Rotation) -> KeyDevice:
    """Give a device of the actor new keys: signed by the old ones, or with the password. Refuses `not_found`,
    `invalid`, `reauthentication_required` and `rate_limited`."""
    keys = Keys(change.bundle, actor.id, "bundle.")
    with transaction.atomic():
        user = User.objects.lock(actor)
        device = KeyDevice.objects.filter(id=change.device_id, user=user, removed_at__isnull=True).first()
        if device is None:
            raise not_found()
        limits.spend(RATE, f"key-devices:{user.pk}")
        kind = _proved(user, device, keys, change)
        for name, value in _fields(keys).items():
            setattr(device, name, value)
        device.rotated_at = moment = now()
        device.save()
        _write(user, kind, device, moment, change.signature if kind == Kind.ROTATED else None)
        _tell(user)
    return device


def _proved(user: User, device: KeyDevice, keys: Keys, change: Rotation) -> KeyChange.Kind:
    if change.signature is None:
        if change.password is None:
            raise Refusal("reauthentication_required", "Sign the new keys with the old one, or show your password.")
        if not user.check_password(change.password):
            raise invalid("password", "This is not your password.")
        return Kind.RESET
    suite = Suite(device.suite)
    signature = decoded(change.signature, "signature", SIZES[suite][1])
    before = pack("chat/bundle/1", suite, user.id, *_fields_of(device))
    both = rotation(user.id, device.id, (before, bytes(device.signature)), (keys.packed, keys.signature))
    if not is_signed(suite, bytes(device.signing_key), signature, both):
        raise invalid("signature", "The old key has not signed this.")
    return Kind.ROTATED


def remove(actor: User, *, device_id: UUID) -> None:
    """This device reads nothing more from now on. Refuses `not_found`."""
    with transaction.atomic():
        user = User.objects.lock(actor)
        device = KeyDevice.objects.filter(id=device_id, user=user, removed_at__isnull=True).first()
        if device is None:
            raise not_found()
        _end([device])
        _tell(user)


def end_devices(user: User, sessions: Iterable[UUID]) -> None:
    """The devices of sign-ins that have ended, in the transaction that ends them, the person being locked."""
    ended = list(KeyDevice.objects.filter(user=user, session__in=sessions, removed_at__isnull=True).order_by("id"))
    if ended:
        _end(ended)
        _tell(user)


def keys_of(viewer: User, user_id: UUID) -> tuple[list[KeyDevice], KeyChange | None]:
    """All devices of somebody, oldest first, and the end of their key log. Refuses `not_found` where the viewer neither
    shares a direct conversation or a group with them, nor may begin one."""
    if not User.objects.filter(id=user_id, erased_at__isnull=True).exists() or not _may_know(viewer, user_id):
        raise not_found()
    devices = KeyDevice.objects.filter(user=user_id, removed_at__isnull=True).order_by("id")
    return list(devices), KeyChange.objects.filter(user=user_id).order_by("-number").first()


def _may_know(viewer: User, user_id: UUID) -> bool:
    if viewer.id == user_id:
        return True
    blocked = Block.objects.filter(blocker=user_id, blocked=viewer).exists()
    if not blocked and User.objects.active().filter(id=user_id).exists():
        return True
    return bool(_shared(viewer.id).filter(user=user_id).exists())


def _shared(user_id: UUID) -> QuerySet[Membership]:
    """The memberships of others in the direct conversations and groups of this person."""
    mine = Membership.objects.live().filter(user=user_id, conversation=OuterRef("conversation_id"))
    shared = Membership.objects.live().filter(Exists(mine)).exclude(user=user_id)
    return shared.exclude(conversation__kind=Conversation.Kind.CHANNEL)


def _fields_of(device: KeyDevice) -> tuple[bytes, bytes]:
    return bytes(device.encryption_key), bytes(device.signing_key)


def _fields(keys: Keys) -> dict[str, object]:
    return {
        "suite": keys.suite,
        "encryption_key": keys.encryption_key,
        "signing_key": keys.signing_key,
        "signature": keys.signature,
    }


def _end(devices: list[KeyDevice]) -> None:
    moment = now()
    for device in devices:
        device.removed_at = moment
        device.save(update_fields=["removed_at"])
        _write(device.user, Kind.REMOVED, device, moment)


def bundle_of(device: KeyDevice) -> Bundle:
    """The keys of a device as it has shown them."""
    keys = (device.encryption_key, device.signing_key, device.signature)
    return Bundle(device.suite, *(encoded(bytes(key)) for key in keys))  # type: ignore[arg-type]


def _write(user: User, kind: KeyChange.Kind, device: KeyDevice, moment: datetime, proof: str | None = None) -> None:
    last = KeyChange.objects.filter(user=user).order_by("-number").first()
    bundle = bundle_of(device)
    line = KeyChange(
        user=user,
        number=last.number + 1 if last else 1,
        kind=kind,
        device_id=device.id,
        bundle={name: getattr(bundle, name) for name in bundle.__struct_fields__},
        proof=proof or "",
        at=moment,
    )
    line.hash = hash_of(line, last.hash if last else "")
    line.save()


def hash_of(line: KeyChange, before: str) -> str:
    """The hash of a line of the log, which carries the one before it."""
    keys = [line.bundle[name] for name in ("suite", "encryption_key", "signing_key", "signature")]
    packed = pack("chat/key-log/1", before, line.number, line.kind, line.device_id, *keys, line.proof, rfc3339(line.at))
    return hashlib.sha256(packed).hexdigest()


def _tell(user: User) -> None:
    """`key.changed` to the person at once, and to those who know them by the worker: many rows are locked for that."""
    _ring([user.id], user.id)
    tell_acquainted.enqueue(str(user.id))


@task
def tell_acquainted(user_id: str) -> None:
    """`key.changed` to everybody who shares a direct conversation or a group with this person. Repeating it is
    harmless."""
    people = sorted(set(_shared(UUID(user_id)).values_list("user_id", flat=True)))
    for start in range(0, len(people), SLICE):
        with transaction.atomic():
            _ring(people[start : start + SLICE], UUID(user_id))


def _ring(people: list[UUID], changed: UUID) -> None:
    moment = now()
    for user_id, number in User.objects.bump(people).items():
        frame = event("key.changed", {"user_id": changed}, moment, me_seq=number)
        announce(Ring(person_topic(user_id), number, frame))
