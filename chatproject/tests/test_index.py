"""The page's service worker has an address of its own."""

import httpx
import pytest

from chatproject.tests.server import Server

pytestmark = pytest.mark.plain


def test_the_service_worker_acts_for_the_whole_page_and_is_never_an_old_one(running: Server) -> None:
    answer = httpx.get(f"{running.url}/sw.js")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.text == httpx.get(f"{running.url}/static/web/sw.js").text


def test_it_is_only_to_be_read(running: Server) -> None:
    answer = httpx.post(f"{running.url}/sw.js")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
