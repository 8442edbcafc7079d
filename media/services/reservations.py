"""Files on their way in: they count in the quota before their first byte, and have so much time and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Sum

from accounts.models import User
from chatproject.common.clock import now
from chatproject.common.errors import Refusal
from media.limits import ARRIVALS_AT_ONCE, MEGABYTE, seconds_for
from media.models import Arrival, Upload

GRACE = 60
"""Seconds after which a file that should be here no longer counts: whoever read it was killed."""


@contextmanager
def arrival(actor: User, size: int, *, is_kept: bool = True) -> Iterator[None]:
    """Keep a place for a file of at least so many bytes while it arrives, and in the quota if it `is_kept`.

    Refuses `quota_exceeded`, and `rate_limited` when too many of theirs are on their way.
    """
    begun = begin_arrival(actor, size, is_kept=is_kept)
    close_old_connections()  # others need the connection while the file is on its way
    try:
        yield
    finally:
        Arrival.objects.filter(id=begun.id).delete()


@transaction.atomic
def begin_arrival(actor: User, size: int, *, is_kept: bool = True) -> Arrival:
    """The beginning of `arrival`: it ends by itself when nobody ends it."""
    User.objects.lock(actor)
    moment = now()
    mine = Arrival.objects.filter(uploader=actor)
    mine.filter(expires_at__lt=moment).delete()
    if mine.count() >= ARRIVALS_AT_ONCE:
        raise Refusal("rate_limited", "Too many of your files are on their way.", retry_after=5)
    if is_kept:
        refuse_beyond_quota(actor, size + (mine.aggregate(bytes=Sum("size"))["bytes"] or 0))
    expires_at = moment + timedelta(seconds=seconds_for(size) + GRACE)
    return Arrival.objects.create(uploader=actor, size=size if is_kept else 0, expires_at=expires_at)


def refuse_beyond_quota(actor: User, size: int) -> None:
    """Refuses `quota_exceeded` when so many bytes more are too many."""
    quota = settings.UPLOAD_QUOTA_MB * MEGABYTE
    if quota and size + used_by(actor) > quota:
        raise Refusal("quota_exceeded", f"All your files together have at most {settings.UPLOAD_QUOTA_MB} MiB.")


def used_by(user: User) -> int:
    """The bytes of all files that somebody has brought and that are still there."""
    return Upload.objects.filter(uploader=user).aggregate(bytes=Sum("size"))["bytes"] or 0
