"""Reservations for uploads in progress: they count towards the quota before the first byte, and have a time limit."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Sum

from accounts.models import User
from common.clock import now
from common.errors import Refusal
from media.limits import MAX_INCOMING, MEGABYTE, seconds_to_receive
from media.models import Arrival, Upload

GRACE = 60
"""Seconds after its time limit when a reservation expires: the process that received the file was killed."""


@contextmanager
def reserve_upload(actor: User, size: int, *, is_kept: bool = True) -> Iterator[None]:
    """Reserve an upload of at least `size` bytes while it arrives; it counts towards the quota if it `is_kept`.

    Refuses `quota_exceeded`, and `rate_limited` if too many of the actor's uploads are in progress.
    """
    reservation = begin_reservation(actor, size, is_kept=is_kept)
    close_old_connections()  # so that others can use the connection while the file arrives
    try:
        yield
    finally:
        Arrival.objects.filter(id=reservation.id).delete()


@transaction.atomic
def begin_reservation(actor: User, size: int, *, is_kept: bool = True) -> Arrival:
    """Create a reservation, which expires by itself if it is not deleted."""
    User.objects.lock(actor)
    moment = now()
    mine = Arrival.objects.filter(uploader=actor)
    mine.filter(expires_at__lt=moment).delete()
    if mine.count() >= MAX_INCOMING:
        raise Refusal(
            "rate_limited", "Too many of your uploads are in progress. Wait until one is done.", retry_after=5
        )
    if is_kept:
        refuse_beyond_quota(actor, size + (mine.aggregate(bytes=Sum("size"))["bytes"] or 0))
    expires_at = moment + timedelta(seconds=seconds_to_receive(size) + GRACE)
    return Arrival.objects.create(uploader=actor, size=size if is_kept else 0, expires_at=expires_at)


def refuse_beyond_quota(actor: User, size: int) -> None:
    """Refuses `quota_exceeded` if this many more bytes exceed the quota."""
    quota = settings.UPLOAD_QUOTA_MB * MEGABYTE
    if quota and size + used_by(actor) > quota:
        raise Refusal("quota_exceeded", f"Your files can have at most {settings.UPLOAD_QUOTA_MB} MiB together.")


def used_by(user: User) -> int:
    """The total size in bytes of somebody's stored uploads."""
    return Upload.objects.filter(uploader=user).aggregate(bytes=Sum("size"))["bytes"] or 0
