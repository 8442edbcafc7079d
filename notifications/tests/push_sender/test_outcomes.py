"""What comes of a push: it is sent, tried again later, or given up; and none is lost."""

from datetime import timedelta
from itertools import pairwise

import pytest

from accounts import services as accounts
from accounts.models import Device
from common.clock import now
from notifications import push_sender
from notifications.models import Push
from notifications.services import redrive_pushes
from notifications.tests.fcm import INVALID_ARGUMENT, UNREGISTERED
from notifications.tests.loopback import HANG, Reply
from notifications.tests.push_sender.pushes import say
from notifications.tests.webpush import WebPushServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_dead_token_is_forgotten_and_others_stay(group, alice, bob, phone, sign_in, fcm, worker):
    accounts.register_device(sign_in(bob).session, provider="fcm", token="bobs tablet")
    Push.objects.all().delete()
    say(alice, group)
    fcm.next(UNREGISTERED)

    worker.send()

    assert Device.objects.count() == 1
    assert [push.token for push in fcm.taken] == [Device.objects.get().token]
    assert Push.objects.count() == 0


def test_a_token_that_was_renewed_meanwhile_is_kept(group, alice, bob, phone, fcm, worker):
    say(alice, group)
    (push,) = Push.objects.select_related("device").all()
    Device.objects.filter(id=phone.id).update(token="new", token_hash="new")

    push_sender.settle([(push, push_sender.Outcome(push_sender.Verdict.GONE))])

    assert Device.objects.get().token == "new"


@pytest.mark.parametrize(
    ("reply", "low", "high"),
    [
        (Reply(500), 10, 12.6),
        (Reply(503, headers={"Retry-After": "90"}), 90, 91),
        (Reply(429, headers={"Retry-After": "600"}), 600, 601),
    ],
    ids=["500", "503 with Retry-After", "429"],
)
def test_what_fails_for_now_is_tried_again_later(group, alice, phone, fcm, worker, reply, low, high):
    say(alice, group)
    fcm.next(reply)
    before = now()

    worker.send()

    (push,) = Push.objects.all()
    assert low <= (push.due_at - before).total_seconds() <= high + 2
    assert (push.attempts, push.dead_at) == (1, None)
    worker.make_due()
    worker.send()
    assert len(fcm.taken) == 1


def test_it_waits_twice_as_long_each_time_and_is_given_up_in_the_end(group, alice, phone, fcm, worker, monkeypatch):
    monkeypatch.setattr(push_sender, "MAX_FAILURES", 100)
    say(alice, group)
    fcm.always(Reply(500))
    pauses = []
    for _ in range(push_sender.MAX_ATTEMPTS):
        worker.make_due()
        worker.send()
        (push,) = Push.objects.all()
        pauses.append((push.due_at - now()).total_seconds())

    assert all(later > earlier for earlier, later in pairwise(pauses[:-1]))
    assert push.dead_at
    assert push.reason == "HTTP 500"
    fcm.always(None)
    worker.make_due()
    worker.send()
    assert fcm.taken == [], "what is given up is not tried"

    assert redrive_pushes([push], now()) == 1
    worker.send()
    assert len(fcm.taken) == 1


def test_what_will_never_work_is_given_up_at_once(group, alice, phone, fcm, worker):
    say(alice, group)
    fcm.next(INVALID_ARGUMENT)

    worker.send()

    (push,) = Push.objects.dead()
    assert push.reason
    say(alice, group, "Once more")
    worker.send()
    assert len(fcm.taken) == 1, "what comes next is tried"


def test_a_service_that_hangs_holds_up_no_other_and_is_left_alone(
    group, alice, bob, phone, sign_in, fcm, worker, settings, monkeypatch
):
    monkeypatch.setattr("common.outbound.SECONDS", 0.5)
    monkeypatch.setattr(push_sender, "MAX_FAILURES", 1)
    settings.PUSH_TO_LOOPBACK = True
    fcm.always(HANG)
    with WebPushServer() as browsers:
        accounts.register_device(sign_in(bob).session, provider="webpush", token=browsers.subscribe().token)
        Push.objects.all().delete()
        say(alice, group)
        worker.send()

        assert [push.payload["body"] for push in browsers.wait_for(1)] == ["New message"]
        worker.make_due()
        asked = fcm.requests
        worker.send()

    (push,) = Push.objects.all()
    assert fcm.requests == asked, "it rests"
    assert push.attempts == 1, "that was no attempt"
    assert push.due_at > now() + timedelta(seconds=20)


def test_what_a_killed_worker_had_taken_is_due_again(group, alice, phone, fcm, worker):
    say(alice, group)
    (taken,) = push_sender._take_due(10)
    worker.send()
    assert fcm.taken == [], "somebody is at it"

    Push.objects.update(due_at=now())  # the lease is over
    worker.send()

    assert len(fcm.taken) == 1
    assert taken.attempts == 1


def test_what_comes_while_it_is_sent_is_not_lost(group, alice, phone, fcm, worker):
    say(alice, group, "One")
    (taken,) = push_sender._take_due(10)
    say(alice, group, "Two")

    push_sender.settle([(taken, push_sender.Outcome(push_sender.Verdict.SENT))])
    worker.send()

    assert len(fcm.taken) == 1
    assert Push.objects.count() == 0
