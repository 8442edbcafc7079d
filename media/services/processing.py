"""What is found and made of an upload, in the background: read in the sandbox, then told to its conversation."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from chatproject.common.tasks import task
from conversations.models import Conversation
from media import hooks, sandbox
from media.job import Unfit
from media.models import Blob, Upload
from media.services import blobs
from media.sniffing import KEPT, kind_of

Kind, Status = Upload.Kind, Upload.Status
PICTURE, RECORDING, AAC = "media.pictures:picture", "media.recordings:recording", "media.recordings:aac"
FACTS = ("width", "height", "duration", "waveform")
BYTES = ("content", "small", "large", "aac")
LONGEST_AAC = 3600
"""Seconds of a sound beyond which it is left as it is."""
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
"""Of pictures that became something else."""


@task()
def process_upload(upload_id: str) -> None:
    """What the version before has queued. The worker finds it by itself."""


def process(upload: Upload) -> None:
    """Look at an upload, clean it and make pictures of it. Repeating it is harmless, and so is one that is gone."""
    if upload.status == Status.PROCESSING or _can_be_cleaned(upload):
        _clean(upload)
    else:
        _note(upload)


def give_up(upload: Upload) -> None:
    """It stays as it came."""
    _fail(upload.id)


def _can_be_cleaned(upload: Upload) -> bool:
    """Of the version before: what it did not clean, and nobody wanted to be sent as it is."""
    is_picture = upload.kind == Kind.IMAGE and upload.status == Status.READY
    return upload.kind != Kind.DOCUMENT and not is_picture and kind_of(upload.mime_type) in ("image", "video", "audio")


def _note(upload: Upload) -> None:
    """Of the version before: its pictures were made anew already, and documents never are."""
    is_cleaned = upload.kind == Kind.IMAGE and upload.status == Status.READY and upload.mime_type in KEPT
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
    except Unfit:
        _fail(upload.id)


def _job(upload: Upload) -> tuple[str, sandbox.Limits]:
    if kind_of(upload.mime_type) != "image":
        return RECORDING, sandbox.recording(upload.content.size)
    return PICTURE, sandbox.PICTURE if upload.mime_type in KEPT else sandbox.MODERN_PICTURE


def _as_aac(path: Path, facts: Mapping[str, Any], stack: ExitStack) -> dict[str, Path]:
    """The same for devices that do not play it: nobody misses it where that cannot be made."""
    if not 0 < (facts["duration"] or 0) <= LONGEST_AAC:
        return {}
    with suppress(Unfit):
        folder, made = stack.enter_context(sandbox.run(AAC, path, sandbox.AAC))
        return {"aac": folder / made["content"]}
    return {}


def _finish(upload_id: UUID, facts: Mapping[str, Any], made: Mapping[str, Path]) -> None:
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in made.values()]
        written = stack.enter_context(blobs.stored(*files))
        stack.enter_context(transaction.atomic())
        upload = _locked(upload_id)
        if upload is None:
            return
        before, kept = [getattr(upload, f"{field}_id") for field in made], blobs.keep(written)
        for field, blob in zip(made, written, strict=True):
            setattr(upload, field, kept[blob.digest])
        _describe(upload, facts)
        upload.save()
        blobs.release(before)
        hooks.upload_processed(upload)


def _fail(upload_id: UUID) -> None:
    with transaction.atomic():
        if upload := _locked(upload_id):
            if upload.status == Status.READY:  # of the version before, and in everybody's hands
                upload.sent_as_is = True
            else:
                upload.status = Status.FAILED
            upload.is_cleaned = False
            upload.save(update_fields=["status", "is_cleaned", "sent_as_is"])
            hooks.upload_processed(upload)


def _locked(upload_id: UUID) -> Upload | None:
    """An upload that is still to be cleaned, under its conversation's lock, as everything that is told there."""
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
    if upload.mime_type != before and upload.mime_type in ENDINGS:
        upload.filename = f"{PurePath(upload.filename).stem}{ENDINGS[upload.mime_type]}"


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
