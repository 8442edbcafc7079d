"""Pushes to browsers: what browsers can decrypt, what push services see, and the outcome of each response."""

import json
import time
from typing import Any

import pytest

from common import outbound
from notifications.providers import Outcome, Push, Verdict, provider_of, public_key
from notifications.tests.loopback import DRIP, DROP, HANG, Reply
from notifications.tests.webpush import WebPushServer

pytestmark = pytest.mark.plain

PUSH = Push("alice", "häll🎈", {"conversation": "c1"}, tag="c1", badge=3, ttl=3600, is_urgent=True)


@pytest.fixture
def service(settings):
    settings.PUSH_TO_LOOPBACK = True
    with WebPushServer() as server:
        yield server


def send(token: str, push: Push = PUSH) -> Outcome:
    return provider_of("webpush").send(token, push)


def changed(token: str, **keys: str) -> str:
    """The same subscription with other keys, or another endpoint."""
    subscription: dict[str, Any] = json.loads(token)
    subscription["endpoint"] = keys.pop("endpoint", subscription["endpoint"])
    subscription["keys"] |= keys
    return json.dumps(subscription)


def test_a_browser_reads_what_was_sent_and_its_service_does_not(service, settings):
    settings.DEFAULT_FROM_EMAIL = "Chat <chat@example.org>"
    browser, other = service.subscribe(), service.subscribe()
    assert send(browser.token) == Outcome(Verdict.SENT)
    assert send(other.token) == Outcome(Verdict.SENT)

    first, second = service.wait_for(2)
    assert (first.browser, second.browser) == (browser.id, other.id)
    assert first.payload == {
        "title": "alice",
        "body": "häll🎈",
        "tag": "c1",
        "badge": 3,
        "data": {"conversation": "c1"},
    }
    assert first.claims["sub"] == "mailto:chat@example.org"
    assert first.public_key == public_key()
    assert [first.headers[name] for name in ("TTL", "Urgency", "Topic")] == ["3600", "high", "c1"]


def test_urgency_and_tag_are_passed_on(service):
    send(service.subscribe().token, Push("a", "b", {}, tag="", badge=0, ttl=-5, is_urgent=False))

    headers = service.wait_for(1)[0].headers
    assert [headers[name] for name in ("TTL", "Urgency", "Topic")] == ["0", "normal", None]


def test_a_tag_that_is_no_topic_becomes_one(service):
    send(service.subscribe().token, Push("a", "b", {}, tag="né\r\nX: y" * 9, badge=0, ttl=5, is_urgent=False))

    (pushed,) = service.wait_for(1)
    assert len(pushed.headers["Topic"]) == 32
    assert pushed.payload["tag"] == "né\r\nX: y" * 9
    assert pushed.headers["X"] is None


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(202), Outcome(Verdict.SENT)),
        (Reply(404), Outcome(Verdict.GONE, "HTTP 404")),
        (Reply(410, b"push subscription has unsubscribed"), Outcome(Verdict.GONE, "HTTP 410")),
        (Reply(400), Outcome(Verdict.REFUSED, "HTTP 400")),
        (Reply(401), Outcome(Verdict.REFUSED, "HTTP 401")),
        (Reply(403), Outcome(Verdict.REFUSED, "HTTP 403")),
        (Reply(413), Outcome(Verdict.REFUSED, "HTTP 413")),
        (Reply(429, headers={"Retry-After": "30"}), Outcome(Verdict.LATER, "HTTP 429", 30)),
        (Reply(500), Outcome(Verdict.LATER, "HTTP 500")),
        (Reply(503), Outcome(Verdict.LATER, "HTTP 503")),
        (Reply(500, b"x" * 3_000_000), Outcome(Verdict.LATER, "HTTP 500")),
        (DROP, Outcome(Verdict.LATER, "unreachable")),
    ],
)
def test_each_answer_has_its_verdict(service, reply, outcome):
    browser = service.subscribe()
    service.next(reply)
    assert send(browser.token) == outcome
    assert service.taken == []
    assert send(browser.token) == Outcome(Verdict.SENT)


@pytest.mark.parametrize("reply", [HANG, DRIP], ids=["silent", "dripping"])
def test_a_slow_service_is_abandoned(service, monkeypatch, reply):
    monkeypatch.setattr(outbound, "SECONDS", 0.5)
    service.next(reply)
    began = time.monotonic()
    assert send(service.subscribe().token) == Outcome(Verdict.LATER, "timeout")
    assert 0.4 < time.monotonic() - began < 1.5


def test_a_redirect_is_not_followed(service):
    with WebPushServer() as elsewhere:
        service.next(Reply(307, headers={"Location": f"{elsewhere.url}/push/x"}))
        assert send(service.subscribe().token) == Outcome(Verdict.REFUSED, "HTTP 307")
        assert elsewhere.requests == 0


def test_what_is_too_long_is_refused(service):
    push = Push("alice", "x" * 5000, {}, tag="", badge=0, ttl=0, is_urgent=False)
    assert send(service.subscribe().token, push) == Outcome(Verdict.REFUSED, "HTTP 413")


def test_an_invalid_subscription_is_gone(service):
    token = service.subscribe().token
    for wrong in (
        "",
        "{}",
        "[]",
        '"x"',
        changed(token, p256dh="A" * 87),
        changed(token, p256dh="*"),
        changed(token, auth=""),
    ):
        assert send(wrong) == Outcome(Verdict.GONE, "no subscription"), wrong
    assert service.requests == 0


def test_an_invalid_sender_address_is_reported_to_the_operator(service, settings):
    settings.DEFAULT_FROM_EMAIL = "nobody"
    outcome = send(service.subscribe().token)
    assert outcome.verdict is Verdict.REFUSED
    assert "DEFAULT_FROM_EMAIL" in outcome.reason


def test_browsers_of_one_service_share_a_host(service):
    host_of = provider_of("webpush").host_of
    token = service.subscribe().token
    assert host_of(token) == host_of(service.subscribe().token) == "127.0.0.1"
    assert host_of(changed(token, endpoint="https://Push.Example.org:444/x")) == "push.example.org"
    assert [host_of(wrong) for wrong in ("", "{}", changed(token, endpoint="https://[/"))] == ["webpush"] * 3


def test_this_machine_is_pushed_to_only_if_allowed(service, settings):
    token = service.subscribe().token
    assert send(token) == Outcome(Verdict.SENT)

    settings.PUSH_TO_LOOPBACK = False
    for endpoint in (json.loads(token)["endpoint"], f"https://127.0.0.1:{service.port}/", "https://10.0.0.1/x"):
        assert send(changed(token, endpoint=endpoint)) == Outcome(Verdict.REFUSED, "forbidden address")
    assert service.requests == 1
