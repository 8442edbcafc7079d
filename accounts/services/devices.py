"""Devices that get pushes. They are changed only with their owner's row locked. Code that queues a push holds the same
lock, so the device still exists when it commits."""

from uuid import UUID

from django.db import transaction

from accounts.keys import keyed_hash
from accounts.models import Device, Session, User
from common.action_limits import limited
from common.clock import now
from common.errors import not_found

DEVICES_PER_PERSON = 20


@limited("RATE_CHANGES")
@transaction.atomic
def register_device(session: Session, *, provider: str, token: str, name: str = "") -> tuple[Device, bool]:
    """Push to this token from now on. Returns the device and whether it is new to this person.

    A token belongs to the session that registered it last. Beyond `DEVICES_PER_PERSON` the oldest device is deleted."""
    user, token_hash = session.user, keyed_hash("device", provider, token)
    before = Device.objects.filter(token_hash=token_hash).values_list("user_id", flat=True)
    User.objects.lock_all({user.id, *before})
    fields = {"user": user, "session": session, "provider": provider, "token": token, "name": name}
    known = Device.objects.filter(token_hash=token_hash, user=user).exists()
    device, _ = Device.objects.update_or_create(
        token_hash=token_hash, defaults=fields, create_defaults={**fields, "created_at": now()}
    )
    spare = Device.objects.filter(user=user).order_by("-created_at", "-id").values_list("id", flat=True)
    Device.objects.filter(id__in=list(spare[DEVICES_PER_PERSON:])).delete()
    return device, not known


@limited("RATE_CHANGES")
@transaction.atomic
def forget_device(user: User, device_id: UUID) -> None:
    """Stop pushing to this device. Refuses `not_found`."""
    User.objects.lock(user)
    deleted, _ = Device.objects.filter(user=user, id=device_id).delete()
    if not deleted:
        raise not_found()


@transaction.atomic
def forget_dead_device(device: Device) -> None:
    """Delete a device that its provider no longer knows, unless a new token was registered for it meanwhile."""
    User.objects.lock(device.user)
    Device.objects.filter(id=device.id, user=device.user, token_hash=device.token_hash).delete()
