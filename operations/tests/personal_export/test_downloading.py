"""Downloading one's archive: as a file that nobody keeps, by nobody else, and only while it is there."""

import asyncio
import io

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from common.files import BlockwiseResponse
from operations.models import PersonalExport
from operations.tests.personal_export.exports import (
    EXPORT,
    files,
    made,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_archive_is_an_attachment_for_nobody_to_keep(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)

    answer = client.get(state["download_url"], HTTP_ACCEPT="text/html")

    assert answer.headers["Content-Type"] == "application/zip"
    name = f"chat-export-alice-{state['created_at'][:10]}.zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert set(answer.headers["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert int(answer.headers["Content-Length"]) == state["size"]


def test_a_name_beyond_ascii_is_written_as_rfc_6266_says(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    User.objects.filter(id=alice.id).update(username="älice")

    disposition = client.get(state["download_url"]).headers["Content-Disposition"]

    date = state["created_at"][:10]
    plain, whole = f"chat-export-alice-{date}.zip", f"chat-export-%C3%A4lice-{date}.zip"
    assert disposition == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"


def test_a_download_that_broke_off_goes_on(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    whole = client.get(state["download_url"])

    rest = client.get(state["download_url"], headers={"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})

    assert rest.status_code == 206
    assert rest.getvalue() == whole.getvalue()[100:]


def test_an_archive_leaves_block_by_block(sign_in, alice) -> None:
    content = b"0123456789abcdef" * 20_000
    answer = BlockwiseResponse(io.BytesIO(content))

    async def blocks() -> list[bytes]:
        return [block async for block in answer]

    sent = asyncio.run(blocks())

    assert b"".join(sent) == content
    assert {len(block) for block in sent[:-1]} == {BlockwiseResponse.block_size}


def test_a_browser_shows_its_cookie(api, sign_in, alice, bob) -> None:
    client = sign_in(alice)
    state = made(client)
    url = state["download_url"]

    answers = []
    for session in (client.session, sign_in(bob).session):
        api.cookies["chat_files"] = tokens.cookie_token("chat_files", session)
        answers.append([api.get(url).status_code, api.get(EXPORT).status_code, api.post(EXPORT).status_code])

    assert answers == [[200, 401, 401], [404, 401, 401]]
    del api.cookies["chat_files"]
    api.cookies["chat_pictures"] = tokens.cookie_token("chat_pictures", client.session)
    assert api.get(url).status_code == 401, "that one is for pictures"


def test_nobody_else_finds_it(api, sign_in, alice, bob, olga) -> None:
    client = sign_in(alice)
    state = made(client)
    urls = [f"{EXPORT}{state['id']}/", state["download_url"]]

    assert [client.get(url).status_code for url in urls] == [200, 200]
    assert [sign_in(one).get(url).status_code for one in (bob, olga) for url in urls] == [404] * 4
    assert sign_in(bob).get(EXPORT).json()["results"] == []
    assert [api.get(url).status_code for url in (EXPORT, *urls)] == [401] * 3
    assert api.post(EXPORT).status_code == 401


def test_what_is_not_done_or_has_expired_cannot_be_downloaded(sign_in, alice) -> None:
    client = sign_in(alice)
    url = f"{EXPORT}{client.post(EXPORT).json()['id']}/"

    before = client.get(f"{url}archive/").status_code
    work()
    done = client.get(f"{url}archive/").status_code
    PersonalExport.objects.update(expires_at=timezone.now())

    assert (before, done) == (404, 200)
    assert [client.get(one).status_code for one in (url, f"{url}archive/")] == [404, 404]
    assert client.get(EXPORT).json()["results"] == []


def test_a_file_that_is_lost_is_not_found(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    files()[0].unlink()
    assert client.get(state["download_url"]).status_code == 404
