"""The key directory: devices show their public keys, and everything that happens to them goes into a log: that of the
person, and those of their end-to-end conversations, in one transaction.

It locks the conversations, then the person: the log's numbers and hashes follow one another, and no message is
sealed for a roster that has changed.
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
from accounts.services.passwords import prove_password
from chatproject.common.clock import now, rfc3339
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.limited import limited, spend_for
from chatproject.common.publish import Ring, announce, person_topic
from chatproject.common.tasks import task
from conversations.models import Conversation, Membership
from conversations.wire import event
from encryption.bundles import SIZES, Keys, decoded, encoded, is_signed, pack, rotation
from encryption.models import KeyChange, KeyDevice, Suite
from encryption.services import rosters
from encryption.wire import Bundle, NewKeyDevice, Rotation

Kind = KeyChange.Kind
T = TypeVar("T")
DEVICES_PER_PERSON, SLICE = 10, 100


def register(session: Session, bundle: NewKeyDevice) -> tuple[KeyDevice, bool]:
    """The device of this sign-in shows its keys, and whether they are new. With others than before it is another
    device, and the one before ends. Refuses `invalid`, `rate_limited`, and `conflict` when a person has too many."""
    keys = Keys(bundle, session.user_id)
    return _changing(session.user, partial(_register, session=session, keys=keys, name=bundle.name))


def _register(own: "_Own", *, session: Session, keys: Keys, name: str) -> tuple[KeyDevice, bool]:
    known = own.devices.filter(session=session).first()
    if known and _fields_of(known) == (keys.encryption_key, keys.signing_key):
        return known, False
    spend_for(own.user, "RATE_KEY_DEVICES")
    if own.devices.count() - bool(known) >= DEVICES_PER_PERSON:
        raise Refusal("conflict", f"A person has at most {DEVICES_PER_PERSON} devices.")
    if known:
        own.end(known)
    moment = now()
    device = KeyDevice.objects.create(user=own.user, session=session, name=name, created_at=moment, **_fields(keys))
    own.write(Kind.ADDED, device, moment)
    return device, True


def rotate(actor: User, change: Rotation) -> KeyDevice:
    """Give a device of the actor new keys: signed by the old ones, or with the password. Refuses `not_found`,
    `invalid`, `reauthentication_required` and `rate_limited`."""
    keys = Keys(change.bundle, actor.id, "bundle.")
    if change.signature is None:
        _prove_by_password(actor, change)
    return _changing(actor, partial(_rotate, keys=keys, change=change))


def _rotate(own: "_Own", *, keys: Keys, change: Rotation) -> KeyDevice:
    device = own.device(change.device_id)
    spend_for(own.user, "RATE_KEY_DEVICES")
    kind = _proved(own.user, device, keys, change)
    for name, value in _fields(keys).items():
        setattr(device, name, value)
    device.rotated_at = moment = now()
    device.save()
    device.prekeys.all().delete()
    own.write(kind, device, moment, change.signature if kind == Kind.ROTATED else None)
    return device


def _prove_by_password(actor: User, change: Rotation) -> None:
    """Before anything is locked: hashing takes long."""
    if change.password is None:
        raise Refusal("reauthentication_required", "Sign the new keys with the old one, or show your password.")
    own = KeyDevice.objects.filter(id=change.device_id, user=actor, removed_at=None)
    if not own.exists():
        raise not_found()
    prove_password(actor, change.password)


def _proved(user: User, device: KeyDevice, keys: Keys, change: Rotation) -> KeyChange.Kind:
    if change.signature is None:
        return Kind.RESET
    suite = Suite(device.suite)
    signature = decoded(change.signature, "signature", SIZES[suite][1])
    before = pack("chat/bundle/1", suite, user.id, *_fields_of(device))
    both = rotation(user.id, device.id, (before, bytes(device.signature)), (keys.packed, keys.signature))
    if not is_signed(suite, bytes(device.signing_key), signature, both):
        raise invalid("signature", "The old key has not signed this.")
    return Kind.ROTATED


@limited("RATE_CHANGES")
def remove(actor: User, *, device_id: UUID) -> None:
    """This device reads nothing more from now on. Refuses `not_found`."""
    _changing(actor, lambda own: own.end(own.device(device_id)))


def end_forgotten() -> None:
    """End the devices of sign-ins that have run out, which nobody tells of."""
    for user_id in set(_signed_out().values_list("user_id", flat=True)):
        end_devices.enqueue(str(user_id))


def _signed_out() -> QuerySet[KeyDevice]:
    """The devices whose sign-in is over, and that are still in the directory."""
    return KeyDevice.objects.filter(~Exists(Session.objects.live().filter(id=OuterRef("session"))), removed_at=None)


@task
def end_devices(user_id: str) -> None:
    """End this person's devices whose sign-in is over: they read nothing more. Repeating it is harmless."""
    person = User.objects.filter(id=user_id).first()
    if person:
        _changing(person, _end_signed_out)


def _end_signed_out(own: "_Own") -> None:
    for device in _signed_out().filter(user=own.user).order_by("id"):
        own.end(device)


def keys_of(viewer: User, user_id: UUID) -> tuple[list[KeyDevice], KeyChange | None]:
    """All devices of somebody, oldest first, and the end of their key log. Refuses `not_found` where the viewer neither
    shares a direct conversation or a group with them, nor may begin one."""
    if not User.objects.filter(id=user_id, erased_at__isnull=True).exists() or not known_to(viewer, [user_id]):
        raise not_found()
    devices = KeyDevice.objects.filter(user=user_id, removed_at__isnull=True).order_by("id")
    return list(devices), KeyChange.objects.filter(user=user_id).order_by("-number").first()


def known_to(viewer: User, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of these people whose keys the viewer may have: themself, and with whom they share a direct conversation or
    a group, or may begin one."""
    blockers = Block.objects.filter(blocker__in=user_ids, blocked=viewer).values("blocker")
    open_to = User.objects.active().filter(id__in=user_ids).exclude(id__in=blockers)
    shared = _shared(viewer.id).filter(user__in=user_ids)
    found = {*open_to.values_list("id", flat=True), *shared.values_list("user", flat=True)}
    return found | ({viewer.id} & set(user_ids))


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


def bundle_of(device: KeyDevice) -> Bundle:
    """The keys of a device as it has shown them."""
    keys = (device.encryption_key, device.signing_key, device.signature)
    return Bundle(device.suite, *(encoded(bytes(key)) for key in keys))  # type: ignore[arg-type]


class _Own:
    """A person who is locked, after the end-to-end conversations that they are in; and what may be done to their
    devices then."""

    def __init__(self, user: User, memberships: list[Membership]) -> None:
        self.user = user
        self.is_changed = False
        self._memberships = memberships

    @property
    def devices(self) -> QuerySet[KeyDevice]:
        return KeyDevice.objects.filter(user=self.user, removed_at__isnull=True)

    def device(self, device_id: UUID) -> KeyDevice:
        """One of theirs. Refuses `not_found`."""
        device = self.devices.filter(id=device_id).first()
        if device is None:
            raise not_found()
        return device

    def end(self, device: KeyDevice) -> None:
        device.removed_at = moment = now()
        device.save(update_fields=["removed_at"])
        device.prekeys.all().delete()
        self.write(Kind.REMOVED, device, moment)

    def write(self, kind: KeyChange.Kind, device: KeyDevice, moment: datetime, proof: str | None = None) -> None:
        """A line in their log, and a place in the log of each conversation."""
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
        line.hash = hash_of(line, last.hash if last else "")
        line.save()
        rosters.go_on(self._memberships, line, moment)
        self.is_changed = True


def _changing(person: User, deed: Callable[[_Own], T]) -> T:
    """One transaction around a deed on somebody's devices."""
    while True:
        with transaction.atomic():
            conversations = {one.id: one for one in Conversation.objects.locked(*rosters.private(person.id))}
            own = _Own(User.objects.lock(person), _memberships(person, conversations))
            if rosters.private(person.id) <= conversations.keys():
                done = deed(own)
                if own.is_changed:
                    _tell(own.user)
                return done
        # They have entered another conversation between the two locks, which was not locked before them.


def _memberships(person: User, conversations: dict[UUID, Conversation]) -> list[Membership]:
    found = Membership.objects.live().select_related("user").filter(user=person, conversation__in=conversations)
    memberships = list(found.order_by("conversation"))
    for membership in memberships:
        membership.conversation = conversations[membership.conversation_id]
    return memberships


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
