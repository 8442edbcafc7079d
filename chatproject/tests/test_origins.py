"""Pages of other origins, however the settings write them."""

from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, http

pytestmark = pytest.mark.plain

WRITTEN = (
    "https://App.Example.org, https://port.example.org:443,http://PLAIN.example.org:80,https://other.example.org:8443"
)
SHOWN = (
    "https://app.example.org",
    "https://port.example.org",
    "http://plain.example.org",
    "https://other.example.org:8443",
)
FOREIGN = (
    "null",
    "https://evil-app.example.org",
    "https://app.example.org.evil.example",
    "http://app.example.org",
    "https://other.example.org",
    "https://app.example.org:8443",
    "http://[",
)
ASKED = "authorization,content-type,if-match,if-none-match,range"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(env={**GENEROUS, "CORS_ORIGINS": WRITTEN}) as server:
        yield server


def opens_a_socket(server: Server, origin: str) -> bool:
    try:
        with connect(f"{server.ws_url}/ws/", additional_headers={"Origin": origin}):
            return True
    except InvalidStatus:
        return False


@pytest.mark.parametrize("origin", SHOWN)
def test_a_page_that_is_allowed_is_recognised_as_browsers_write_it(server: Server, origin: str) -> None:
    answer = http.get(f"{server.url}/api/v1/users/me/", headers={"Origin": origin})

    assert answer.headers["access-control-allow-origin"] == origin
    assert opens_a_socket(server, origin)


@pytest.mark.parametrize("origin", FOREIGN)
def test_no_other_page_is(server: Server, origin: str) -> None:
    answer = http.get(f"{server.url}/api/v1/users/me/", headers={"Origin": origin})

    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (401, None)
    assert not opens_a_socket(server, origin)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_it_may_ask_for_everything_and_show_no_cookie(server: Server, method: str) -> None:
    wish = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ASKED}
    answer = http.options(f"{server.url}/api/v1/users/me/", headers={"Origin": SHOWN[0], **wish})

    assert answer.status_code == 200
    assert method in answer.headers["access-control-allow-methods"]
    assert set(ASKED.split(",")) <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


def test_it_may_read_every_refusal_whoever_refuses(server: Server) -> None:
    asked = {
        400: ("POST", "auth/login/", {"content": b"{"}),
        401: ("GET", "users/me/", {}),
        404: ("GET", "no/such/thing/", {}),
        405: ("DELETE", "auth/login/", {}),
        413: ("POST", "auth/login/", {"content": b" " * 9000}),
        415: ("POST", "auth/login/", {"content": b"a", "headers": {"Content-Type": "text/plain"}}),
    }
    for status, (method, path, more) in asked.items():
        headers = {"Origin": SHOWN[0], "Content-Type": "application/json"} | more.pop("headers", {})
        answer = http.request(method, f"{server.url}/api/v1/{path}", headers=headers, **more)
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (status, SHOWN[0])
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    host = http.get(f"{server.url}/api/v1/users/me/", headers={"Origin": SHOWN[0], "Host": "evil.example"})
    assert (host.status_code, host.headers.get("access-control-allow-origin")) == (400, SHOWN[0])


def test_it_may_read_for_how_long_it_is_refused() -> None:
    with Server(env={"CORS_ORIGINS": WRITTEN, "RATE_REQUESTS": "2/m"}) as server:
        asked = [http.get(f"{server.url}/api/v1/users/me/", headers={"Origin": SHOWN[0]}) for _ in range(5)]

    refused = asked[-1]
    assert refused.status_code == 429
    assert refused.headers["access-control-allow-origin"] == SHOWN[0]
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    assert int(refused.headers["retry-after"]) > 0
