"""Bytes in the storage. A file is written before the transaction that shows it, and deleted after the one that drops it
has committed. What a crash leaves behind has no row, and is deleted later."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from hashlib import file_digest
from typing import IO
from uuid import UUID

import structlog
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common import isolation
from common.errors import Refusal
from common.ids import id_in_name
from media.models import Blob, Upload

logger = structlog.get_logger(__name__)

FOLDERS = [f"files/{n:02x}" for n in range(256)]
UNREFERENCED = ~Exists(
    Upload.objects.filter(
        Q(content=OuterRef("pk")) | Q(small=OuterRef("pk")) | Q(large=OuterRef("pk")) | Q(aac=OuterRef("pk"))
    )
)


@contextmanager
def store_blobs(*files: IO[bytes]) -> Iterator[list[Blob]]:
    """Store these files. Yields blobs without rows, to be passed to `keep_blobs` in this block; others are deleted."""
    blobs: list[Blob] = []
    try:
        for file in files:
            digest = file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            blob = Blob(digest=digest, size=file.tell())
            file.seek(0)
            blobs.append(blob)
            _write(blob, file)
        yield blobs
    finally:
        kept = set(Blob.objects.filter(id__in=[blob.id for blob in blobs]).values_list("id", flat=True))
        _delete_files([blob.name for blob in blobs if blob.id not in kept])


def keep_blobs(blobs: Iterable[Blob]) -> dict[str, Blob]:
    """The rows for these blobs, by digest: existing ones with the same content, or these. In the caller's transaction,
    which locks them."""
    by_digest = {blob.digest: blob for blob in sorted(blobs, key=lambda blob: blob.digest)}
    for _ in range(3):  # an existing row may be deleted between the two queries
        Blob.objects.bulk_create(by_digest.values(), ignore_conflicts=True)
        found = {blob.digest: blob for blob in _locked(Q(digest__in=by_digest))}
        if len(found) == len(by_digest):
            break
    return found


def release_blobs(blob_ids: Iterable[UUID | None]) -> None:
    """Delete those of these blobs that no upload uses any more, in the caller's transaction; their files after it."""
    locked = {blob.id for blob in _locked(Q(id__in=[id_ for id_ in blob_ids if id_]))}
    gone = list(Blob.objects.filter(UNREFERENCED, id__in=locked))
    Blob.objects.filter(id__in=[blob.id for blob in gone]).delete()
    transaction.on_commit(partial(_delete_files, [blob.name for blob in gone]), robust=True)


def sweep_orphans(before: datetime) -> None:
    """Delete files without a row that are older than this."""
    for folder in FOLDERS:
        names = _names_in(folder)
        known = {blob.name for blob in Blob.objects.filter(id__in=map(id_in_name, names))}
        isolation.for_each({f"{folder}/{name}" for name in names} - known, partial(_delete_older, before))


def _delete_older(before: datetime, name: str) -> None:
    with suppress(FileNotFoundError):  # who wrote it has deleted it since it was listed
        if default_storage.get_modified_time(name) < before:
            _delete_files([name])


def _locked(condition: Q) -> Iterable[Blob]:
    """Lock these blobs, in the order of their digests, so that transactions do not deadlock."""
    return Blob.objects.filter(condition).order_by("digest").select_for_update()


def _write(blob: Blob, file: IO[bytes]) -> None:
    # An uploaded file is on the same file system as the storage, so Django moves it instead of copying.
    os.fsync(file.fileno())
    given = file if hasattr(file, "chunks") else File(file)
    try:
        name = default_storage.save(blob.name, given)
    except OSError as error:  # the disk is full, or the bucket does not answer
        logger.exception("storage_fails")
        raise Refusal("unavailable", "Files cannot be stored right now. Try again.", retry_after=10) from error
    if name != blob.name:
        raise FileExistsError(blob.name)


def _delete_files(names: Iterable[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError as error:  # `sweep_orphans` deletes it later
            logger.warning("file_stays", name=name, reason=str(error))
        else:
            logger.info("file_deleted", name=name)


def _names_in(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []
