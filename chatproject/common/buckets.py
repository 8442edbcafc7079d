"""Files in a bucket that speaks S3."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

_making = threading.Lock()


@contextmanager
def _told_as_any_disk() -> Iterator[None]:
    """A bucket that does not answer, or refuses, is an `OSError`, as a disk's failure is."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise OSError(f"The bucket does not answer: {type(error).__name__}") from error


class BucketStorage(S3Storage):
    """One client for all threads, which clients are made for. The library makes one per thread, in tenths of a second,
    and here each request has a thread of its own."""

    def __init__(self, **options: Any) -> None:
        self._first: Any = None
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=20,
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

    def save(self, *args: Any, **how: Any) -> str:
        with _told_as_any_disk():
            name: str = super().save(*args, **how)
        return name

    def open(self, *args: Any, **how: Any) -> Any:
        with _told_as_any_disk():
            return super().open(*args, **how)

    def delete(self, name: str) -> None:
        with _told_as_any_disk():
            super().delete(name)

    @property
    def bucket(self) -> Any:
        return self.connection.Bucket(self.bucket_name)
