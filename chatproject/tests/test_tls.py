"""Behind TLS: cookies, redirects, headers, and whom the server believes; and what lies on disk."""

import re
import stat
from collections.abc import Iterator

import httpx
import pytest

from chatproject.tests.server import Server

PROXIED = {
    "TRUSTED_PROXIES": "127.0.0.1",
    "ALLOWED_HOSTS": "chat.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://chat.example.org",
}
BY_HTTPS = {"Host": "chat.example.org", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(env={**PROXIED, "ALLOWED_HOSTS": "chat.example.org,127.0.0.1"}) as server:
        yield server


def get(server: Server, path: str, **headers: str) -> httpx.Response:
    return httpx.get(server.url + path, headers=headers)


def test_the_consoles_cookies_go_by_https_only(server: Server) -> None:
    answer = get(server, "/admin/login/", **BY_HTTPS)

    assert answer.status_code == 200
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=2592000"


def test_who_comes_by_http_is_sent_to_https_but_health_is_answered(server: Server) -> None:
    by_http = {**BY_HTTPS, "X-Forwarded-Proto": "http"}
    answer = get(server, "/", **by_http)

    assert (answer.status_code, answer.headers["location"]) == (301, "https://chat.example.org/")
    assert get(server, "/health/").status_code == 200
    assert get(server, "/health/ready/").status_code == 200


def test_a_foreign_host_is_refused_without_a_traceback(server: Server) -> None:
    answer = get(server, "/", **{**BY_HTTPS, "Host": "evil.example"})

    assert answer.status_code == 400
    assert "Traceback" not in server.log
    assert "DisallowedHost" not in server.log


@pytest.mark.plain
def test_only_a_trusted_proxy_says_that_it_was_https(client, settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER, settings.SECURE_SSL_REDIRECT = ("HTTP_X_FORWARDED_PROTO", "https"), True
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    claim = {"HTTP_X_FORWARDED_PROTO": "https"}

    assert client.get("/", REMOTE_ADDR="10.0.0.1", **claim).status_code == 200
    assert client.get("/", REMOTE_ADDR="192.0.2.1", **claim).status_code == 301


@pytest.mark.plain
def test_the_documented_set_up_has_nothing_to_be_warned_of() -> None:
    server = Server(env=PROXIED)
    checked = server.run("check", "--deploy", "--fail-level", "WARNING")
    server.close()

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "WARNINGS" not in checked.stderr


@pytest.mark.plain
def test_what_lies_in_the_folder_is_for_this_user_alone_also_if_it_was_open_before() -> None:
    server = Server(env={"DATABASE_URL": "", "REDIS_URL": ""})
    old = [server.data_dir / name for name in ("mail", "backups", "uploads/ab", "incoming")]
    for folder in old:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "old").touch()
    for path in [server.data_dir, *server.data_dir.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    try:
        server.start()
        assert httpx.get(f"{server.url}/health/").status_code == 200
        open_ones = {
            str(path.relative_to(server.data_dir)): oct(path.stat().st_mode)
            for path in [server.data_dir, *server.data_dir.rglob("*")]
            if stat.S_IMODE(path.stat().st_mode) & 0o077
            and not re.match("static|server.log", path.name)
            and server.data_dir / "static" not in path.parents
        }
        assert (server.data_dir / "chat.sqlite3-wal").exists()
        assert open_ones == {}
    finally:
        server.close()
