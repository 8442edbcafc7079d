"""Prekeys: keys that a device leaves on the server, so that others can start writing to it while it is offline.

Adding locks the person, as every change of a device does, and then the device. Claiming locks only the devices, in the
order of their IDs.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from accounts.models import Session, User
from common import limits
from common.action_limits import limited
from common.errors import Refusal, invalid
from encryption.bundles import SIZES, decode_field, has_signed, prekey_message, read_public_key
from encryption.models import KeyDevice, Prekey, Suite
from encryption.services.directory import key_owners_visible_to
from encryption.wire import NewPrekey, NewPrekeys, PrekeyStock

MAX_STORED = 200


@limited("RATE_CHANGES")
def add_prekeys(session: Session, offer: NewPrekeys) -> PrekeyStock:
    """Store prekeys of this session's device. Numbers up to the last one used are not stored again, even if their
    prekey is gone by now, so repeating is safe. Refuses `invalid`, and `conflict` if there is no device, if a number
    belongs to another key, and beyond `MAX_STORED`."""
    known = _device_of(session)
    prekeys = list(_checked(known, offer))
    with transaction.atomic():
        User.objects.lock(session.user)
        live = KeyDevice.objects.filter(id=known.id, removed_at__isnull=True)
        device = live.select_for_update(no_key=True).first()
        if device is None or bytes(device.signing_key) != bytes(known.signing_key):
            raise Refusal("conflict", "The keys of this device have changed. Sign the prekeys with the new key.")
        _add(device, prekeys)
    return _stock(device)


def prekeys_left(session: Session) -> PrekeyStock:
    """How many prekeys of this session's device are left. Refuses `conflict` if there is no device."""
    return _stock(_device_of(session))


def claim_prekeys(asker: User, device_ids: Collection[UUID]) -> list[Prekey]:
    """Claim a prekey of each of these devices, to start writing to it. Each one-time prekey is handed out once, the
    oldest first. If none is left, or the asker has used up `RATE_PREKEYS` for the device, it is the fallback. Devices
    without a fallback, and those that the asker may not see, are left out."""
    owners = dict(KeyDevice.objects.filter(id__in=device_ids, removed_at__isnull=True).values_list("id", "user"))
    known = key_owners_visible_to(asker, set(owners.values()))
    ids = sorted(id_ for id_, owner in owners.items() if owner in known)
    waits = limits.hit([f"prekeys:{asker.pk}:{id_}" for id_ in ids], settings.RATE_PREKEYS)
    with transaction.atomic():
        list(KeyDevice.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id").values_list("id"))
        once = _claim_one_time([id_ for id_, wait in zip(ids, waits, strict=True) if not wait])
        others = set(ids) - {key.device_id for key in once}
        again = Prekey.objects.filter(device__in=others, is_fallback=True)
        return sorted([*once, *again], key=lambda key: key.device_id)


def _claim_one_time(device_ids: Collection[UUID]) -> list[Prekey]:
    """Delete and return the oldest one-time prekey of each device; the devices are locked."""
    left = Prekey.objects.filter(device__in=device_ids, is_fallback=False)
    oldest = left.values("device").annotate(oldest=Min("id")).values_list("oldest", flat=True)
    taken = list(Prekey.objects.filter(id__in=list(oldest)))
    Prekey.objects.filter(id__in=[key.id for key in taken]).delete()
    return taken


def _device_of(session: Session) -> KeyDevice:
    device = KeyDevice.objects.filter(session=session, removed_at__isnull=True).first()
    if device is None:
        raise Refusal("conflict", "Register this device first.")
    return device


def _checked(device: KeyDevice, offer: NewPrekeys) -> Iterator[Prekey]:
    """The offered prekeys, ascending by number. Refuses (`invalid`) invalid keys and those that the device has not
    signed."""
    fields = {f"one_time[{index}]": offered for index, offered in enumerate(offer.one_time)}
    if offer.fallback:
        fields["fallback"] = offer.fallback
    if len({offered.number for offered in fields.values()}) < len(fields):
        raise invalid("one_time", "Give each key a different number.")
    for field, offered in sorted(fields.items(), key=lambda item: item[1].number):
        yield _prekey(device, offered, field)


def _prekey(device: KeyDevice, offered: NewPrekey, field: str) -> Prekey:
    suite = Suite(device.suite)
    key_size, signature_size = SIZES[suite]
    key = decode_field(offered.key, f"{field}.key", key_size)
    signature = decode_field(offered.signature, f"{field}.signature", signature_size)
    read_public_key(suite, key, f"{field}.key", is_signing=False)
    if not has_signed(suite, bytes(device.signing_key), signature, prekey_message(device.id, offered.number, key)):
        raise invalid(f"{field}.signature", "The signature was not made by this device's signing key.")
    is_fallback = field == "fallback"
    return Prekey(device=device, number=offered.number, key=key, signature=signature, is_fallback=is_fallback)


def _add(device: KeyDevice, prekeys: list[Prekey]) -> None:
    stored = {prekey.number: prekey for prekey in device.prekeys.filter(number__in=[key.number for key in prekeys])}
    if any(prekey.number in stored and not _is_same(stored[prekey.number], prekey) for prekey in prekeys):
        raise Refusal("conflict", "One of these numbers already belongs to another key.")
    new = [prekey for prekey in prekeys if prekey.number > device.last_prekey]
    if not new:
        return
    if any(prekey.is_fallback for prekey in new):
        device.prekeys.filter(is_fallback=True).delete()
    Prekey.objects.bulk_create(new)
    if device.prekeys.filter(is_fallback=False).count() > MAX_STORED:
        raise Refusal("conflict", f"A device can have at most {MAX_STORED} prekeys here.")
    device.last_prekey = new[-1].number
    device.save(update_fields=["last_prekey"])


def _is_same(one: Prekey, other: Prekey) -> bool:
    return (bytes(one.key), one.is_fallback) == (bytes(other.key), other.is_fallback)


def _stock(device: KeyDevice) -> PrekeyStock:
    kinds = list(device.prekeys.values_list("is_fallback", flat=True))
    return PrekeyStock(kinds.count(False), True in kinds, device.last_prekey)
