"""Presence leases."""

import threading
from uuid import uuid4

import pytest
import redis
from django.conf import settings as configured

from accounts import presence
from accounts.presence import Leases
from chatproject.tests.server import until

ALICE, BOB, CAROL = uuid4(), uuid4(), uuid4()
needs_redis = pytest.mark.skipif(not configured.REDIS_URL, reason="REDIS_URL is not set")


@pytest.fixture(params=["memory", "redis"])
def leases(request, settings):
    if request.param == "memory":
        settings.REDIS_URL = ""
    elif not configured.REDIS_URL:
        pytest.skip("REDIS_URL is not set")
    return Leases(lambda: "this")


def test_those_with_a_lease_are_online(leases):
    leases.renew([ALICE, BOB])

    assert leases.online([ALICE, CAROL]) == {ALICE}
    assert leases.online([]) == set()


def test_who_is_released_is_offline_and_repeating_is_harmless(leases):
    leases.renew([ALICE, BOB])

    leases.release(ALICE)
    leases.release(ALICE)

    assert leases.online([ALICE, BOB]) == {BOB}


def test_a_lease_expires_without_renewal(leases, monkeypatch):
    monkeypatch.setattr(presence, "LEASE_SECONDS", 2)
    leases.renew([ALICE, BOB])
    assert leases.online([ALICE]) == {ALICE}

    def online_when_bob_renews():
        leases.renew([BOB])
        return leases.online([ALICE, BOB])

    until(lambda: online_when_bob_renews() == {BOB}, 10)


def test_threads_may_share_it(leases):
    people = [uuid4() for _ in range(50)]

    threads = [threading.Thread(target=leases.renew, args=([one],)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert leases.online(people) == set(people)


@needs_redis
def test_a_person_on_two_processes_stays_online_when_one_ends():
    here, there = Leases(lambda: "here"), Leases(lambda: "there")
    here.renew([ALICE])
    there.renew([ALICE, BOB])

    here.release(ALICE)

    assert here.online([ALICE, BOB]) == {ALICE, BOB}
    there.release(ALICE)
    assert here.online([ALICE, BOB]) == {BOB}


def test_while_redis_is_away_it_answers_what_this_process_knows(settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(presence, "redis_client", lambda: redis.Redis.from_url(settings.REDIS_URL))
    leases = Leases(lambda: "this")

    leases.renew([ALICE])

    assert leases.online([ALICE, BOB]) == {ALICE}
    leases.release(ALICE)
    assert leases.online([ALICE, BOB]) == set()
