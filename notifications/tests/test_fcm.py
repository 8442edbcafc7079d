"""Pushes through FCM: what arrives, and the outcome of each response."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chatproject.tests import canaries
from common import outbound
from notifications.providers import Outcome, Push, Verdict, provider_of
from notifications.tests.fcm import INVALID_ARGUMENT, MALFORMED_TOKEN, UNREGISTERED, FcmServer, refusal
from notifications.tests.loopback import DRIP, DROP, HANG, Reply

pytestmark = pytest.mark.plain

TOKEN = canaries.note("registration token", "fcm:APA91bH-telephone-of-alice")
PUSH = Push("alice", "hello", {"conversation": "c1"}, tag="c1", badge=3, ttl=3600, is_urgent=True)


def send(push: Push = PUSH) -> Outcome:
    return provider_of("fcm").send(TOKEN, push)


def test_a_push_arrives_for_both_kinds_of_phones(fcm):
    assert send() == Outcome(Verdict.SENT)

    (sent,) = fcm.wait_for(1)
    expiration = int(sent.message["apns"]["headers"].pop("apns-expiration"))
    assert abs(expiration - time.time() - 3600) < 10
    assert sent.message == {
        "token": TOKEN,
        "notification": {"title": "alice", "body": "hello"},
        "data": {"conversation": "c1"},
        "android": {"ttl": "3600s", "priority": "HIGH", "notification": {"tag": "c1"}},
        "apns": {
            "headers": {"apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": "c1"},
            "payload": {"aps": {"badge": 3, "mutable-content": 1, "thread-id": "c1", "sound": "default"}},
        },
    }


def test_urgency_and_tag_are_passed_on(fcm):
    assert send(Push("a", "b", {}, tag="", badge=0, ttl=0, is_urgent=False)).verdict is Verdict.SENT

    message = fcm.wait_for(1)[0].message
    assert message["android"] == {"ttl": "0s", "priority": "NORMAL"}
    assert message["apns"]["headers"] == {"apns-push-type": "alert", "apns-priority": "5", "apns-expiration": "0"}


def test_a_long_tag_is_the_same_short_one_each_time(fcm):
    for tag in ("x" * 100, "x" * 100, "not/safe"):
        send(Push("a", "b", {}, tag=tag, badge=0, ttl=60, is_urgent=False))

    keys = [sent.message["apns"]["headers"]["apns-collapse-id"] for sent in fcm.wait_for(3)]
    assert keys[0] == keys[1] != keys[2]
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize(
    ("reply", "verdict", "reason"),
    [
        (UNREGISTERED, Verdict.GONE, "HTTP 404 UNREGISTERED"),
        (refusal(403, "SENDER_ID_MISMATCH"), Verdict.GONE, "HTTP 403 SENDER_ID_MISMATCH"),
        (MALFORMED_TOKEN, Verdict.GONE, "HTTP 400 INVALID_ARGUMENT"),
        (INVALID_ARGUMENT, Verdict.REFUSED, "HTTP 400 INVALID_ARGUMENT"),
        (refusal(401, "THIRD_PARTY_AUTH_ERROR"), Verdict.REFUSED, "HTTP 401 THIRD_PARTY_AUTH_ERROR"),
        (refusal(403, "PERMISSION_DENIED"), Verdict.REFUSED, "HTTP 403 PERMISSION_DENIED"),
        (Reply(404, b"<html>"), Verdict.REFUSED, "HTTP 404"),
        (refusal(400, "not a code, but " + TOKEN), Verdict.REFUSED, "HTTP 400"),
        (Reply(400, b'{"error": [1]}'), Verdict.REFUSED, "HTTP 400"),
        (refusal(429, "QUOTA_EXCEEDED"), Verdict.LATER, "HTTP 429 QUOTA_EXCEEDED"),
        (refusal(500, "INTERNAL"), Verdict.LATER, "HTTP 500 INTERNAL"),
        (Reply(503), Verdict.LATER, "HTTP 503"),
        (DROP, Verdict.LATER, "unreachable"),
    ],
)
def test_each_answer_has_its_verdict(fcm, reply, verdict, reason):
    fcm.next(reply)
    assert send() == Outcome(verdict, reason)
    assert fcm.taken == []
    assert send() == Outcome(Verdict.SENT)


def test_a_phone_is_not_forgotten_if_the_address_is_not_fcm(fcm, settings):
    settings.FCM_URL = f"{fcm.url}/elsewhere"
    assert send() == Outcome(Verdict.REFUSED, "HTTP 404")


def test_what_fcm_asks_to_wait_is_passed_on_and_not_slept(fcm):
    began = time.monotonic()
    fcm.next(refusal(429, "QUOTA_EXCEEDED", **{"Retry-After": "120"}))
    assert send().retry_after == 120
    fcm.next(
        Reply(503, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)})
    )
    assert 80 < send().retry_after <= 90
    fcm.next(
        Reply(503, headers={"Retry-After": "soon"}),
        Reply(503, headers={"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"}),
    )
    assert send().retry_after is None
    assert send().retry_after == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("reply", [HANG, DRIP], ids=["silent", "dripping"])
def test_a_slow_service_is_abandoned(fcm, monkeypatch, reply):
    send()
    monkeypatch.setattr(outbound, "SECONDS", 0.5)
    fcm.next(reply)
    began = time.monotonic()
    assert send() == Outcome(Verdict.LATER, "timeout")
    assert 0.4 < time.monotonic() - began < 1.5


def test_the_time_is_for_signing_in_too(fcm, monkeypatch):
    monkeypatch.setattr(outbound, "SECONDS", 0.5)
    fcm.oauth = HANG
    began = time.monotonic()
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(send())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Outcome(Verdict.LATER, "timeout")] * 4
    assert time.monotonic() - began < 1.5


def test_a_service_that_is_down_is_tried_later(fcm, settings):
    with FcmServer() as closed:
        settings.FCM_URL = closed.url
    assert send() == Outcome(Verdict.LATER, "unreachable")


def test_a_redirect_is_not_followed(fcm):
    with FcmServer() as elsewhere:
        fcm.next(Reply(307, headers={"Location": f"{elsewhere.url}/v1/projects/x/messages:send"}))
        assert send() == Outcome(Verdict.REFUSED, "HTTP 307")
        assert elsewhere.requests == 0


def test_threads_sign_in_once_and_keep_connections(fcm):
    outcomes = []
    threads = [threading.Thread(target=lambda: outcomes.append(send().verdict)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Verdict.SENT] * 8
    assert (fcm.grants, len(fcm.taken)) == (1, 8)


def test_an_expired_access_token_is_replaced_once(fcm):
    send()
    fcm.expire()
    assert send() == Outcome(Verdict.SENT)
    assert fcm.grants == 2

    fcm.next(refusal(401, "UNAUTHENTICATED"), refusal(401, "UNAUTHENTICATED"))
    assert send() == Outcome(Verdict.REFUSED, "HTTP 401 UNAUTHENTICATED")
    assert fcm.grants == 3


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(503, headers={"Retry-After": "7"}), Outcome(Verdict.LATER, "OAuth: HTTP 503", 7)),
        (Reply(429), Outcome(Verdict.LATER, "OAuth: HTTP 429")),
        (Reply(400, b'{"error": "invalid_grant"}'), Outcome(Verdict.REFUSED, "OAuth refuses")),
        (Reply(302, headers={"Location": "/token"}), Outcome(Verdict.REFUSED, "OAuth refuses")),
        (Reply(200, b"{}"), Outcome(Verdict.REFUSED, "OAuth refuses")),
        (DROP, Outcome(Verdict.LATER, "unreachable")),
    ],
)
def test_signing_in_that_fails_has_its_verdict_too(fcm, reply, outcome):
    fcm.oauth = reply
    assert send() == outcome
    assert fcm.requests == 1

    fcm.oauth = None
    assert send() == Outcome(Verdict.SENT)


def test_a_key_that_is_not_the_accounts_is_refused(fcm, settings):
    settings.FIREBASE_CREDENTIALS = {**fcm.account, "client_email": "member-1@example.org"}
    assert send() == Outcome(Verdict.REFUSED, "OAuth refuses")


def test_an_internal_error_is_an_outcome_without_secrets(fcm):
    outcome = provider_of("fcm").send(TOKEN, Push("a", "b", {"x": object()}, "", 0, 0, False))
    assert outcome == Outcome(Verdict.LATER, "TypeError")


def test_without_credentials_there_is_no_fcm(settings):
    settings.FIREBASE_CREDENTIALS = {}
    assert provider_of("fcm") is None


def test_all_phones_have_one_host(fcm):
    assert provider_of("fcm").host_of(TOKEN) == "fcm"
    assert json.loads(fcm.env["FIREBASE_CREDENTIALS_JSON"])["type"] == "service_account"
