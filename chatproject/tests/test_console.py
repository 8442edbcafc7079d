"""The console lists conversations; what was said in them stands nowhere in it."""

import pytest
from django.test import Client

from conversations import services
from conversations.models import Conversation
from messaging.models import Message

pytestmark = pytest.mark.django_db


def test_an_operator_sees_conversations_but_not_what_was_said(alice, bob, olga) -> None:
    group = services.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    Message.objects.create(
        conversation=group, seq=3, number=1, changed_seq=3, sender=alice, client_id="1", body_hash=b"", content="secret"
    )
    console = Client()
    console.force_login(olga)

    shown = console.get("/admin/conversations/conversation/")
    one = console.get(f"/admin/conversations/conversation/{group.id}/change/")

    assert b"Friends" in shown.content
    assert one.status_code == 200
    assert b"secret" not in shown.content + one.content


def test_nobody_changes_a_conversation_behind_its_members(alice, bob, olga) -> None:
    conversation, _ = services.open_direct(alice, user_id=bob.id)
    console = Client()
    console.force_login(olga)

    answers = [
        console.post(f"/admin/conversations/conversation/{conversation.id}/{deed}/", {"post": "yes"})
        for deed in ("change", "delete")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert Conversation.objects.filter(id=conversation.id, deleted_at__isnull=True).exists()
