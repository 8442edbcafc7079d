"""The worker's tail: everybody is notified once of what is new, whichever worker is killed, and of nothing old."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Device, Session
from common.clock import now
from conversations import services as conversations
from conversations.models import Conversation, Membership
from messaging import services
from messaging.following import tail
from messaging.following.tail import LogFollower, notify_members
from messaging.models import Message, Tail
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from notifications.models import Notice, Push
from notifications.providers import Outcome, Verdict
from notifications.push_sender import settle
from operations import housekeeping

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def stop_writer(settings) -> Iterator[None]:
    """The writer's thread holds a connection, which would keep the test database."""
    settings.RATE_MESSAGES = "100000/s"
    yield
    writer.stop()


def group_of(owner, *others, **more) -> Conversation:
    about = {"name": "Friends", "description": "", "history": "all", "members_can_invite": False, **more}
    return conversations.create_group(owner, member_ids=[other.id for other in others], **about)


def say(sender, place, content="Hello", **more) -> None:
    services.send_message(sender, conversation_id=place.id, message=NewMessage(content, **more))


def told(user) -> list[str]:
    """The kinds of what this person was told by messages."""
    about = Notice.objects.filter(user=user, kind__in=Notice.READ_WITH)
    return list(about.order_by("at", "kind").values_list("kind", flat=True))


def test_it_finds_new_messages_by_itself_and_rests_without(alice, bob) -> None:
    one, other = group_of(alice, bob), group_of(alice, bob)
    follower = LogFollower()
    follower.follow()
    assert not follower.follow()

    say(alice, one)
    say(alice, other)

    assert follower.follow()
    assert told(bob) == ["message", "message"]
    assert not follower.follow()


def test_what_ids_do_not_show_is_found_by_comparing_the_heads(alice, bob, monkeypatch) -> None:
    group = group_of(alice, bob)
    follower = LogFollower()
    follower.follow()
    monkeypatch.setattr(tail, "OVERLAP", timedelta(seconds=-60))  # as if a clock were wrong by a minute
    say(alice, group)
    assert not follower.follow()

    monkeypatch.setattr(tail, "COMPARE_EVERY", 0)

    assert follower.follow()
    assert told(bob) == ["message"]


def test_another_worker_notifies_nobody_twice(alice, bob) -> None:
    group = group_of(alice, bob)
    say(alice, group)
    for follower in (LogFollower(), LogFollower()):
        follower.follow()
    (notice,) = Notice.objects.filter(user=bob, kind="message")
    Notice.objects.update(read_at=now())

    LogFollower().follow()

    notice.refresh_from_db()
    assert notice.read_at, "it was not told anew"


def test_of_a_worker_that_is_killed_in_between_nothing_stays(alice, bob, monkeypatch) -> None:
    group = group_of(alice, bob)
    say(alice, group)

    def killed(*args: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(tail, "queue_pushes", killed)
        with pytest.raises(OperationalError):
            notify_members([group.id])
    assert told(bob) == []
    assert not Tail.objects.filter(conversation=group, seq__gt=0).exists()

    notify_members([group.id])
    assert told(bob) == ["message"]


def test_what_another_worker_is_at_is_left_to_it(alice, bob) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time by nature")
    group = group_of(alice, bob)
    say(alice, group)
    notify_members([group.id])
    say(alice, group, "More")
    found: list[dict] = []

    def other() -> None:
        found.append(notify_members([group.id]).followed)
        connection.close()

    with transaction.atomic():
        Tail.objects.select_for_update().get(conversation=group)
        thread = Thread(target=other)
        thread.start()
        thread.join(10)

    assert found == [{}]


def test_messages_older_than_a_day_are_not_notified(alice, bob) -> None:
    group = group_of(alice, bob)
    say(alice, group)
    Message.objects.update(created_at=now() - timedelta(days=2))

    notify_members([group.id])

    assert told(bob) == []
    assert Tail.objects.get(conversation=group).seq == Conversation.objects.get(id=group.id).seq


def test_a_large_channel_only_notifies_mentioned_people(alice, bob, carol, monkeypatch, sign_in) -> None:
    monkeypatch.setattr(tail, "MAX_MEMBERS", 2)
    channel = conversations.create_channel(alice, name="News", description="", history="all")
    for user in (bob, carol):
        conversations.join(user, conversation_id=channel.id)
    accounts.register_device(sign_in(bob).session, provider="webpush", token="{}")

    say(alice, channel, "Hello")
    say(alice, channel, "Hello @bob")
    notify_members([channel.id])

    assert (told(bob), told(carol)) == (["mention"], [])
    assert [push.kind for push in Push.objects.all()] == ["mention"]


def test_long_logs_are_followed_in_steps_without_a_pause(alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(tail, "ENTRIES_PER_PASS", 2)
    monkeypatch.setattr(tail, "OVERLAP", timedelta(seconds=-60))  # written while the worker was away
    group = group_of(alice, bob)
    for n in range(5):
        say(alice, group, f"{n}")
    follower = LogFollower()

    steps = 0
    while follower.follow():
        steps += 1

    assert steps == 4, "two who were added, and five messages"
    (notice,) = Notice.objects.filter(user=bob, kind="message")
    assert notice.seq == Conversation.objects.get(id=group.id).seq


def test_more_members_and_messages_take_no_more_queries(alice, person) -> None:
    counts = []
    for size in (2, 12):
        members = [person(f"member-{size}-{n}") for n in range(size)]
        group = group_of(alice, *members)
        for n in range(size):
            say(alice, group, f"Hello @{members[n].username}")
            say(members[n], group, "Hello")
        with CaptureQueriesContext(connection) as queries:
            notify_members([group.id])
        counts.append(len(queries))
        assert Notice.objects.filter(conversation=group, kind="message").count() == size, "all but who wrote last"

    assert counts[0] == counts[1]


def test_people_who_have_read_everything_are_not_notified(alice, bob, carol) -> None:
    group = group_of(alice, bob, carol)
    say(alice, group)
    services.mark_read(Membership.objects.of(bob, group.id), seq=10**6)

    notify_members([group.id])

    assert (told(bob), told(carol)) == ([], ["message"])


def is_forgotten(device) -> None:
    accounts.forget_device(device.user, device.id)


def is_gone(device) -> None:
    settle([(Push(device=device), Outcome(Verdict.GONE))])


def goes_with_its_sign_in(device) -> None:
    Session.objects.filter(id=device.session_id).update(expires_at=now() - timedelta(days=31))
    housekeeping.clean_up(Event())


@pytest.mark.parametrize("goes", [is_forgotten, is_gone, goes_with_its_sign_in], ids=lambda action: action.__name__)
@pytest.mark.parametrize("text", ["Hello", "Hello @bob"])
def test_a_device_that_goes_while_something_is_queued_for_it_goes_after_that(alice, bob, sign_in, text, goes) -> None:
    group = group_of(alice, bob)
    device, _ = accounts.register_device(sign_in(bob).session, provider="webpush", token="{}")
    say(alice, group, text)

    def go() -> None:
        goes(device)
        connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            notify_members([group.id])
            assert Push.objects.filter(device=device).exists()
            going = threads.submit(go)
            wait([going], timeout=0.5)
        going.result()

    assert told(bob) == ["mention" if "@" in text else "message"]
    assert not Device.objects.exists()
