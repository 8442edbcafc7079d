"""`STORAGE_URL`: what it may say, and a sentence without its secret when it says something else."""

from pathlib import Path

import pytest
from environs import EnvError

from chatproject.checks.files import check_files
from chatproject.storage import storage_of

pytestmark = pytest.mark.plain

FOLDER = Path("/data/uploads")
WRONG = {
    "uploads": "begin with",
    "/srv/chat": "begin with",
    "http://KEY:hunter2@host/bucket": "begin with",
    "file://host/srv": "absolute path",
    "file:///": "absolute path",
    "file:srv": "absolute path",
    "file:///srv?region=x": "absolute path",
    "s3://KEY:hunter2@host": "name of one bucket",
    "s3://KEY:hunter2@host/a/b": "name of one bucket",
    "s3://KEY:hunter2@host/Bucket": "name of one bucket",
    "s3://KEY:hunter2@host/b": "name of one bucket",
    "s3://KEY:hunter2@host:x/bucket": "cannot be read",
    "s3://KEY:hun/ter2@host/bucket": "cannot be read",
    "s3://KEY:1/hunter2@host/bucket": "name of one bucket",
    "s3://[host/bucket": "cannot be read",
    "s3://KEY@host/bucket": "both a key and a secret",
    "s3://:hunter2@host/bucket": "both a key and a secret",
    "s3:///bucket": "AWS region",
    "s3://KEY:hunter2@/bucket": "AWS region",
    "s3:///bucket?region=eu central": "region like",
    "s3://host;script-src/bucket": "host like",
    "s3://host/bucket?regoin=x": "takes region",
    "s3://host/bucket?tls=no&tls=yes": "takes region",
    "s3://host/bucket#x": "takes region",
    "s3://host/bucket?tls=perhaps": "tls=yes or tls=no",
    "s3://host/bucket?prefix=a/../../b": "without ..",
}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch) -> None:
    """No region in the environment."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def options(url: str, **more: object) -> dict:
    return storage_of(url, folder=FOLDER, **more).backend["OPTIONS"]


def test_files_lie_in_a_folder_that_nobody_else_may_read() -> None:
    assert options("") == {
        "location": FOLDER,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    }
    assert options("file:///srv/my%20chat")["location"] == Path("/srv/my chat")
    assert storage_of("", folder=FOLDER).origin == ""


def test_nginx_may_read_what_it_sends() -> None:
    shared = options("file:///srv/chat", is_shared=True)
    assert (shared["file_permissions_mode"], shared["directory_permissions_mode"]) == (0o640, 0o750)


def test_a_bucket_of_ones_own() -> None:
    storage = storage_of("s3://KEY:se%2Fcr%2Bet@10.0.0.5:9000/chat-files?tls=no&prefix=/a/b/", folder=FOLDER)

    assert storage.origin == "http://10.0.0.5:9000"
    assert storage.backend["OPTIONS"] == {
        "access_key": "KEY",
        "secret_key": "se/cr+et",
        "setting": "STORAGE_URL",
        "bucket_name": "chat-files",
        "endpoint_url": "http://10.0.0.5:9000",
        "region_name": "us-east-1",
        "location": "a/b",
        "default_acl": None,
        "file_overwrite": False,
        "querystring_auth": True,
        "querystring_expire": 60,
    }


def test_a_bucket_at_aws(monkeypatch) -> None:
    storage = storage_of("s3:///bucket?region=eu-central-1", folder=FOLDER)
    assert storage.origin == "https://s3.eu-central-1.amazonaws.com"
    assert storage.backend["OPTIONS"]["region_name"] == "eu-central-1"
    assert "access_key" not in storage.backend["OPTIONS"]

    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert storage_of("s3://KEY:hunter2@/bucket", folder=FOLDER).origin == "https://s3.eu-west-3.amazonaws.com"


def test_hosts_may_be_names_or_numbers() -> None:
    hosts = ("s3.example.org", "s3.example.org:9000", "127.0.0.1", "[::1]:9000")
    assert [storage_of(f"s3://{host}/bucket", folder=FOLDER).origin for host in hosts] == [
        f"https://{host}" for host in hosts
    ]


@pytest.mark.parametrize("url", WRONG)
def test_what_is_wrong_is_told_in_a_sentence_without_the_secret(url) -> None:
    with pytest.raises(EnvError) as told:
        storage_of(url, folder=FOLDER)

    assert str(told.value).startswith("STORAGE_URL ")
    assert WRONG[url] in str(told.value)
    assert not any(part in str(told.value) for part in ("hunter2", "ter2", "hun"))
    assert told.value.__suppress_context__ or told.value.__context__ is None


def test_nginx_needs_a_path_and_files_on_disk(settings) -> None:
    for path, ids in {
        "": [],
        "/protected/": [],
        "/a/b-c.d/": [],
        "/": ["chatproject.E022"],
        "protected": ["chatproject.E022"],
        "/protected": ["chatproject.E022"],
        "/pro tected/": ["chatproject.E022"],
        "/a\r\nX: y/": ["chatproject.E022"],
    }.items():
        settings.ACCEL_REDIRECT = path
        assert [one.id for one in check_files(None)] == ids, path
