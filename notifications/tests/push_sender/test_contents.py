"""What a push says, and which message it is about."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from conversations import services as conversations
from messaging import services
from messaging.wire.writing import MessageChange, NewMessage
from notifications.models import Push
from notifications.tests.push_sender.pushes import member, say

pytestmark = pytest.mark.django_db(transaction=True)


def test_bob_gets_one_push_for_many_messages_with_ids_only(group, alice, bob, phone, fcm, worker):
    for n in range(5):
        sent = say(alice, group, f"The secret {n}")
    worker.send()

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


def test_the_badge_of_a_device_does_not_count_the_sign_in_that_it_belongs_to(group, alice, bob, sign_in, fcm, worker):
    for token in ("first", "second"):
        accounts.register_device(sign_in(bob).session, provider="fcm", token=token)

    say(alice, group)
    worker.send()

    messages = [push for push in fcm.taken if push.message["data"]["kind"] == "message"]
    badges = {push.token: push.message["apns"]["payload"]["aps"]["badge"] for push in messages}
    assert badges == {"first": 3, "second": 2}, (
        "the first is told of the second; both of being added, and of the message"
    )


def test_with_previews_it_says_who_wrote_what(group, alice, phone, fcm, worker, settings):
    settings.PUSH_PREVIEWS = True
    sent = say(alice, group, "At noon")
    services.edit_message(alice, message_id=sent.id, change=MessageChange("At one"))
    worker.send()

    assert fcm.taken[0].message["notification"] == {"title": "Alice Adams · Friends", "body": "At one"}


@pytest.mark.parametrize("are_on", [True, False])
def test_what_messages_say_is_read_for_previews_only(group, alice, phone, fcm, worker, settings, are_on):
    settings.PUSH_PREVIEWS = are_on
    say(alice, group)
    with CaptureQueriesContext(connection) as queries:
        worker.send()

    assert len(fcm.taken) == 1
    assert any('"messaging_message"."content"' in query["sql"] for query in queries) == are_on


def test_a_mention_is_what_the_push_is_about(group, alice, bob, phone, fcm, worker):
    sent = say(alice, group, "@bob, look")
    say(alice, group, "And now?")
    worker.send()

    (push,) = fcm.taken
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("mention", str(sent.id))


def test_after_reading_the_mention_the_push_is_about_later_messages(group, alice, bob, phone, fcm, worker):
    mention = say(alice, group, "@bob, look")
    after = say(alice, group, "And now?")
    services.mark_read(member(bob, group), seq=mention.seq)
    worker.send()

    (push,) = (one for one in fcm.taken if one.message["data"]["kind"] != "added")
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("message", str(after.id))


@pytest.mark.parametrize("text", ["And I", "@bob, me too"])
def test_a_push_is_not_about_messages_of_blocked_people(group, alice, bob, carol, phone, fcm, worker, text):
    other = say(carol, group)
    say(alice, group, text)
    accounts.block(bob, alice.id)
    worker.send()

    (push,) = (one for one in fcm.taken if one.message["data"]["kind"] != "added")
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("message", str(other.id))


def test_where_only_somebody_blocked_has_written_since_bob_read_nothing_comes(
    group, alice, bob, carol, phone, fcm, worker
):
    read = say(carol, group)
    services.mark_read(member(bob, group), seq=read.seq)
    say(alice, group)
    accounts.block(bob, alice.id)
    worker.send()

    assert [push for push in fcm.taken if push.message["data"]["kind"] != "added"] == []


def test_of_several_mentions_the_push_is_about_the_newest(group, alice, bob, phone, fcm, worker):
    for text in ("@all, first", "@bob, second"):
        services.send_message(alice, conversation_id=group.id, message=NewMessage(text))
    newest = say(alice, group, "@all, third")
    worker.send()

    (push,) = fcm.taken
    assert (push.message["data"]["kind"], push.message["data"]["message_id"]) == ("mention", str(newest.id))


def test_other_notices_are_pushed_too(alice, bob, phone, fcm, worker):
    conversations.create_group(
        alice, name="", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    accounts.open_session(bob, device_name="Another")
    worker.send()

    assert sorted(push.message["data"]["kind"] for push in fcm.taken) == ["added", "security"]
