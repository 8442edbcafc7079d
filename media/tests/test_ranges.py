"""A stored file, sent whole, in part or not at all, as RFC 9110 says."""

import asyncio

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import RequestFactory

from common.errors import Refusal
from common.files import BlockwiseResponse
from media.serving import Stored, serve

pytestmark = pytest.mark.plain

CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)


@pytest.fixture
def stored(settings, tmp_path):
    """A video of 256,000 bytes."""
    options = {**settings.STORAGES["default"]["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**settings.STORAGES["default"], "OPTIONS": options}}
    name = default_storage.save("files/a/video.mp4", ContentFile(CONTENT))
    return Stored(name, SIZE, "abc", "video/mp4", "Holiday.mp4", is_inline=True)


def get(stored, method="GET", caching="private, no-cache", **headers):
    """The answer to a request with these headers, `If_Match` for `If-Match`."""
    request = RequestFactory().generic(method, "/", headers={k.replace("_", "-"): v for k, v in headers.items()})
    return serve(request, stored, caching=caching)


def body(response):
    try:
        return response.getvalue()
    finally:
        response.close()


def test_a_whole_file(stored):
    response = get(stored)

    assert (response.status_code, body(response)) == (200, CONTENT)
    assert dict(response.headers) == {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="Holiday.mp4"',
        "Content-Length": "256000",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Type": "video/mp4",
        "Cross-Origin-Resource-Policy": "same-site",
        "ETag": '"abc"',
        "X-Content-Type-Options": "nosniff",
    }


def test_types_that_are_not_shown_are_downloaded(stored):
    stored = stored._replace(is_inline=False, mime_type="text/html", filename="page.html")
    response = get(stored, caching="private, max-age=60")

    assert body(response) == CONTENT
    assert response["Content-Disposition"] == 'attachment; filename="page.html"'
    assert response["Content-Type"] == "text/html"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=100-199", 100, 199),
        ("BYTES=100-199", 100, 199),
        (" bytes=100-199 ", 100, 199),
        ("bytes=70000-200000", 70000, 200000),
        ("bytes=255999-", SIZE - 1, SIZE - 1),
        ("bytes=255000-999999999999999999", 255000, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-999999999999999999", 0, SIZE - 1),
    ],
)
def test_one_range(stored, asked, first, last):
    response = get(stored, Range=asked)

    assert (response.status_code, body(response)) == (206, CONTENT[first : last + 1])
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last + 1 - first)
    assert response["Content-Type"] == "video/mp4"
    assert response["ETag"] == '"abc"'


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=--5",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=0x1-5",
        "bytes=1.0-5",
        "bytes=+1-5",
        "bytes=0 - 5",
        "bytes=٠-٥",
        "bytes=0-5,",
        "bytes=0-5,10-15",
        "bytes=0-,-500",
        "bytes: 0-5",
        "items=0-5",
        "seconds=1-2",
        "bytes=9999999999999999999-",
        f"bytes={'9' * 5000}-",
    ],
)
def test_anything_but_a_single_range_gets_the_whole_file(stored, asked):
    response = get(stored, Range=asked)

    assert (response.status_code, body(response)) == (200, CONTENT)
    assert "Content-Range" not in response


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=256000-256001", "bytes=999999999999999999-", "bytes=-0"])
def test_a_range_outside_is_refused_with_the_size(stored, asked):
    response = get(stored, Range=asked)

    assert (response.status_code, response["Content-Range"]) == (416, "bytes */256000")
    assert response["Content-Type"] == "application/problem+json"
    assert b'"code":"range_not_satisfiable"' in response.content


def test_an_empty_file_has_no_ranges(stored):
    empty = stored._replace(name=default_storage.save("files/b", ContentFile(b"")), size=0)

    assert body(get(empty)) == b""
    assert get(empty)["Content-Length"] == "0"
    assert get(empty, Range="bytes=-5").status_code == 200
    assert get(empty, Range="bytes=0-").status_code == 416
    assert get(empty, Range="bytes=0-")["Content-Range"] == "bytes */0"


def test_a_part_goes_with_the_parts_before_only_while_the_file_is_the_same(stored):
    assert get(stored, Range="bytes=0-4", If_Range='"abc"').status_code == 206
    for other in ('"old"', 'W/"abc"', "abc", "Sat, 21 Nov 2099 10:00:00 GMT", "*", ""):
        response = get(stored, Range="bytes=0-4", If_Range=other)
        assert (response.status_code, len(body(response))) == (200, SIZE), other
    assert get(stored, Range="bytes=999999-", If_Range='"old"').status_code == 200


def test_what_the_client_has_is_not_sent_again(stored):
    for known in ('"abc"', 'W/"abc"', '"old", "abc"', "*"):
        response = get(stored, If_None_Match=known, Range="bytes=0-4")
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == '"abc"'
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "Content-Length" not in response
    for other in ('"old"', "abc", "nonsense", ""):
        assert get(stored, If_None_Match=other).status_code == 200


def test_a_request_for_another_version_is_refused(stored):
    for same in ('"abc"', '"old", "abc"', "*", ""):
        assert get(stored, If_Match=same).status_code == 200
    for other in ('"old"', 'W/"abc"', "abc", "nonsense"):
        with pytest.raises(Refusal) as refused:
            get(stored, If_Match=other, If_None_Match='"abc"')
        assert refused.value.code == "precondition_failed"


def test_a_head_says_what_a_get_would(stored):
    for asked in ("", "bytes=0-4", "bytes=999999-"):  # RFC 9110: ranges are for GET
        response = get(stored, "HEAD", Range=asked)
        assert (response.status_code, response.content) == (200, b"")
        assert dict(response.headers) == dict(get(stored).headers)
    assert get(stored, "HEAD", If_None_Match='"abc"').status_code == 304


def test_a_file_that_got_lost_is_not_found(stored):
    for method in ("GET", "HEAD"):
        with pytest.raises(Refusal) as refused:
            get(stored._replace(name="files/gone"), method)
        assert refused.value.code == "not_found"


def test_a_file_leaves_block_by_block_and_is_closed(stored, monkeypatch):
    monkeypatch.setattr(BlockwiseResponse, "block_size", 65536)

    async def blocks(response):
        return [block async for block in response]

    response = get(stored, Range="bytes=10-200009")
    sent = asyncio.run(blocks(response))

    assert b"".join(sent) == CONTENT[10:200010]
    assert [len(block) for block in sent] == [65536, 65536, 65536, 200000 - 3 * 65536]
    file = response.file_to_stream._file
    assert not file.closed
    response.close()
    assert file.closed


def test_who_goes_away_leaves_no_open_file(stored, monkeypatch):
    monkeypatch.setattr(BlockwiseResponse, "block_size", 65536)

    async def first(response):
        return await anext(aiter(response))

    response = get(stored)
    assert asyncio.run(first(response)) == CONTENT[:65536]
    response.close()

    assert response.file_to_stream._file.closed


def test_nginx_gets_the_path_of_the_file(stored, settings):
    settings.ACCEL_REDIRECT = "/protected/"
    name = default_storage.save("files/100% sure?.mp4", ContentFile(b"x"))
    response = get(stored._replace(name=name), Range="bytes=0-4")

    assert (response.status_code, response.content) == (200, b"")
    assert response["X-Accel-Redirect"] == "/protected/files/100%25%20sure%3F.mp4"
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Disposition"] == 'inline; filename="Holiday.mp4"'
    assert response["ETag"] == '"abc"'
    assert response["Accept-Ranges"] == "bytes"
    assert "Content-Length" not in response

    assert get(stored, If_None_Match='"abc"').status_code == 304
    with pytest.raises(Refusal):
        get(stored._replace(name="files/gone"))
