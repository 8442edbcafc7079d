"""Pushing: to whom it is sent, asked again at the moment of sending, and what becomes of each answer."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import presence
from accounts import services as accounts
from accounts.models import Device
from chatproject.common.clock import now
from conversations import services as conversations
from conversations.models import Membership
from messaging import services
from messaging.models import Message
from messaging.previews import previews_of
from messaging.tail import tell_news
from messaging.unread import newest_unread
from messaging.wire.writing import MessageChange, NewMessage
from messaging.writer import writer
from notifications import lane as lanes
from notifications.lane import PushLane
from notifications.models import Push
from notifications.services import change_preferences, redrive
from notifications.tests.fcm import INVALID_ARGUMENT, UNREGISTERED
from notifications.tests.loopback import HANG, Reply
from notifications.tests.webpush import WebPushServer
from notifications.wire import PreferencesChange, QuietHours

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lane() -> Iterator["Worker"]:
    worker = Worker()
    yield worker
    worker.lane.stop(15)
    writer.stop()  # its thread holds a connection, which would keep the test database


class Worker:
    """The worker's part in pushing, a step at a time."""

    def __init__(self) -> None:
        self.lane = PushLane(previews_of, newest_unread)

    def send(self) -> None:
        """Send all that is due, and wait for it."""
        while self.lane.send_due():
            self.lane.wait(15)

    def make_due(self) -> None:
        """Time passes: whatever waits is due."""
        Push.objects.waiting().update(due_at=now())


@pytest.fixture
def group(alice, bob, carol):
    return conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id, carol.id], history="all", members_can_invite=False
    )


@pytest.fixture
def phone(sign_in, bob):
    """Bob's telephone."""
    device, _ = accounts.register_device(sign_in(bob).session, provider="fcm", token="bobs phone")
    return device


def say(sender, group, content="Hello", **more):
    services.send_message(sender, conversation_id=group.id, message=NewMessage(content, **more))
    tell_news([group.id])
    return last(group)


def last(group):
    return Message.objects.filter(conversation=group).order_by("-seq").first()


def member(user, group):
    return Membership.objects.of(user, group.id)


def test_bob_gets_one_push_for_many_messages_with_ids_only(group, alice, bob, phone, fcm, lane):
    for n in range(5):
        sent = say(alice, group, f"The secret {n}")
    lane.send()

    (push,) = fcm.taken
    assert push.token == "bobs phone"
    assert push.message["data"] == {
        "kind": "message",
        "conversation_id": str(group.id),
        "message_id": str(sent.id),
        "seq": str(sent.seq),
    }
    assert "secret" not in str(push.message)
    assert "alice" not in str(push.message).lower()
    assert push.message["notification"] == {"title": "chatproject", "body": "New message"}
    assert push.message["apns"]["payload"]["aps"]["badge"] == 2, "being added, and the messages"
    assert Push.objects.count() == 0


def test_the_badge_of_a_device_does_not_count_the_sign_in_that_it_belongs_to(group, alice, bob, sign_in, fcm, lane):
    for token in ("first", "second"):
        accounts.register_device(sign_in(bob).session, provider="fcm", token=token)

    say(alice, group)
    lane.send()

    badges = {push.token: push.message["apns"]["payload"]["aps"]["badge"] for push in fcm.taken[-2:]}
    assert badges == {"first": 3, "second": 2}, (
        "the first is told of the second; both of being added, and of the message"
    )


def test_with_previews_it_says_who_wrote_what(group, alice, phone, fcm, lane, settings):
    settings.PUSH_PREVIEWS = True
    sent = say(alice, group, "At noon")
    services.edit_message(alice, message_id=sent.id, change=MessageChange("At one"))
    lane.send()

    assert fcm.taken[0].message["notification"] == {"title": "Alice Adams · Friends", "body": "At one"}


@pytest.mark.parametrize("are_on", [True, False])
def test_what_messages_say_is_read_for_previews_only(group, alice, phone, fcm, lane, settings, are_on):
    settings.PUSH_PREVIEWS = are_on
    say(alice, group)
    with CaptureQueriesContext(connection) as queries:
        lane.send()

    assert len(fcm.taken) == 1
    assert any('"messaging_message"."content"' in query["sql"] for query in queries) == are_on


def test_a_mention_is_what_the_push_is_about(group, alice, bob, phone, fcm, lane):
    sent = say(alice, group, "@bob, look")
    say(alice, group, "And now?")
    lane.send()

    (push,) = fcm.taken
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("mention", str(sent.id))


def test_who_has_read_the_mention_is_told_of_what_came_after(group, alice, bob, phone, fcm, lane):
    mention = say(alice, group, "@bob, look")
    after = say(alice, group, "And now?")
    services.mark_read(member(bob, group), seq=mention.seq)
    lane.send()

    (push,) = (one for one in fcm.taken if one.message["data"]["kind"] != "added")
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("message", str(after.id))


@pytest.mark.parametrize("text", ["And I", "@bob, me too"])
def test_of_those_who_wrote_one_is_blocked_and_the_push_is_about_the_others(
    group, alice, bob, carol, phone, fcm, lane, text
):
    other = say(carol, group)
    say(alice, group, text)
    accounts.block(bob, alice.id)
    lane.send()

    (push,) = (one for one in fcm.taken if one.message["data"]["kind"] != "added")
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("message", str(other.id))


def test_where_only_somebody_blocked_has_written_since_bob_read_nothing_comes(
    group, alice, bob, carol, phone, fcm, lane
):
    read = say(carol, group)
    services.mark_read(member(bob, group), seq=read.seq)
    say(alice, group)
    accounts.block(bob, alice.id)
    lane.send()

    assert [push for push in fcm.taken if push.message["data"]["kind"] != "added"] == []


def test_of_several_mentions_the_push_is_about_the_newest(group, alice, bob, phone, fcm, lane):
    for text in ("@all, first", "@bob, second"):
        services.send_message(alice, conversation_id=group.id, message=NewMessage(text))
    newest = say(alice, group, "@all, third")
    lane.send()

    (push,) = fcm.taken
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("mention", str(newest.id))


def test_what_is_told_beside_messages_is_pushed_too(alice, bob, phone, fcm, lane):
    conversations.create_group(
        alice, name="", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    accounts.open_session(bob, device_name="Another")
    lane.send()

    assert sorted(push.message["data"]["kind"] for push in fcm.taken) == ["added", "security"]


def removed(alice, bob, group):
    conversations.remove_member(member(alice, group), user_id=bob.id)


def left(alice, bob, group):
    conversations.leave(member(bob, group))


def read(alice, bob, group):
    services.mark_read(member(bob, group), seq=10**6)


def muted(alice, bob, group):
    until = now() + timedelta(hours=1)
    conversations.edit_own_membership(member(bob, group), changes={"muted_until": until})


def wants_mentions_only(alice, bob, group):
    conversations.edit_own_membership(member(bob, group), changes={"notify": "mentions"})


def wants_nothing_anywhere(alice, bob, group):
    change_preferences(bob, PreferencesChange(notify="none"))


def blocks(alice, bob, group):
    accounts.block(bob, alice.id)


def signs_out(alice, bob, group):
    accounts.end_all_sessions(bob)


def is_suspended(alice, bob, group):
    accounts.suspend(alice, bob)


def group_ends(alice, bob, group):
    conversations.delete_conversation(member(alice, group))


def message_is_deleted(alice, bob, group):
    services.delete_message(alice, message_id=last(group).id)


NO_MORE = [
    removed,
    left,
    read,
    muted,
    wants_mentions_only,
    wants_nothing_anywhere,
    blocks,
    signs_out,
    is_suspended,
    group_ends,
    message_is_deleted,
]


@pytest.mark.parametrize("happens", NO_MORE, ids=lambda deed: deed.__name__)
def test_what_happens_before_the_sending_counts(group, alice, bob, carol, phone, fcm, lane, happens, sign_in):
    accounts.register_device(sign_in(carol).session, provider="fcm", token="carols phone")
    Push.objects.all().delete()  # bob was told of being added
    say(alice, group)

    happens(alice, bob, group)
    lane.make_due()
    lane.send()

    to = [push.token for push in fcm.taken if push.message["data"]["kind"] != "added"]
    expected = [] if happens in (group_ends, message_is_deleted) else ["carols phone"]
    assert to == expected
    assert Push.objects.count() == 0


def test_who_is_in_quiet_hours_is_pushed_to_when_they_end(group, alice, bob, phone, fcm, lane):
    change_preferences(bob, PreferencesChange(quiet_hours=QuietHours("00:00", "23:59"), time_zone="UTC"))
    change_preferences(bob, PreferencesChange(notify="all"))
    say(alice, group)
    lane.send()

    assert fcm.taken == []
    end = now().replace(hour=23, minute=59, second=0, microsecond=0)
    assert {push.due_at for push in Push.objects.all()} == {end}
    change_preferences(bob, PreferencesChange(quiet_hours=None))
    lane.make_due()
    lane.send()
    assert len(fcm.taken) == 1


def test_who_is_online_has_time_to_read_it_there(group, alice, bob, phone, fcm, lane, settings):
    settings.PUSH_ONLINE_SECONDS = 60
    presence.renew([bob.id])
    say(alice, group)
    lane.make_due()
    lane.send()
    assert fcm.taken == []

    Push.objects.update(created_at=now() - timedelta(seconds=61))
    lane.make_due()
    lane.send()

    presence.release(bob.id)
    assert len(fcm.taken) == 1


def test_a_dead_token_is_forgotten_and_others_stay(group, alice, bob, phone, sign_in, fcm, lane):
    accounts.register_device(sign_in(bob).session, provider="fcm", token="bobs tablet")
    Push.objects.all().delete()
    say(alice, group)
    fcm.next(UNREGISTERED)

    lane.send()

    assert Device.objects.count() == 1
    assert [push.token for push in fcm.taken] == [Device.objects.get().token]
    assert Push.objects.count() == 0


def test_a_token_that_was_renewed_meanwhile_is_kept(group, alice, bob, phone, fcm, lane):
    say(alice, group)
    (push,) = Push.objects.select_related("device").all()
    Device.objects.filter(id=phone.id).update(token="new", token_hash="new")

    lanes.settle([(push, lanes.Outcome(lanes.Verdict.GONE))])

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
def test_what_fails_for_now_is_tried_again_later(group, alice, phone, fcm, lane, reply, low, high):
    say(alice, group)
    fcm.next(reply)
    before = now()

    lane.send()

    (push,) = Push.objects.all()
    assert low <= (push.due_at - before).total_seconds() <= high + 2
    assert (push.attempts, push.dead_at) == (1, None)
    lane.make_due()
    lane.send()
    assert len(fcm.taken) == 1


def test_it_waits_twice_as_long_each_time_and_is_given_up_in_the_end(group, alice, phone, fcm, lane, monkeypatch):
    monkeypatch.setattr(lanes, "STRIKES", 100)
    say(alice, group)
    fcm.always(Reply(500))
    pauses = []
    for _ in range(lanes.MAX_ATTEMPTS):
        lane.make_due()
        lane.send()
        (push,) = Push.objects.all()
        pauses.append((push.due_at - now()).total_seconds())

    assert all(later > earlier for earlier, later in pairwise(pauses[:-1]))
    assert push.dead_at
    assert push.reason == "HTTP 500"
    fcm.always(None)
    lane.make_due()
    lane.send()
    assert fcm.taken == [], "what is given up is not tried"

    assert redrive([push], now()) == 1
    lane.send()
    assert len(fcm.taken) == 1


def test_what_will_never_work_is_given_up_at_once(group, alice, phone, fcm, lane):
    say(alice, group)
    fcm.next(INVALID_ARGUMENT)

    lane.send()

    (push,) = Push.objects.dead()
    assert push.reason
    say(alice, group, "Once more")
    lane.send()
    assert len(fcm.taken) == 1, "what comes next is tried"


def test_a_service_that_hangs_holds_up_no_other_and_is_left_alone(
    group, alice, bob, phone, sign_in, fcm, lane, settings, monkeypatch
):
    monkeypatch.setattr("chatproject.common.endpoints.SECONDS", 0.5)
    monkeypatch.setattr(lanes, "STRIKES", 1)
    settings.PUSH_TO_LOOPBACK = True
    fcm.always(HANG)
    with WebPushServer() as browsers:
        accounts.register_device(sign_in(bob).session, provider="webpush", token=browsers.subscribe().token)
        Push.objects.all().delete()
        say(alice, group)
        lane.send()

        assert [push.payload["body"] for push in browsers.wait_for(1)] == ["New message"]
        lane.make_due()
        asked = fcm.requests
        lane.send()

    (push,) = Push.objects.all()
    assert fcm.requests == asked, "it rests"
    assert push.attempts == 1, "that was no attempt"
    assert push.due_at > now() + timedelta(seconds=20)


def test_what_a_killed_worker_had_taken_is_due_again(group, alice, phone, fcm, lane):
    say(alice, group)
    (taken,) = lanes._take(10)
    lane.send()
    assert fcm.taken == [], "somebody is at it"

    Push.objects.update(due_at=now())  # the lease is over
    lane.send()

    assert len(fcm.taken) == 1
    assert taken.attempts == 1


def test_what_comes_while_it_is_sent_is_not_lost(group, alice, phone, fcm, lane):
    say(alice, group, "One")
    (taken,) = lanes._take(10)
    say(alice, group, "Two")

    lanes.settle([(taken, lanes.Outcome(lanes.Verdict.SENT))])
    lane.send()

    assert len(fcm.taken) == 1
    assert Push.objects.count() == 0
