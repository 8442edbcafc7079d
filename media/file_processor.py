"""The file processor, run by the worker: processes uploads, alternating between the people who uploaded them.

Taking a file moves its `due_at` on by `LEASE`: if a worker is killed, the file becomes due again by itself.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db.models import DateTimeField, F, QuerySet

from common import isolation
from common.clock import now
from common.compiled import CompiledQuery, Parameter
from media import services
from media.models import Upload

LEASE = timedelta(minutes=10)
"""Longer than processing a file may take."""
MAX_ATTEMPTS = 5
FIRST_PAUSE = 5
"""Seconds until a failed file is tried again, four times as long each time."""


class FileProcessor:
    """See the module. Each worker serves the person first whom it has not served for the longest time."""

    def __init__(self) -> None:
        self._last_served: dict[UUID, float] = {}
        self._postponed: dict[UUID, datetime] = {}

    def is_due(self) -> bool:
        """Whether there is something for `run_next`."""
        return _due_upload.first(now=now()) is not None

    def run_next(self) -> bool:
        """Process the next file. Returns False if there is none."""
        upload = self._next()
        if upload is None:
            return False
        self._last_served[upload.uploader_id] = time.monotonic()
        if not isolation.succeeds(self._process, upload):
            pause = timedelta(seconds=FIRST_PAUSE * 4**upload.attempts)
            self._postponed[upload.id] = now() + pause
            isolation.succeeds(partial(_postpone, pause), upload)
        return True

    def _next(self) -> Upload | None:
        """The oldest file of the person whose turn it is; if nobody is waiting, one from before an upgrade."""
        moment = now()
        self._postponed = {upload_id: until for upload_id, until in self._postponed.items() if until > moment}
        due = Upload.objects.to_be_cleaned(moment).exclude(id__in=self._postponed).select_related("content")
        waiting = due.filter(status=Upload.Status.PROCESSING)
        people = set(waiting.values_list("uploader_id", flat=True).distinct())
        self._last_served = {person: at for person, at in self._last_served.items() if person in people}
        if not people:
            return due.order_by("-id").first()
        next_person = min(people, key=lambda person: self._last_served.get(person, 0.0))
        return waiting.filter(uploader_id=next_person).order_by("id").first()

    def _process(self, upload: Upload) -> None:
        taken = Upload.objects.filter(id=upload.id, is_cleaned=None, due_at=upload.due_at)
        if not taken.update(due_at=now() + LEASE, attempts=F("attempts") + 1):
            return  # another worker was faster
        if upload.attempts >= MAX_ATTEMPTS:  # it failed, or killed its worker, each time
            services.mark_failed(upload)
        else:
            services.process(upload)


def _postpone(pause: timedelta, upload: Upload) -> None:
    Upload.objects.filter(id=upload.id).update(due_at=now() + pause)


@CompiledQuery
def _due_upload() -> QuerySet[Upload, UUID]:
    due = Upload.objects.to_be_cleaned(Parameter("now", DateTimeField()))
    return due.order_by().values_list("id", flat=True)[:1]
