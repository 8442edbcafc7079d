"""Storage settings from `STORAGE_URL` (uploads) and `BACKUP_URL` (backups): a folder, or an S3 bucket."""

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
"""How long the signed URL of a file in a bucket is valid. Downloads that have started continue."""


class Storage(NamedTuple):
    """`backend` is an entry of `STORAGES`. `origin` is where browsers fetch files, empty if from this server."""

    backend: dict[str, Any]
    origin: str = ""


def storage_of(url: str, *, folder: Path, is_shared: bool = False, setting: str = "STORAGE_URL") -> Storage:
    """The storage at the URL in a setting like `STORAGE_URL`; empty means `folder`. `is_shared`: the group may read the
    files.

    Raises `EnvError`. Its message never contains the URL, because that holds a secret.
    """
    if not url:
        return _folder_storage(folder, is_shared)
    try:
        return _parse_url(url, is_shared, setting)
    except _InvalidURL as error:
        raise EnvError(f"{setting} {error}.") from None


class _InvalidURL(Exception):
    """What is wrong with a URL, as the end of a sentence."""


def _parse_url(url: str, is_shared: bool, setting: str) -> Storage:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises if it is not a number)
    except ValueError:
        raise _InvalidURL("cannot be read. In a key or secret, write / as %2F, + as %2B and @ as %40") from None
    match parts.scheme:
        case "file":
            return _folder_storage(_parse_folder(parts), is_shared)
        case "s3":
            return _bucket_storage(parts, setting)
    raise _InvalidURL("must begin with file:// or s3://")


def _folder_storage(folder: Path, is_shared: bool) -> Storage:
    options = {
        "location": folder,
        "file_permissions_mode": 0o640 if is_shared else 0o600,
        "directory_permissions_mode": 0o750 if is_shared else 0o700,
    }
    return Storage({"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options})


def _parse_folder(parts: SplitResult) -> Path:
    folder = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not folder.is_absolute() or folder == Path("/"):
        raise _InvalidURL("must be the absolute path of a folder, like file:///srv/chat")
    return folder


def _bucket_storage(parts: SplitResult, setting: str) -> Storage:
    options = _parse_query(parts)
    bucket = unquote(parts.path).strip("/")
    if not BUCKET.fullmatch(bucket):
        raise _InvalidURL("must end with the name of one bucket, like s3://KEY:SECRET@host/bucket?region=eu-central-1")
    origin, region = _parse_endpoint(parts.netloc.rpartition("@")[2], options)
    backend = _parse_credentials(parts) | {
        "setting": setting,
        "bucket_name": bucket,
        "endpoint_url": origin,
        "region_name": region,
        "location": options.get("prefix", "").strip("/"),
        "default_acl": None,
        "file_overwrite": False,
        "querystring_auth": True,
        "querystring_expire": SIGNED_SECONDS,
    }
    return Storage({"BACKEND": "common.buckets.BucketStorage", "OPTIONS": backend}, origin)


def _parse_query(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    if parts.fragment or len(options) < len(pairs) or not options.keys() <= {"region", "tls", "prefix"}:
        raise _InvalidURL("takes region, tls and prefix after the ?, each once")
    if options.get("tls", "yes") not in ("yes", "no"):
        raise _InvalidURL("must say tls=yes or tls=no")
    if ".." in options.get("prefix", "").split("/"):
        raise _InvalidURL("must have a prefix without ..")
    return options


def _parse_endpoint(host: str, options: dict[str, str]) -> tuple[str, str]:
    """The origin and the region. Without a host, those of AWS."""
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    if not host and not region:
        raise _InvalidURL("must name the AWS region of the bucket, like ?region=eu-central-1")
    region = region or "us-east-1"  # the default region of self-hosted servers
    if not REGION.fullmatch(region):
        raise _InvalidURL("must have a region like eu-central-1")
    if host and not HOST.fullmatch(host):
        raise _InvalidURL("must have a host like s3.example.org or 10.0.0.5:9000")
    scheme = "http" if options.get("tls") == "no" else "https"
    return f"{scheme}://{host or f's3.{region}.amazonaws.com'}", region


def _parse_credentials(parts: SplitResult) -> dict[str, str]:
    """Without any, the SDK looks for credentials in the environment, in its files and in the machine's role."""
    key, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(key) != bool(secret):
        raise _InvalidURL("must have both a key and a secret, or neither")
    return {"access_key": key, "secret_key": secret} if key else {}
