"""The nginx of docs/operations.md in front of real servers: files, sockets, and a host that is away."""

import json
from collections.abc import Iterator

import httpx
import pytest
from django.conf import settings
from websockets.sync.client import connect

from chatproject.tests.nginx import Nginx, documented_site, needs_nginx
from chatproject.tests.server import Server
from media.upload_parser import FORM_SIZE
from messaging.tests.client import GENEROUS, Person

pytestmark = [pytest.mark.plain, needs_nginx]
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def proxy() -> Iterator[Nginx]:
    """Before a server, and before another that is away."""
    away = Server()
    with Server(env={**GENEROUS, "MAX_UPLOAD_MB": "20"}) as server, Nginx(away, server) as proxy:
        yield proxy
    away.close()


@pytest.fixture(scope="module")
def alice(proxy: Nginx) -> Person:
    return Person(proxy, "alice")  # type: ignore[arg-type] # it has the addresses of a server


def bring(alice: Person, megabytes: int) -> httpx.Response:
    file = ("film.bin", bytes(megabytes * MEGABYTE), "application/octet-stream")
    return alice.call("POST", "media/", data={"conversation_id": alice.group()}, files={"file": file})


def test_files_of_the_size_that_the_server_takes_come_through(alice: Person) -> None:
    assert bring(alice, 19).status_code == 201


def test_what_is_larger_is_refused_by_the_server_in_the_one_shape(alice: Person) -> None:
    answer = bring(alice, 21)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_pictures_of_people_fit() -> None:
    assert settings.MAX_AVATAR_MB * MEGABYTE + FORM_SIZE <= 11 * MEGABYTE
    assert "client_max_body_size 11m;" in documented_site(1, [])


def test_sockets_come_through(proxy: Nginx, alice: Person) -> None:
    for _ in range(4):  # half of them try the host that is away first
        with connect(f"{proxy.ws_url}/ws/", additional_headers=alice.headers) as socket:
            assert json.loads(socket.recv(timeout=10))["type"] == "hello"


def test_what_a_host_that_is_away_was_not_sent_goes_to_the_other_however_it_changes_things(alice: Person) -> None:
    group = alice.group()
    sent = [alice.write(group, f"Hello {number}", client_id=f"{number}")["id"] for number in range(10)]
    assert [message["id"] for message in alice.history(group)] == sent


def test_nobody_is_sent_twice_to_who_has_begun_to_change_something() -> None:
    site = documented_site(1, [])
    assert "proxy_next_upstream error timeout;" in site
    assert "proxy_next_upstream error timeout non_idempotent" not in site
