"""The worker's lane of files: looks at what was brought, one file of a person after one of another.

Whoever takes a file moves its `due_at` on by `LEASE`: what a killed worker had taken is due again by itself.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db.models import F

from chatproject.common import apart
from chatproject.common.clock import now
from media import services
from media.models import Upload

LEASE = timedelta(minutes=10)
"""Longer than looking at one may take."""
MAX_ATTEMPTS = 5
FIRST_PAUSE = 5
"""Seconds until one that failed is tried again; each time four times as many."""


class FileLane:
    """See the module. Whose turn it is, each worker knows for itself: whoever had theirs longest ago."""

    def __init__(self) -> None:
        self._turns: dict[UUID, float] = {}
        self._aside: dict[UUID, datetime] = {}

    def run_next(self) -> bool:
        """Look at the next file. False when there is none."""
        upload = self._next()
        if upload is None:
            return False
        self._turns[upload.uploader_id] = time.monotonic()
        if not apart.succeeds(self._look_at, upload):
            pause = timedelta(seconds=FIRST_PAUSE * 4**upload.attempts)
            self._aside[upload.id] = now() + pause
            apart.succeeds(partial(_put_off, pause), upload)
        return True

    def _next(self) -> Upload | None:
        """The oldest file of whoever's turn it is; when nobody waits, one of the version before."""
        moment = now()
        self._aside = {upload_id: until for upload_id, until in self._aside.items() if until > moment}
        due = Upload.objects.to_be_cleaned(moment).exclude(id__in=self._aside).select_related("content")
        waiting = due.filter(status=Upload.Status.PROCESSING)
        people = set(waiting.values_list("uploader_id", flat=True).distinct())
        self._turns = {person: at for person, at in self._turns.items() if person in people}
        if not people:
            return due.order_by("-id").first()
        person = min(people, key=lambda one: self._turns.get(one, 0.0))
        return waiting.filter(uploader_id=person).order_by("id").first()

    def _look_at(self, upload: Upload) -> None:
        taken = Upload.objects.filter(id=upload.id, is_cleaned=None, due_at=upload.due_at)
        if not taken.update(due_at=now() + LEASE, attempts=F("attempts") + 1):
            return  # another worker was faster
        if upload.attempts >= MAX_ATTEMPTS:  # each time, or whoever looked at it died
            services.give_up(upload)
        else:
            services.process(upload)


def _put_off(pause: timedelta, upload: Upload) -> None:
    Upload.objects.filter(id=upload.id).update(due_at=now() + pause)
