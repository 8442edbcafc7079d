"""Where uploads are stored, as `STORAGE_URL` says, and backups, as `BACKUP_URL`: in a folder, or a bucket (S3)."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from environs import EnvError

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
REGION = re.compile(r"[a-z0-9-]+")
SIGNED_SECONDS = 60
"""How long the address of a file in a bucket is good for. What has begun by then goes on."""


class Storage(NamedTuple):
    """`backend` as Django's `STORAGES` wants it; `origin` is where browsers fetch from, empty when it is here."""

    backend: dict[str, Any]
    origin: str = ""


def storage_of(url: str, *, folder: Path, is_shared: bool = False, setting: str = "STORAGE_URL") -> Storage:
    """The storage that a setting like `STORAGE_URL` names; empty stands for `folder`. `is_shared`: the group may read
    the files.

    Raises `EnvError` with a sentence that never holds the address: it has a secret in it.
    """
    if not url:
        return _in_folder(folder, is_shared)
    try:
        return _named(url, is_shared, setting)
    except _Wrong as wrong:
        raise EnvError(f"{setting} {wrong}.") from None


class _Wrong(Exception):
    """What is wrong with an address, as the end of a sentence."""


def _named(url: str, is_shared: bool, setting: str) -> Storage:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises when it is no number)
    except ValueError:
        raise _Wrong("cannot be read. In a key or secret, write / as %2F, + as %2B and @ as %40") from None
    match parts.scheme:
        case "file":
            return _in_folder(_folder_of(parts), is_shared)
        case "s3":
            return _in_bucket(parts, setting)
    raise _Wrong("must begin with file:// or s3://")


def _in_folder(folder: Path, is_shared: bool) -> Storage:
    options = {
        "location": folder,
        "file_permissions_mode": 0o640 if is_shared else 0o600,
        "directory_permissions_mode": 0o750 if is_shared else 0o700,
    }
    return Storage({"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options})


def _folder_of(parts: SplitResult) -> Path:
    folder = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not folder.is_absolute() or folder == Path("/"):
        raise _Wrong("must name a folder from the root on, like file:///srv/chat")
    return folder


def _in_bucket(parts: SplitResult, setting: str) -> Storage:
    more = _query(parts)
    bucket = unquote(parts.path).strip("/")
    if not BUCKET.fullmatch(bucket):
        raise _Wrong("must end with the name of one bucket, like s3://KEY:SECRET@host/bucket?region=eu-central-1")
    origin, region = _place(parts.netloc.rpartition("@")[2], more)
    options = _credentials(parts) | {
        "setting": setting,
        "bucket_name": bucket,
        "endpoint_url": origin,
        "region_name": region,
        "location": more.get("prefix", "").strip("/"),
        "default_acl": None,
        "file_overwrite": False,
        "querystring_auth": True,
        "querystring_expire": SIGNED_SECONDS,
    }
    return Storage({"BACKEND": "chatproject.common.buckets.BucketStorage", "OPTIONS": options}, origin)


def _query(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    more = dict(pairs)
    if parts.fragment or len(more) < len(pairs) or not more.keys() <= {"region", "tls", "prefix"}:
        raise _Wrong("takes region, tls and prefix behind the ?, each once")
    if more.get("tls", "yes") not in ("yes", "no"):
        raise _Wrong("must say tls=yes or tls=no")
    if ".." in more.get("prefix", "").split("/"):
        raise _Wrong("must have a prefix without ..")
    return more


def _place(host: str, more: dict[str, str]) -> tuple[str, str]:
    """The origin and the region; without a host, those of AWS."""
    region = more.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    if not host and not region:
        raise _Wrong("must say in which region of AWS the bucket is, like ?region=eu-central-1")
    region = region or "us-east-1"  # what servers of one's own call themselves, unless told otherwise
    if not REGION.fullmatch(region):
        raise _Wrong("must have a region like eu-central-1")
    if host and not HOST.fullmatch(host):
        raise _Wrong("must have a host like s3.example.org or 10.0.0.5:9000")
    scheme = "http" if more.get("tls") == "no" else "https"
    return f"{scheme}://{host or f's3.{region}.amazonaws.com'}", region


def _credentials(parts: SplitResult) -> dict[str, str]:
    """Without any, the SDK looks for its own: in the environment, in its files, in the machine's role."""
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(key) != bool(secret):
        raise _Wrong("must have both a key and a secret, or neither")
    return {"access_key": key, "secret_key": secret} if key else {}
