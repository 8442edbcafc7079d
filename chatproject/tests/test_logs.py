"""Logs say what happened, and hold nothing that opens a door."""

import json
import os
import subprocess
import sys

import httpx
import pytest

from chatproject.tests.server import ROOT, Server

pytestmark = pytest.mark.plain

CANARIES = {
    "query": "canary-in-query",
    "header": "canary-in-header",
    "cookie": "canary-in-cookie",
    "body": "canary-in-body",
    "password": "canary-password-9",
}


def test_requests_are_logged_with_their_id_and_without_secrets(own: Server) -> None:
    own.env["LOG_FORMAT"] = "json"
    own.env["LOG_LEVEL"] = "DEBUG"
    own.start()
    answer = httpx.post(
        f"{own.url}/api/v1/auth/login/?token={CANARIES['query']}&ticket={CANARIES['query']}",
        json={"login": CANARIES["body"], "password": CANARIES["password"]},
        headers={"Authorization": f"Bearer {CANARIES['header']}", "Cookie": f"sessionid={CANARIES['cookie']}"},
    )
    httpx.get(f"{own.url}/nothing/", params={"ticket": CANARIES["query"]})
    httpx.get(f"{own.url}/ws/", params={"ticket": CANARIES["query"]})
    assert own.stop() == 0
    lines = [json.loads(line) for line in own.log.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
    assert (line["event"], line["method"], line["path"]) == ("request", "POST", "/api/v1/auth/login/")
    assert line["status"] == answer.status_code
    assert not [name for name, canary in CANARIES.items() if canary in own.log]


def test_bad_bodies_are_logged_without_their_content(own: Server) -> None:
    own.start()
    for body in (
        b'{"password": "canary-1"',
        b"\xff canary-2",
        b'{"a": "canary-3", "a": 1}',
        b"[" * 5000 + b'"canary-4"',
    ):
        httpx.post(f"{own.url}/api/v1/auth/login/", content=body, headers={"Content-Type": "application/json"})
    assert own.stop() == 0
    assert "canary" not in own.log
    assert "Traceback" not in own.log


def test_a_name_cannot_forge_a_line(own: Server) -> None:
    own.start()
    httpx.get(f"{own.url}/a%0a2026-01-01%20forged%1b[31m/")
    assert own.stop() == 0
    assert not [line for line in own.log.splitlines() if line.startswith("2026-01-01 forged")]
    assert "\x1b" not in own.log


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fault_is_logged_without_the_values_at_hand(form: str) -> None:
    code = (
        "import django, structlog; django.setup()\n"
        "def check(password):\n    raise RuntimeError('as always')\n"
        "try:\n    check('canary-' + 'in-local')\n"
        "except RuntimeError:\n    structlog.get_logger('t').exception('fault')\n"
    )
    env = {**os.environ, "LOG_FORMAT": form}
    ended = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "as always" in ended.stderr
    assert "canary-in-local" not in ended.stderr
