"""What is found and made of an upload, in the background: read in the sandbox, then told to its conversation."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from chatproject.common import apart
from chatproject.common.tasks import task
from conversations.models import Conversation
from media import hooks, sandbox
from media.job import Unfit
from media.models import Blob, Upload
from media.services import blobs

Kind, Status = Upload.Kind, Upload.Status
QUEUE = "media"
JOBS = {Kind.IMAGE: ("media.pictures:picture", sandbox.PICTURE)}
OTHERWISE = ("media.recordings:recording", sandbox.RECORDING)
FACTS = ("width", "height", "duration", "waveform")


@task(queue_name=QUEUE)
def process_upload(upload_id: str) -> None:
    """Look at an upload and make pictures of it. Repeating it is harmless, and so is an upload that is gone."""
    upload = Upload.objects.select_related("content").filter(id=UUID(upload_id), status=Status.PROCESSING).first()
    if upload is None:
        return
    job, limits = JOBS.get(Kind(upload.kind), OTHERWISE)
    try:
        with _on_disk(upload.content) as path, sandbox.run(job, path, limits) as (folder, facts):
            _finish(upload.id, facts, folder)
    except FileNotFoundError:
        if Upload.objects.filter(id=upload.id).exists():
            raise
    except Unfit:
        _fail(upload.id)


def give_up(before: datetime) -> None:
    """What was brought before this moment and is still not ready has failed: its task has, as often as it may."""
    late = Upload.objects.filter(status=Status.PROCESSING, created_at__lt=before)
    apart.each(late.values_list("id", flat=True), _fail)


def _finish(upload_id: UUID, facts: Mapping[str, Any], folder: Path) -> None:
    names = {field: folder / facts[field] for field in ("content", "small", "large") if facts.get(field)}
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in names.values()]
        written = stack.enter_context(blobs.stored(*files))
        stack.enter_context(transaction.atomic())
        upload = _locked(upload_id)
        if upload is None:
            return
        before, kept = upload.content_id, blobs.keep(written)
        for field, blob in zip(names, written, strict=True):
            setattr(upload, field, kept[blob.digest])
        _describe(upload, facts)
        upload.save()
        blobs.release([before])
        hooks.upload_processed(upload)


def _fail(upload_id: UUID) -> None:
    with transaction.atomic():
        if upload := _locked(upload_id):
            upload.status = Status.FAILED
            upload.save(update_fields=["status"])
            hooks.upload_processed(upload)


def _locked(upload_id: UUID) -> Upload | None:
    """An upload that is still being processed, under its conversation's lock, as everything that is told there."""
    found = Upload.objects.filter(id=upload_id).values_list("conversation_id", flat=True).first()
    if found is None:
        return None
    conversation = Conversation.objects.locked(found).get()
    upload = Upload.objects.select_related("content").filter(id=upload_id, status=Status.PROCESSING).first()
    if upload:
        upload.conversation = conversation
    return upload


def _describe(upload: Upload, facts: Mapping[str, Any]) -> None:
    upload.status = Status.READY
    upload.size = upload.content.size
    upload.mime_type = facts.get("mime_type") or upload.mime_type
    upload.placeholder = facts.get("placeholder") or ""
    for name in FACTS:
        setattr(upload, name, facts.get(name))
    found = facts.get("kind")
    if found and not (found == Kind.AUDIO and upload.kind == Kind.VOICE):
        upload.kind = found


@contextmanager
def _on_disk(blob: Blob) -> Iterator[Path]:
    """The bytes as a file of this machine, wherever they are stored."""
    try:
        yield Path(default_storage.path(blob.name))
    except NotImplementedError:
        with tempfile.NamedTemporaryFile() as copy, default_storage.open(blob.name) as source:
            shutil.copyfileobj(source, copy)
            copy.flush()
            yield Path(copy.name)
