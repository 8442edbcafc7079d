"""Files in a bucket that speaks S3."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as Unconnected
from storages.backends.s3 import S3File, S3Storage
from storages.utils import clean_name

from chatproject.common.errors import StorageFails

CONNECT_SECONDS, READ_SECONDS = 3, 20
AWAY = (Unconnected, HTTPClientError)
_making = threading.Lock()


@contextmanager
def _told_as_any_disk(storage: "BucketStorage") -> Iterator[None]:
    """A bucket that does not answer, or refuses, is an `OSError`, as a disk's failure is."""
    try:
        yield
    except FileNotFoundError:
        storage.refuse_missing()
        raise
    except (BotoCoreError, ClientError, Boto3Error) as error:
        if _status(error) == 404:
            storage.refuse_missing()
            raise FileNotFoundError("There is no such file in the bucket.") from error
        raise StorageFails(f"{storage.called} {_why(error)}.") from error


def _status(error: Exception) -> int:
    """The HTTP status of a refusal; 0 of what is none."""
    response = error.response if isinstance(error, ClientError) else {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _why(error: Exception) -> str:
    """As the end of a sentence. What a bucket says besides its code may hold the key."""
    if isinstance(error, AWAY):
        return f"does not answer ({type(error).__name__})"
    if isinstance(error, NoCredentialsError):
        return "has no key and secret"
    if isinstance(error, ClientError):
        if _status(error) == 404:
            return "does not exist"
        code = error.response.get("Error", {}).get("Code", _status(error))
        return f"refuses the key ({code})" if _status(error) in (401, 403) else f"fails ({code})"
    return f"fails ({type(error).__name__})"


class BucketFile(S3File):
    """A file whose bytes are fetched when they are first read."""

    def _get_file(self) -> Any:
        with _told_as_any_disk(self._storage):
            return super()._get_file()

    file = property(_get_file, S3File._set_file)


class BucketStorage(S3Storage):
    """One client for all threads, which clients are made for. The library makes one per thread, in tenths of a second,
    and here each request has a thread of its own. `setting` is the one that names the bucket."""

    def __init__(self, *, setting: str, **options: Any) -> None:
        self._first: Any = None
        self.called = f"The bucket of {setting}"
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
            # What AWS checks on top, other servers do not know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(client_config=config, max_memory_size=2**20, **options)

    @property
    def connection(self) -> Any:
        """Resources are for one thread each; this one is new, around the client of all."""
        with _making:
            if self._first is None:
                self._first = super().connection
        return type(self._first)(client=self._first.meta.client)

    def has_credentials(self) -> bool:
        """Whether the address, the environment or the machine has a key and its secret."""
        try:
            return self._create_session().get_credentials() is not None
        except BotoCoreError:  # a half of them
            return False

    def refuse_missing(self) -> None:
        """Raises `StorageFails` where there is not even a bucket: otherwise all its files would pass for deleted."""
        try:
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)
        except (BotoCoreError, ClientError) as error:
            raise StorageFails(f"{self.called} {_why(error)}.") from error

    def save(self, *args: Any, **how: Any) -> str:
        with _told_as_any_disk(self):
            name: str = super().save(*args, **how)
        return name

    def open(self, *args: Any, **how: Any) -> Any:
        with _told_as_any_disk(self):
            return super().open(*args, **how)

    def _open(self, name: str, mode: str = "rb") -> Any:
        return BucketFile(self._normalize_name(clean_name(name)), mode, self)

    def delete(self, name: str) -> None:
        with _told_as_any_disk(self):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _told_as_any_disk(self):
            is_there: bool = super().exists(name)
        return is_there

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _told_as_any_disk(self):
            found: tuple[list[str], list[str]] = super().listdir(path)
        return found

    def size(self, name: str) -> int:
        with _told_as_any_disk(self):
            size: int = super().size(name)
        return size

    def get_modified_time(self, name: str) -> Any:
        with _told_as_any_disk(self):
            return super().get_modified_time(name)

    def url(self, *args: Any, **how: Any) -> str:
        with _told_as_any_disk(self):
            address: str = super().url(*args, **how)
        return address

    @property
    def bucket(self) -> Any:
        return self.connection.Bucket(self.bucket_name)
