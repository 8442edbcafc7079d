"""The nginx of docs/operations.md sends files: to whom, how, and what it remembers of that."""

import time
from collections.abc import Iterator

import httpx
import pytest

from chatproject.tests.nginx import Nginx, needs_nginx
from chatproject.tests.server import Server
from media.tests import files
from messaging.tests.client import GENEROUS, Person

pytestmark = [pytest.mark.plain, needs_nginx]
ORIGIN = "https://app.example.org"


@pytest.fixture(scope="module")
def proxy() -> Iterator[Nginx]:
    server = Server(env={**GENEROUS, "ACCEL_REDIRECT": "/protected/", "CORS_ORIGINS": ORIGIN})
    with server, Nginx(server, uploads=server.data_dir / "uploads") as proxy:
        yield proxy


def test_a_link_is_shown_by_pages_of_other_origins_and_not_logged(proxy: Nginx) -> None:
    alice, bob = Person(proxy, "alice"), Person(proxy, "bob")  # type: ignore[arg-type] # it has the addresses of a server
    group = alice.group(bob)
    form = {"data": {"conversation_id": group}, "files": {"file": ("picture.png", files.two_halves())}}
    upload = alice.call("POST", "media/", **form).json()
    deadline = time.monotonic() + 30
    while alice.get(f"media/{upload['id']}/")["status"] != "ready":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    alice.write(group, "Look", attachment_ids=[upload["id"]])

    (link,) = bob.post("media/links/", {"urls": [upload["content_url"]]})["links"]
    token = link.partition("link=")[2]
    shown = httpx.get(f"{proxy.url}{upload['content_url']}", params={"link": token}, headers={"Origin": ORIGIN})
    part = bob.call("GET", f"media/{upload['id']}/content/")

    assert (shown.status_code, shown.content) == (200, part.content)
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert shown.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Content-Range" in shown.headers["Access-Control-Expose-Headers"]
    assert shown.headers["Cache-Control"].startswith("private")
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert part.headers["Cross-Origin-Resource-Policy"] == "same-site"
    assert "/protected/files/" in proxy.requests
    assert token not in proxy.requests

    alice.call("DELETE", f"conversations/{group}/members/{bob.id}/")
    assert httpx.get(f"{proxy.url}{upload['content_url']}", params={"link": token}).status_code == 404
