"""Checks of where files are stored and how they are served."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.files.storage import default_storage

from chatproject.checks.base import Messages

KINDS = {"image", "video", "audio", "document", "other"}


@register
def check_data_dir(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """`DATA_DIR` is writable: mails, uploads and SQLite's database are stored there."""
    if settings.DATA_DIR.is_dir() and os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    hint = "Set DATA_DIR to a folder that this user may write to."
    return [Error(f"DATA_DIR={settings.DATA_DIR} cannot be written to.", hint=hint, id="chatproject.E014")]


@register
def check_uploads(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """The allowed types and sizes of uploads are valid."""
    messages: Messages = []
    if unknown := settings.UPLOAD_MB_BY_KIND.keys() - KINDS:
        hint = f"The kinds are {', '.join(sorted(KINDS))}; write image=20,video=200."
        message = f"UPLOAD_MB_BY_KIND contains the unknown kind {min(unknown)!r}."
        messages.append(Error(message, hint=hint, id="chatproject.E020"))
    if wrong := [name for name in settings.UPLOAD_TYPES if name != "*" and name.count("/") != 1]:
        hint = "Write media types like image/*,application/pdf."
        message = f"UPLOAD_TYPES contains {wrong[0]!r}, which is not a media type."
        messages.append(Error(message, hint=hint, id="chatproject.E021"))
    return messages


@register
def check_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Messages:
    """Files can be stored and served."""
    return [*_accel_redirect(), *_bucket_credentials()]


def _accel_redirect() -> Iterator[CheckMessage]:
    path = settings.ACCEL_REDIRECT
    if path and not re.fullmatch(r"/[\w/.-]+/", path, re.ASCII):
        yield Error(
            f"ACCEL_REDIRECT={path} is not a path.",
            hint="Write the internal location of nginx, with a slash at both ends, like /protected/.",
            id="chatproject.E022",
        )
    if path and settings.STORAGE_ORIGIN:
        yield Error(
            "ACCEL_REDIRECT is for files on disk, but STORAGE_URL is a bucket.",
            hint="Unset one of them. Browsers fetch files directly from a bucket.",
            id="chatproject.E023",
        )


def _bucket_credentials() -> Iterator[CheckMessage]:
    if settings.STORAGE_ORIGIN and not default_storage.has_credentials():  # type: ignore[attr-defined]
        yield Error(
            "STORAGE_URL contains no key and secret, and there are none in the environment.",
            hint="Use s3://KEY:SECRET@…, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.",
            id="chatproject.E024",
        )
