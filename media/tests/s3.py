"""A bucket on this machine: the fixture `s3` stores all files of a test there.

def test_…(s3):
    default_storage.save("a.txt", …)        # lies in the bucket
    assert s3.names() == ["a.txt"]
    Server(env={"STORAGE_URL": s3.url})     # a real server that stores there too
"""

import logging
import secrets
from collections.abc import Iterator
from typing import NamedTuple

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chatproject.storage import storage_of
from chatproject.tests import canaries

KEY = "AKIAEXAMPLE"
SECRET = canaries.note("bucket's secret", "very/secret+key")


class S3(NamedTuple):
    """A bucket: `url` as `STORAGE_URL` names it, `origin` from which browsers fetch."""

    bucket: str
    url: str
    origin: str

    @property
    def client(self):
        """boto's own, with all rights."""
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        return boto3.client("s3", endpoint_url=self.origin, region_name="us-east-1", **keys)

    def names(self) -> list[str]:
        """What lies in the bucket, below the prefix."""
        found = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [one["Key"].removeprefix("chat/") for one in found]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server with no buckets."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def s3(s3_server, settings, tmp_path) -> S3:
    """All files of this test go to a bucket of its own."""
    bucket = f"test-{secrets.token_hex(6)}"
    url = f"s3://{KEY}:{SECRET.replace('/', '%2F')}@{s3_server}/{bucket}?tls=no&prefix=chat"
    storage = storage_of(url, folder=tmp_path)
    settings.STORAGES = {**settings.STORAGES, "default": storage.backend}
    settings.STORAGE_ORIGIN = storage.origin
    made = S3(bucket, url, storage.origin)
    made.client.create_bucket(Bucket=bucket)
    return made
