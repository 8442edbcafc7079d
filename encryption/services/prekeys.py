"""Prekeys: what a device leaves here, so that others can begin to write to it while it is away.

Giving locks the person, as whatever changes a device does, and then the device; taking locks the devices alone, in the
order of their ids.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from accounts.models import Session, User
from chatproject.common import limits
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited
from encryption.bundles import SIZES, decoded, is_signed, prekey, read
from encryption.models import KeyDevice, Prekey, Suite
from encryption.services.directory import known_to
from encryption.wire import NewPrekey, NewPrekeys, PrekeyStock

STORED = 200


@limited("RATE_CHANGES")
def add_prekeys(session: Session, offer: NewPrekeys) -> PrekeyStock:
    """The device of this sign-in leaves keys for others. What has a number up to the last that it has given is not
    stored again, also if it is gone by now: repeating is harmless. Refuses `invalid`, and `conflict` where there is no
    device, where a number stands for another key, and beyond `STORED`."""
    shown = _device_of(session)
    prekeys = list(_checked(shown, offer))
    with transaction.atomic():
        User.objects.lock(session.user)
        live = KeyDevice.objects.filter(id=shown.id, removed_at__isnull=True)
        device = live.select_for_update(no_key=True).first()
        if device is None or bytes(device.signing_key) != bytes(shown.signing_key):
            raise Refusal("conflict", "This device has other keys by now.")
        _add(device, prekeys)
    return _stock(device)


def prekeys_left(session: Session) -> PrekeyStock:
    """What is left of the keys that the device of this sign-in gave. Refuses `conflict` where there is no device."""
    return _stock(_device_of(session))


def claim_prekeys(asker: User, device_ids: Collection[UUID]) -> list[Prekey]:
    """A key of each of these devices, for whoever begins to write to it. A one-time key is handed out once, the oldest
    first; where none is left, and to whoever has had `RATE_PREKEYS` of them, the fallback. A device without one is left
    out, as is one that the asker may not know."""
    owners = dict(KeyDevice.objects.filter(id__in=device_ids, removed_at__isnull=True).values_list("id", "user"))
    known = known_to(asker, set(owners.values()))
    ids = sorted(id_ for id_, owner in owners.items() if owner in known)
    waits = limits.hit([f"prekeys:{asker.pk}:{id_}" for id_ in ids], settings.RATE_PREKEYS)
    with transaction.atomic():
        list(KeyDevice.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id").values_list("id"))
        once = _take([id_ for id_, wait in zip(ids, waits, strict=True) if not wait])
        others = set(ids) - {key.device_id for key in once}
        again = Prekey.objects.filter(device__in=others, is_fallback=True)
        return sorted([*once, *again], key=lambda key: key.device_id)


def _take(device_ids: Collection[UUID]) -> list[Prekey]:
    """The oldest one-time key of each, deleted. The devices are locked."""
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
    """What is offered, ascending by number. Refuses (`invalid`) what the device has not signed, or what is no key."""
    fields = {f"one_time[{place}]": one for place, one in enumerate(offer.one_time)}
    if offer.fallback:
        fields["fallback"] = offer.fallback
    if len({one.number for one in fields.values()}) < len(fields):
        raise invalid("one_time", "Each key has a number of its own.")
    for field, one in sorted(fields.items(), key=lambda item: item[1].number):
        yield _prekey(device, one, field)


def _prekey(device: KeyDevice, offered: NewPrekey, field: str) -> Prekey:
    suite = Suite(device.suite)
    key_size, signature_size = SIZES[suite]
    key = decoded(offered.key, f"{field}.key", key_size)
    signature = decoded(offered.signature, f"{field}.signature", signature_size)
    read(suite, key, f"{field}.key", is_signing=False)
    if not is_signed(suite, bytes(device.signing_key), signature, prekey(device.id, offered.number, key)):
        raise invalid(f"{field}.signature", "This device has not signed this.")
    is_fallback = field == "fallback"
    return Prekey(device=device, number=offered.number, key=key, signature=signature, is_fallback=is_fallback)


def _add(device: KeyDevice, prekeys: list[Prekey]) -> None:
    kept = {one.number: one for one in device.prekeys.filter(number__in=[one.number for one in prekeys])}
    if any(one.number in kept and not _is_same(kept[one.number], one) for one in prekeys):
        raise Refusal("conflict", "A number stands for one key.")
    new = [one for one in prekeys if one.number > device.last_prekey]
    if not new:
        return
    if any(one.is_fallback for one in new):
        device.prekeys.filter(is_fallback=True).delete()
    Prekey.objects.bulk_create(new)
    if device.prekeys.filter(is_fallback=False).count() > STORED:
        raise Refusal("conflict", f"At most {STORED} keys of a device are kept.")
    device.last_prekey = new[-1].number
    device.save(update_fields=["last_prekey"])


def _is_same(one: Prekey, other: Prekey) -> bool:
    return (bytes(one.key), one.is_fallback) == (bytes(other.key), other.is_fallback)


def _stock(device: KeyDevice) -> PrekeyStock:
    kinds = list(device.prekeys.values_list("is_fallback", flat=True))
    return PrekeyStock(kinds.count(False), True in kinds, device.last_prekey)
