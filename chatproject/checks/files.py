"""Files that could not be stored, or not reach anybody."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.files.storage import default_storage

from chatproject.checks.found import Found

KINDS = {"image", "video", "audio", "document", "other"}


@register
def check_data_dir(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Mails, uploads and, with SQLite, everything lies there."""
    if settings.DATA_DIR.is_dir() and os.access(settings.DATA_DIR, os.W_OK | os.X_OK):
        return []
    hint = "Set DATA_DIR to a folder that this user may write to."
    return [Error(f"DATA_DIR={settings.DATA_DIR} cannot be written to.", hint=hint, id="chatproject.E014")]


@register
def check_uploads(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """What may be sent, and how large it may be."""
    found: Found = []
    if unknown := settings.UPLOAD_MB_BY_KIND.keys() - KINDS:
        hint = f"The kinds are {', '.join(sorted(KINDS))}; write image=20,video=200."
        found.append(Error(f"UPLOAD_MB_BY_KIND names {min(unknown)!r}.", hint=hint, id="chatproject.E020"))
    if wrong := [one for one in settings.UPLOAD_TYPES if one != "*" and one.count("/") != 1]:
        hint = "Write media types like image/*,application/pdf."
        found.append(Error(f"UPLOAD_TYPES holds {wrong[0]!r}.", hint=hint, id="chatproject.E021"))
    return found


@register
def check_files(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """Files can be stored, and reach whoever may have them."""
    return [*_accel_redirect(), *_bucket_credentials()]


def _accel_redirect() -> Iterator[CheckMessage]:
    path = settings.ACCEL_REDIRECT
    if path and not re.fullmatch(r"/[\w/.-]+/", path, re.ASCII):
        yield Error(
            f"ACCEL_REDIRECT={path} is no path.",
            hint="Write the internal location of nginx, with a slash at both ends, like /protected/.",
            id="chatproject.E022",
        )
    if path and settings.STORAGE_ORIGIN:
        yield Error(
            "ACCEL_REDIRECT is for files on disk, and STORAGE_URL names a bucket.",
            hint="Unset one of them: from a bucket, browsers fetch files themselves.",
            id="chatproject.E023",
        )


def _bucket_credentials() -> Iterator[CheckMessage]:
    if settings.STORAGE_ORIGIN and not default_storage.has_credentials():  # type: ignore[attr-defined]
        yield Error(
            "STORAGE_URL has no key and secret, and there are none in the environment.",
            hint="Write s3://KEY:SECRET@…, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give it a role.",
            id="chatproject.E024",
        )
