"""Pushes are in the language of each device's person, and a batch of many languages asks the database no more."""

import json
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from chatproject.common.clock import now
from chatproject.common.ids import uuid7
from conftest import PASSWORD
from conversations import services as conversations
from conversations.models import Conversation
from messaging.naming import Meant, tell_meant
from messaging.previews import previews_of
from messaging.services import send_message
from messaging.store.rows import Row
from messaging.tail import tell_news
from messaging.unread import newest_unread
from messaging.wire.writing import NewMessage
from messaging.writer import writer
from notifications.lane import PushLane
from notifications.models import Notice
from notifications.services import change_preferences
from notifications.tests.webpush import WebPushServer
from notifications.wire import PreferencesChange

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def stop_writer():
    """Its thread holds a connection, which would keep the test database."""
    yield
    writer.stop()


def group_of(owner, *members) -> Conversation:
    ids = [one.id for one in members]
    made = {"name": "Friends", "description": "", "history": "all", "members_can_invite": False}
    return conversations.create_group(owner, member_ids=ids, **made)


def push_all() -> None:
    lane = PushLane(previews_of, newest_unread)
    while lane.send_due():
        lane.wait(15)
    lane.stop(15)


def test_each_device_is_pushed_to_in_its_persons_language(
    alice, bob, carol, person, api, sign_in, fcm, settings
) -> None:
    settings.PUSH_TO_LOOPBACK = True
    dora = person("dora")
    api.post("/api/v1/auth/login/", {"login": "dora", "password": PASSWORD}, HTTP_ACCEPT_LANGUAGE="es,en;q=0.5")
    change_preferences(bob, PreferencesChange(language="de-AT"))
    for one in (bob, carol, dora):
        accounts.register_device(sign_in(one).session, provider="fcm", token=one.username)
    Notice.objects.all().delete()
    group = group_of(alice, bob, carol, dora)
    with WebPushServer() as browsers:
        accounts.register_device(sign_in(bob).session, provider="webpush", token=browsers.subscribe().token)
        send_message(alice, conversation_id=group.id, message=NewMessage("Hello"))
        tell_news([group.id])

        push_all()

        (shown,) = [push.payload for push in browsers.taken if push.payload["data"]["kind"] == "message"]
    about = {push.token: push.message for push in fcm.taken if push.message["data"]["kind"] == "message"}
    bodies = {token: message["notification"]["body"] for token, message in about.items()}
    assert bodies == {"bob": "Neue Nachricht", "carol": "New message", "dora": "Nuevo mensaje"}
    assert shown["body"] == "Neue Nachricht"


def meant(group, sender, people) -> list[Meant]:
    """A message without text that mentions all of these."""
    row = Row(
        id=uuid7(),
        conversation_id=group.id,
        seq=group.seq + 1,
        number=1,
        sender_id=sender.id,
        client_id=uuid4().hex,
        body_hash=b"",
        content_type="text",
        content="",
        words="",
        metadata=None,
        reply_to_id=None,
        thread_id=None,
        mentions=[one.id for one in people],
        mentions_all=False,
        attachments=None,
        envelope=None,
        created_at=now(),
        marks_read=False,
    )
    return [Meant(row, one.id, Notice.Kind.MENTION) for one in people]


def test_more_who_are_meant_in_more_languages_are_read_with_no_more_queries(alice, person) -> None:
    people = [person(f"member-{n}") for n in range(8)]
    languages = ["de", "fr", "es", "en"] * 2
    for one, language in zip(people, languages, strict=True):
        change_preferences(one, PreferencesChange(language=language))
    group = group_of(alice, *people)
    group.refresh_from_db()
    reads = []

    for some in (people[:2], people):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            rings = tell_meant(meant(group, alice, some))
        reads.append(len([query for query in queries if query["sql"].startswith("SELECT")]))

    said = [json.loads(ring.frame)["data"]["notification"]["body"] for ring in rings]
    assert said == ["Du wurdest erwähnt", "Nouvelle mention", "Te han mencionado", "You were mentioned"] * 2
    assert reads[0] == reads[1]


def test_more_who_are_told_in_more_languages_take_no_more_queries(alice, person) -> None:
    counts = []
    for size in (2, 8):
        people = [person(f"member-{size}-{n}") for n in range(size)]
        for one in people[::2]:
            change_preferences(one, PreferencesChange(language="de"))
        group = group_of(alice, *people)
        send_message(alice, conversation_id=group.id, message=NewMessage("Hello"))
        with CaptureQueriesContext(connection) as queries:
            tell_news([group.id])
        counts.append(len([query for query in queries if query["sql"].startswith("SELECT")]))

    assert counts[0] == counts[1]
