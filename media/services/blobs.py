"""Bytes in the storage. A file is written before the transaction that shows it, and deleted after the one that drops it
committed; what a crash leaves between the two has no row, and is swept up later."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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

from chatproject.common import apart
from chatproject.common.errors import Refusal
from chatproject.common.ids import id_in_name
from media.models import Blob, Upload

log = structlog.get_logger(__name__)

FOLDERS = [f"files/{n:02x}" for n in range(256)]
UNREFERENCED = ~Exists(
    Upload.objects.filter(
        Q(content=OuterRef("pk")) | Q(small=OuterRef("pk")) | Q(large=OuterRef("pk")) | Q(aac=OuterRef("pk"))
    )
)


@contextmanager
def stored(*files: IO[bytes]) -> Iterator[list[Blob]]:
    """The files in the storage, as blobs that are no rows yet: `keep` them within. Those not kept are deleted."""
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


def keep(blobs: Iterable[Blob]) -> dict[str, Blob]:
    """The rows for stored bytes, by digest: those that were known before, or these. In the caller's transaction, which
    holds them from here on."""
    by_digest = {blob.digest: blob for blob in sorted(blobs, key=lambda blob: blob.digest)}
    for _ in range(3):  # a known one may go between the two queries
        Blob.objects.bulk_create(by_digest.values(), ignore_conflicts=True)
        found = {blob.digest: blob for blob in _locked(Q(digest__in=by_digest))}
        if len(found) == len(by_digest):
            break
    return found


def release(blob_ids: Iterable[UUID | None]) -> None:
    """Delete those of these blobs that no upload shows any more. In the caller's transaction; files go after it."""
    held = {blob.id for blob in _locked(Q(id__in=[id_ for id_ in blob_ids if id_]))}
    gone = list(Blob.objects.filter(UNREFERENCED, id__in=held))
    Blob.objects.filter(id__in=[blob.id for blob in gone]).delete()
    transaction.on_commit(partial(_delete_files, [blob.name for blob in gone]), robust=True)


def sweep(before: datetime) -> None:
    """Delete files older than this moment that have no row."""
    for folder in FOLDERS:
        names = _names_in(folder)
        known = {blob.name for blob in Blob.objects.filter(id__in=map(id_in_name, names))}
        apart.each({f"{folder}/{name}" for name in names} - known, partial(_delete_older, before))


def _delete_older(before: datetime, name: str) -> None:
    if default_storage.get_modified_time(name) < before:
        _delete_files([name])


def _locked(which: Q) -> Iterable[Blob]:
    """In the order of their digests, so that no two transactions lock crosswise."""
    return Blob.objects.filter(which).order_by("digest").select_for_update()


def _write(blob: Blob, file: IO[bytes]) -> None:
    # A file that was uploaded lies beside the storage already: Django then moves it instead of copying.
    os.fsync(file.fileno())
    given = file if hasattr(file, "chunks") else File(file)
    try:
        name = default_storage.save(blob.name, given)
    except OSError as error:  # the disk is full, or the bucket away
        log.exception("storage_fails")
        raise Refusal("unavailable", "Files cannot be stored right now.", retry_after=10) from error
    if name != blob.name:
        raise FileExistsError(blob.name)


def _delete_files(names: Iterable[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except OSError as error:  # it is swept up later
            log.warning("file_stays", name=name, reason=str(error))
        else:
            log.info("file_deleted", name=name)


def _names_in(folder: str) -> list[str]:
    try:
        return default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return []
