"""Files in an S3-compatible bucket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotoConnectionError
from storages.backends.s3 import S3File, S3Storage
from storages.utils import clean_name

from common.errors import StorageUnavailable

CONNECT_SECONDS, READ_SECONDS = 3, 20
CONNECTION_ERRORS = (BotoConnectionError, HTTPClientError)
_creating = threading.Lock()


@contextmanager
def _raising_os_errors(storage: "BucketStorage") -> Iterator[None]:
    """Turn every error of the SDK into an `OSError`, as if a disk had failed."""
    try:
        yield
    except FileNotFoundError:
        storage.refuse_missing()
        raise
    except (BotoCoreError, ClientError, Boto3Error) as error:
        if _status(error) == 404:
            storage.refuse_missing()
            raise FileNotFoundError("There is no such file in the bucket.") from error
        raise StorageUnavailable(f"{storage.label} {_reason(error)}.") from error


def _status(error: Exception) -> int:
    """The HTTP status of an error response; 0 if there was no response."""
    response = error.response if isinstance(error, ClientError) else {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _reason(error: Exception) -> str:
    """What went wrong, as the end of a sentence. Only the code is quoted: the rest of the response may hold the key."""
    if isinstance(error, CONNECTION_ERRORS):
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
    """A file whose bytes are fetched on the first read."""

    def _get_file(self) -> Any:
        with _raising_os_errors(self._storage):
            return super()._get_file()

    file = property(_get_file, S3File._set_file)


class BucketStorage(S3Storage):
    """One client shared by all threads, which is safe with boto3. The library makes one per thread, which takes tenths
    of a second, and here each request has its own thread. `setting` is the name of the setting with the bucket."""

    def __init__(self, *, setting: str, **options: Any) -> None:
        self._shared: Any = None
        self.label = f"The bucket of {setting}"
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
            # Other servers do not know the checksums that AWS adds.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(client_config=config, max_memory_size=2**20, **options)

    @property
    def connection(self) -> Any:
        """A new resource around the shared client: resources must not be shared by threads."""
        with _creating:
            if self._shared is None:
                self._shared = super().connection
        return type(self._shared)(client=self._shared.meta.client)

    def has_credentials(self) -> bool:
        """Whether the address, the environment or the machine provides a key and its secret."""
        try:
            return self._create_session().get_credentials() is not None
        except BotoCoreError:  # only one of the two
            return False

    def refuse_missing(self) -> None:
        """Raises `StorageUnavailable` if the bucket itself is missing: its files would otherwise count as deleted."""
        try:
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable(f"{self.label} {_reason(error)}.") from error

    def save(self, *args: Any, **options: Any) -> str:
        with _raising_os_errors(self):
            name: str = super().save(*args, **options)
        return name

    def open(self, *args: Any, **options: Any) -> Any:
        with _raising_os_errors(self):
            return super().open(*args, **options)

    def _open(self, name: str, mode: str = "rb") -> Any:
        return BucketFile(self._normalize_name(clean_name(name)), mode, self)

    def delete(self, name: str) -> None:
        with _raising_os_errors(self):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _raising_os_errors(self):
            is_there: bool = super().exists(name)
        return is_there

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _raising_os_errors(self):
            found: tuple[list[str], list[str]] = super().listdir(path)
        return found

    def size(self, name: str) -> int:
        with _raising_os_errors(self):
            size: int = super().size(name)
        return size

    def get_modified_time(self, name: str) -> Any:
        with _raising_os_errors(self):
            return super().get_modified_time(name)

    def url(self, *args: Any, **options: Any) -> str:
        with _raising_os_errors(self):
            address: str = super().url(*args, **options)
        return address

    @property
    def bucket(self) -> Any:
        return self.connection.Bucket(self.bucket_name)
