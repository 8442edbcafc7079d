"""Files in a bucket: stored there, and fetched from there after a check by the server."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import RequestFactory

from accounts.tests.at_once import at_once
from chatproject.checks.files import check_files
from common.errors import Refusal
from media.serving import Stored, serve
from media.tests.s3 import KEY, SECRET

pytestmark = pytest.mark.plain

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def stored(s3):
    name = default_storage.save("files/a/video.mp4", ContentFile(CONTENT))
    return Stored(name, len(CONTENT), "abc", "video/mp4", "Ferien \N{SNOWMAN}.mp4", is_inline=True)


def get(stored, method="GET", **headers):
    return serve(RequestFactory().generic(method, "/", headers=headers), stored)


def test_files_lie_in_the_bucket_and_come_back(s3, stored):
    assert s3.names() == ["files/a/video.mp4"]
    assert default_storage.exists(stored.name)
    assert default_storage.size(stored.name) == len(CONTENT)
    with default_storage.open(stored.name) as file:
        file.seek(1000)
        assert file.read(5) == CONTENT[1000:1005]
    assert default_storage.listdir("files/a") == ([], ["video.mp4"])

    default_storage.delete(stored.name)

    assert s3.names() == []
    with pytest.raises(FileNotFoundError):
        default_storage.open(stored.name)


def test_a_name_that_is_taken_stays(s3, stored):
    other = default_storage.save(stored.name, ContentFile(b"other"))

    assert other != stored.name
    assert len(s3.names()) == 2
    assert default_storage.open(stored.name).read() == CONTENT


def test_many_threads_share_one_client(s3):
    names = iter(f"files/{number}.txt" for number in range(8))  # the bucket's stand-in breaks when two write one name

    def work():
        name = default_storage.save(next(names), ContentFile(CONTENT))
        with default_storage.open(name) as file:
            return file.read(), default_storage.connection.meta.client

    results = at_once(8, work)

    assert [content for content, _ in results] == [CONTENT] * 8
    assert len({id(client) for _, client in results}) == 1
    assert default_storage.connection is not default_storage.connection


def test_who_may_have_a_file_is_sent_to_it_for_a_minute(s3, stored):
    response = get(stored)

    assert response.status_code == 302
    assert response["Cache-Control"] == "no-store"
    place = urlsplit(response["Location"])
    query = parse_qs(place.query)
    assert f"{place.scheme}://{place.netloc}" == s3.origin
    assert place.path == f"/{s3.bucket}/chat/files/a/video.mp4"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert SECRET not in response["Location"]


def test_the_bucket_sends_the_file_as_it_was_meant(stored):
    answer = httpx.get(get(stored)["Location"])

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    disposition = "inline; filename=\"Ferien _.mp4\"; filename*=UTF-8''Ferien%20%E2%98%83.mp4"
    assert answer.headers["Content-Disposition"] == disposition


def test_the_bucket_sends_a_part(stored):
    address = get(stored, Range="bytes=100-199")["Location"]
    answer = httpx.get(address, headers={"Range": "bytes=100-199"})

    assert (answer.status_code, answer.content) == (206, CONTENT[100:200])
    assert answer.headers["Content-Range"] == "bytes 100-199/256000"


def test_without_a_signature_the_bucket_refuses(stored):
    address = get(stored)["Location"]

    assert httpx.get(address).status_code == 200
    assert httpx.get(address.partition("?")[0]).status_code == 403


def test_what_is_said_about_the_way_is_signed_too(stored):
    """That a server refuses what was changed is its own part; here each answer has a signature of its own."""

    def signature(one):
        return parse_qs(urlsplit(get(one)["Location"]).query)["X-Amz-Signature"]

    others = [stored._replace(**{k: v}) for k, v in (("mime_type", "text/html"), ("name", "b"), ("is_inline", False))]
    assert all(signature(other) != signature(stored) for other in others)


def test_what_needs_no_body_is_answered_here(stored):
    head = get(stored, "HEAD")

    assert (head.status_code, head["Content-Length"], head["ETag"]) == (200, "256000", '"abc"')
    assert get(stored, **{"If-None-Match": '"abc"'}).status_code == 304
    with pytest.raises(Refusal, match="precondition_failed"):
        get(stored, **{"If-Match": '"old"'})
    with pytest.raises(Refusal, match="not_found"):
        get(stored._replace(name="files/gone"), "HEAD")


def test_the_longest_name_still_fits(stored):
    address = get(stored._replace(filename="\N{SMILING FACE WITH SUNGLASSES}" * 255))["Location"]

    assert len(address) < 8000
    assert httpx.get(address).content == CONTENT


def test_pages_may_load_from_the_bucket(api, s3, settings):
    def sources(path):
        policy = api.get(path).headers["Content-Security-Policy"]
        return {name: rest for name, _, rest in (part.strip().partition(" ") for part in policy.split(";"))}

    for path in ("/", "/api/docs/"):
        settings.STORAGE_ORIGIN = s3.origin
        with_bucket = sources(path)
        settings.STORAGE_ORIGIN = ""
        without = sources(path)
        changed = {name for name in without if with_bucket[name] != without[name]}
        assert changed == {"img-src", "media-src", "connect-src"}
        assert all(with_bucket[name].replace(f" {s3.origin}", "") == without[name] for name in changed)


def test_a_bucket_needs_a_key_from_somewhere(s3, settings, monkeypatch):
    settings.ACCEL_REDIRECT = ""
    assert check_files(None) == []

    options = dict(settings.STORAGES["default"]["OPTIONS"], access_key=None, secret_key=None)
    settings.STORAGES = {**settings.STORAGES, "default": {**settings.STORAGES["default"], "OPTIONS": options}}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert [one.id for one in check_files(None)] == ["chatproject.E024"]

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    assert [one.id for one in check_files(None)] == ["chatproject.E024"]

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert check_files(None) == []
