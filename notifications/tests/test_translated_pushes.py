"""Pushes are in the language of the device's owner; a batch with many languages takes no more queries."""

import json
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from common.clock import now
from common.ids import uuid7
from conftest import PASSWORD
from conversations import services as conversations
from conversations.models import Conversation
from messaging.following.tail import notify_members
from messaging.following.unread import newest_unread
from messaging.reading.previews import previews_of
from messaging.services import send_message
from messaging.wire.writing import NewMessage
from messaging.writing.mention_notices import Addressed, notify_addressed
from messaging.writing.store.rows import MessageRow
from messaging.writing.writer import writer
from notifications.models import Notice
from notifications.push_sender import PushSender
from notifications.services import change_preferences
from notifications.tests.webpush import WebPushServer
from notifications.wire import PreferencesChange

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]


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
    sender = PushSender(previews_of, newest_unread)
    while sender.send_due():
        sender.wait(15)
    sender.stop(15)


def test_each_device_is_pushed_to_in_its_persons_language(
    alice, bob, carol, person, api, sign_in, fcm, settings
) -> None:
    settings.PUSH_TO_LOOPBACK = True
    olga = person("olga")
    api.post("/api/v1/auth/login/", {"login": "olga", "password": PASSWORD}, HTTP_ACCEPT_LANGUAGE="es,en;q=0.5")
    change_preferences(bob, PreferencesChange(language="de-AT"))
    for one in (bob, carol, olga):
        accounts.register_device(sign_in(one).session, provider="fcm", token=one.username)
    Notice.objects.all().delete()
    group = group_of(alice, bob, carol, olga)
    with WebPushServer() as browsers:
        accounts.register_device(sign_in(bob).session, provider="webpush", token=browsers.subscribe().token)
        send_message(alice, conversation_id=group.id, message=NewMessage("Hello"))
        notify_members([group.id])

        push_all()

        (shown,) = [push.payload for push in browsers.taken if push.payload["data"]["kind"] == "message"]
    about = {push.token: push.message for push in fcm.taken if push.message["data"]["kind"] == "message"}
    bodies = {token: message["notification"]["body"] for token, message in about.items()}
    assert bodies == {"bob": "Neue Nachricht", "carol": "New message", "olga": "Nuevo mensaje"}
    assert shown["body"] == "Neue Nachricht"


def addressed(group, sender, people) -> list[Addressed]:
    """A message without text that mentions all of these."""
    row = MessageRow(
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
    return [Addressed(row, one.id, Notice.Kind.MENTION) for one in people]


def test_more_mentioned_people_and_languages_take_no_more_queries(alice, person) -> None:
    people = [person(f"member-{n}") for n in range(8)]
    languages = ["de", "fr", "es", "en"] * 2
    for one, language in zip(people, languages, strict=True):
        change_preferences(one, PreferencesChange(language=language))
    group = group_of(alice, *people)
    group.refresh_from_db()
    reads = []

    for some in (people[:2], people):
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            publications = notify_addressed(addressed(group, alice, some))
        reads.append(len([query for query in queries if query["sql"].startswith("SELECT")]))

    said = [json.loads(publication.frame)["data"]["notification"]["body"] for publication in publications]
    assert said == ["Du wurdest erwähnt", "Nouvelle mention", "Te han mencionado", "You were mentioned"] * 2
    assert reads[0] == reads[1]


def test_more_notified_people_and_languages_take_no_more_queries(alice, person) -> None:
    counts = []
    for size in (2, 8):
        people = [person(f"member-{size}-{n}") for n in range(size)]
        for one in people[::2]:
            change_preferences(one, PreferencesChange(language="de"))
        group = group_of(alice, *people)
        send_message(alice, conversation_id=group.id, message=NewMessage("Hello"))
        with CaptureQueriesContext(connection) as queries:
            notify_members([group.id])
        counts.append(len([query for query in queries if query["sql"].startswith("SELECT")]))

    assert counts[0] == counts[1]
