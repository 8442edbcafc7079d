"""Processing uploads in the background: each is read in the sandbox, and its conversation is notified."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from common.tasks import task
from conversations.models import Conversation
from media import hooks, sandbox
from media.job import UnusableFile
from media.models import Blob, Upload
from media.services import blobs
from media.sniffing import KEPT_FORMATS, kind_of

Kind, Status = Upload.Kind, Upload.Status
PICTURE, RECORDING, AAC = "media.pictures:picture", "media.recordings:recording", "media.recordings:aac"
FACTS = ("width", "height", "duration", "waveform")
BYTES = ("content", "small", "large", "aac")
LONGEST_AAC = 3600
"""Seconds beyond which no AAC version of a sound is made."""
EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
"""Extensions for pictures whose format has changed."""


@task()
def process_upload(upload_id: str) -> None:
    """Queued by an earlier version. Does nothing: the worker finds uploads by itself."""


def process(upload: Upload) -> None:
    """Analyse an upload, clean it and make its previews. Safe to repeat, also for a deleted upload."""
    if upload.status == Status.PROCESSING or _can_be_cleaned(upload):
        _clean(upload)
    else:
        _record_cleaned(upload)


def mark_failed(upload: Upload) -> None:
    """Give up: the upload stays as it was uploaded."""
    _fail(upload.id)


def _can_be_cleaned(upload: Upload) -> bool:
    """Whether an upload from an earlier version should be cleaned now: it was not, and nobody sent it as a document."""
    is_picture = upload.kind == Kind.IMAGE and upload.status == Status.READY
    return upload.kind != Kind.DOCUMENT and not is_picture and kind_of(upload.mime_type) in ("image", "video", "audio")


def _record_cleaned(upload: Upload) -> None:
    """Set `is_cleaned` of an upload from an earlier version, which re-encoded pictures and never cleaned documents."""
    is_cleaned = upload.kind == Kind.IMAGE and upload.status == Status.READY and upload.mime_type in KEPT_FORMATS
    with transaction.atomic():
        if found := _locked(upload.id):
            found.is_cleaned = is_cleaned
            found.save(update_fields=["is_cleaned"])


def _clean(upload: Upload) -> None:
    job, limits = _job(upload)
    try:
        with ExitStack() as stack:
            path = stack.enter_context(_on_disk(upload.content))
            folder, facts = stack.enter_context(sandbox.run(job, path, limits))
            made = {field: folder / facts[field] for field in BYTES if facts.get(field)}
            if facts.get("kind") == Kind.AUDIO and not facts.get("plays_anywhere"):
                made |= _as_aac(path, facts, stack)
            _finish(upload.id, facts, made)
    except FileNotFoundError:
        if Upload.objects.filter(id=upload.id).exists():
            raise
    except UnusableFile:
        _fail(upload.id)


def _job(upload: Upload) -> tuple[str, sandbox.Limits]:
    if kind_of(upload.mime_type) != "image":
        return RECORDING, sandbox.recording(upload.content.size)
    return PICTURE, sandbox.PICTURE if upload.mime_type in KEPT_FORMATS else sandbox.MODERN_PICTURE


def _as_aac(path: Path, facts: Mapping[str, Any], stack: ExitStack) -> dict[str, Path]:
    """The same sound for devices that cannot play the original, if it can be made."""
    if not 0 < (facts["duration"] or 0) <= LONGEST_AAC:
        return {}
    with suppress(UnusableFile):
        folder, made = stack.enter_context(sandbox.run(AAC, path, sandbox.AAC))
        return {"aac": folder / made["content"]}
    return {}


def _finish(upload_id: UUID, facts: Mapping[str, Any], made: Mapping[str, Path]) -> None:
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in made.values()]
        written = stack.enter_context(blobs.store_blobs(*files))
        stack.enter_context(transaction.atomic())
        upload = _locked(upload_id)
        if upload is None:
            return
        before, kept = [getattr(upload, f"{field}_id") for field in made], blobs.keep_blobs(written)
        for field, blob in zip(made, written, strict=True):
            setattr(upload, field, kept[blob.digest])
        _describe(upload, facts)
        upload.save()
        blobs.release_blobs(before)
        hooks.upload_processed(upload)


def _fail(upload_id: UUID) -> None:
    with transaction.atomic():
        if upload := _locked(upload_id):
            if upload.status == Status.READY:  # from an earlier version: others already have it
                upload.sent_as_is = True
            else:
                upload.status = Status.FAILED
            upload.is_cleaned = False
            upload.save(update_fields=["status", "is_cleaned", "sent_as_is"])
            hooks.upload_processed(upload)


def _locked(upload_id: UUID) -> Upload | None:
    """An upload that still has to be cleaned, with its conversation locked, as for everything published there."""
    found = Upload.objects.filter(id=upload_id).values_list("conversation_id", flat=True).first()
    if found is None:
        return None
    conversation = Conversation.objects.locked(found).get()
    upload = Upload.objects.select_related("content").filter(id=upload_id, is_cleaned=None).first()
    if upload:
        upload.conversation = conversation
    return upload


def _describe(upload: Upload, facts: Mapping[str, Any]) -> None:
    upload.is_cleaned = bool(facts.get("content"))
    upload.status = Status.READY if upload.is_cleaned else Status.FAILED
    upload.size = upload.content.size
    before, upload.mime_type = upload.mime_type, facts.get("mime_type") or upload.mime_type
    upload.placeholder = facts.get("placeholder") or ""
    for name in FACTS:
        setattr(upload, name, facts.get(name))
    found = facts.get("kind") or Kind.IMAGE
    if not (found == Kind.AUDIO and upload.kind == Kind.VOICE):
        upload.kind = found
    if upload.mime_type != before and upload.mime_type in EXTENSIONS:
        upload.filename = f"{PurePath(upload.filename).stem}{EXTENSIONS[upload.mime_type]}"


@contextmanager
def _on_disk(blob: Blob) -> Iterator[Path]:
    """The bytes as a local file, wherever they are stored."""
    try:
        yield Path(default_storage.path(blob.name))
    except NotImplementedError:
        folder = settings.FILE_UPLOAD_TEMP_DIR
        with tempfile.NamedTemporaryFile(dir=folder) as copy, default_storage.open(blob.name) as source:
            shutil.copyfileobj(source, copy)
            copy.flush()
            yield Path(copy.name)
