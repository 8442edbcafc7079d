"""Strangers are counted by their address before anything is done for them; people who have signed in are not."""

import itertools
import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import jwt
import pytest

from accounts import services
from chatproject.tests.operations import operations
from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, Person, cast_on

RATE = 5
numbers = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    env = {**GENEROUS, "RATE_REQUESTS": f"{RATE}/d", "TRUSTED_PROXIES": "127.0.0.1", "ACCESS_TOKEN_MINUTES": "1"}
    with Server(env=env) as server:
        yield server


@pytest.fixture(scope="module")
def member(server: Server) -> Person:
    return cast_on(server)("alice")


@pytest.fixture
def address() -> str:
    """One that no other test has."""
    number = next(numbers)
    return f"10.0.{number // 250}.{number % 250}"


def statuses(
    server: Server, address: str, path: str, *, method: str = "GET", times: int = RATE + 3, **more
) -> list[int]:
    headers = {"X-Forwarded-For": address, **more.pop("headers", {})}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        return [client.request(method, path, **more).status_code for _ in range(times)]


STRANGERS: dict[str, Callable[[], dict]] = {
    "without a token": dict,
    "with a wrong token": lambda: {"headers": {"Authorization": "Bearer x.y.z"}},
    "with another key's token": lambda: {"headers": {"Authorization": f"Bearer {_forged()}"}},
    "with a wrong cookie": lambda: {"headers": {"Cookie": "chat_pictures=0123.4567"}},
    "with a made-up link": lambda: {"params": {"link": f"{'0' * 32}.{2**31}.{'0' * 64}"}},
    "with a link of odd characters": lambda: {"params": {"link": "\x00ÿ.\ufffd"}},
    "with a body of a megabyte": lambda: {"method": "POST", "content": b"[" * 1024 * 1024},
}
PROTECTED = ["/api/v1/users/me/", "/api/v1/conversations/", "/api/v1/media/", "/api/v1/reports/", "/api/v1/nothing/"]


def _forged() -> str:
    return jwt.encode({"sid": "0" * 32, "sub": "0" * 32, "typ": "access", "exp": 2**31}, "x" * 32, "HS256")


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("who", STRANGERS)
def test_on_a_protected_route_they_are_limited(server: Server, address: str, who: str, path: str) -> None:
    answers = statuses(server, address, path, **STRANGERS[who]())

    assert 429 not in answers[:RATE]
    assert answers[RATE:] == [429] * 3


@pytest.mark.parametrize("path", ["/api/schema/", "/api/v1/auth/login/", "/admin/", "/admin/accounts/user/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_on_open_routes_too(server: Server, address: str, path: str, method: str) -> None:
    assert statuses(server, address, path, method=method)[RATE:] == [429] * 3


def test_a_made_up_cookie_of_the_console_makes_no_difference(server: Server, address: str) -> None:
    cookies = {"headers": {"Cookie": "sessionid=made-up"}}
    assert statuses(server, address, "/admin/accounts/user/", **cookies)[RATE:] == [429] * 3


def test_garbage_instead_of_a_refresh_token_is_limited(server: Server, address: str) -> None:
    answers = statuses(server, address, "/api/v1/auth/refresh/", method="POST", json={"refresh": "garbage"})
    assert answers == [401] * RATE + [429] * 3


@pytest.mark.parametrize("path", ["/api/v1/auth/refresh/", "/api/v1/auth/logout/"])
@pytest.mark.parametrize("body", [{"content": b"{"}, {"json": {"nonsense": 1}}, {"data": {"refresh": "x"}}])
def test_a_body_that_names_no_sign_in_is_limited(server: Server, address: str, path: str, body: dict) -> None:
    headers = {} if "data" in body else {"Content-Type": "application/json"}

    answers = statuses(server, address, path, method="POST", headers=headers, **body)

    assert set(answers[:RATE]) <= {400, 415}
    assert answers[RATE:] == [429] * 3


def test_pages_their_files_health_and_preflights_are_not_counted(server: Server, address: str) -> None:
    preflight = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for path in ("/", "/static/js/chat.js", "/health/", "/health/ready/"):
        assert set(statuses(server, address, path)) == {200}
    assert 429 not in statuses(server, address, "/api/v1/users/me/", method="OPTIONS", headers=preflight)

    assert statuses(server, address, "/api/v1/users/me/")[:RATE] == [401] * RATE


def test_a_class_behind_one_address_is_not_held_up_by_the_stranger_among_them(
    server: Server, member: Person, address: str
) -> None:
    assert statuses(server, address, "/api/v1/users/me/")[-1] == 429

    assert set(statuses(server, address, "/api/v1/users/me/", headers=member.headers)) == {200}
    assert statuses(server, address, "/api/v1/users/me/", times=1) == [429]


def test_a_page_of_pictures_by_their_links_is_not_held_up_either(server: Server, member: Person, address: str) -> None:
    picture = f"/api/v1/users/{member.id}/avatar/"
    (link,) = member.post("media/links/", {"urls": [picture]})["links"]
    assert statuses(server, address, picture)[-1] == 429

    assert set(statuses(server, address, link.removeprefix(server.url))) == {404}


def test_the_refusal_says_when_to_come_back(server: Server, address: str) -> None:
    statuses(server, address, "/api/v1/users/me/")
    refused = httpx.get(f"{server.url}/api/v1/users/me/", headers={"X-Forwarded-For": address})

    assert refused.json()["code"] == "rate_limited"
    assert 0 < refused.json()["retry_after"] <= 86400
    assert 0 < int(refused.headers["retry-after"]) <= 86400


@pytest.mark.plain
def test_every_route_of_the_api_is_behind_the_gate(server: Server, address: str) -> None:
    """Whatever is added: the gate stands before all of them."""
    statuses(server, address, "/api/v1/users/me/")
    anything = str(uuid4())

    answers = {
        (one.method, one.route): httpx.request(
            one.method,
            f"{server.url}/api/v1/{re.sub('<[^>]*>', anything, one.route)}",
            headers={"X-Forwarded-For": address},
        ).status_code
        for one in operations()
    }

    assert {one for one, status in answers.items() if status != 429} == set()


@pytest.mark.django_db(transaction=True)
def test_sign_ins_that_have_ended_are_counted_by_themselves(api, sign_in, alice, settings) -> None:
    settings.RATE_REQUESTS = f"{RATE}/d"
    gone = [sign_in(alice) for _ in range(3)]
    services.end_all_sessions(alice)

    for client in gone:  # one after the other from one address, as a class would
        answers = [client.get("/api/v1/users/me/").status_code for _ in range(RATE + 2)]
        assert answers == [401] * RATE + [429] * 2


@pytest.mark.django_db(transaction=True)
def test_so_are_links_that_were_made_for_them(api, sign_in, alice, settings) -> None:
    settings.RATE_REQUESTS = f"{RATE}/d"
    picture = f"/api/v1/users/{alice.id}/avatar/"
    links = [sign_in(alice).post("/api/v1/media/links/", {"urls": [picture]}).json()["links"][0] for _ in range(3)]
    services.end_all_sessions(alice)

    for link in links:
        answers = [api.get(link).status_code for _ in range(RATE + 2)]
        assert answers == [401] * RATE + [429] * 2


@pytest.mark.django_db(transaction=True)
def test_while_redis_is_away_this_process_counts(api, settings) -> None:
    settings.RATE_REQUESTS = f"{RATE}/d"
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}

    answers = [api.get("/api/v1/users/me/").status_code for _ in range(RATE + 2)]

    assert answers == [401] * RATE + [429] * 2
