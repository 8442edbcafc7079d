"""What an older installation holds is judged by the rules of text of today: migrations bring it over."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django_tasks_db.models import DBTaskResult

from accounts.models import NameWord
from chatproject.common.errors import Refusal
from conversations import services as conversations
from conversations.models import Conversation, Membership
from messaging import services
from messaging.models import Message, Reaction
from messaging.reindexing import reindex_search
from messaging.wire.writing import NewMessage

pytestmark = pytest.mark.django_db(transaction=True)

HEART, BARE_HEART, DASH = "\u2764\ufe0f", "\u2764", "\u2014"


@pytest.fixture
def message(alice, bob):
    group = conversations.create_group(
        alice, name="Friends", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    services.send_message(alice, conversation_id=group.id, message=NewMessage("Hello"))
    return Message.objects.get()


def migrate(app: str, name: str, step: str) -> None:
    """Do what this migration does with the rows that there are."""
    migration = import_module(f"{app}.migrations.{name}")
    getattr(migration, step)(apps, SimpleNamespace(connection=connection))


def test_reactions_with_one_emoji_in_two_spellings_are_joined(alice, bob, message):
    for user, emoji in ((alice, BARE_HEART), (bob, HEART), (bob, BARE_HEART), (alice, DASH)):
        Reaction.objects.create(message=message, user=user, emoji=emoji)

    for _ in range(2):
        migrate("messaging", "0002_one_spelling_per_emoji", "respell")
        message.refresh_from_db()
        assert message.reactions == {
            HEART: {"count": 2, "user_ids": [str(alice.id), str(bob.id)]},
            DASH: {"count": 1, "user_ids": [str(alice.id)]},
        }
    assert Reaction.objects.count() == 3


def test_a_reaction_that_is_no_emoji_any_more_can_be_taken_back(bob, message):
    Reaction.objects.create(message=message, user=bob, emoji=DASH)
    Message.objects.update(reactions={DASH: {"count": 1, "user_ids": [str(bob.id)]}})

    services.remove_reaction(bob, message_id=message.id, emoji=DASH)

    message.refresh_from_db()
    assert (message.reactions, Reaction.objects.count()) == (None, 0)


def test_messages_of_before_are_found_once_the_task_went_through_them(message):
    Message.objects.update(content="Hello ❤️ ١٢", words="hello")

    migrate("messaging", "0003_reindex_search", "enqueue")
    assert DBTaskResult.objects.filter(task_path="messaging.reindexing.reindex_search", status="READY").count() == 1
    reindex_search.func()

    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM messaging_message")
        (kept,) = cursor.fetchone()
    assert set(kept.replace("'", "").split()) == {"hello", "❤", "12"}


def test_people_of_before_are_found(alice, bob):
    before = set(NameWord.objects.values_list("user_id", "word"))
    NameWord.objects.filter(user=alice).delete()

    for _ in range(2):
        migrate("accounts", "0006_name_words", "fill")
        assert set(NameWord.objects.values_list("user_id", "word")) == before


def test_a_public_name_that_looks_like_another_is_refused_and_those_of_before_stay(alice, bob):
    first = conversations.create_channel(alice, name="News", description="", history="all")
    for name in ("News", "NEWS", "N\u0435ws"):
        with pytest.raises(Refusal, match="conflict"):
            conversations.create_channel(bob, name=name, description="", history="all")
    second = conversations.create_channel(bob, name="Sports", description="", history="all")
    with pytest.raises(Refusal, match="conflict"):
        conversations.edit_conversation(Membership.objects.of(bob, second.id), changes={"name": "news"})
    Conversation.objects.filter(id=second.id).update(name="news", name_skeleton=None)

    migrate("conversations", "0002_public_names", "fill")
    assert Conversation.objects.get(id=second.id).name_skeleton is None
    conversations.delete_conversation(Membership.objects.of(alice, first.id))
    assert conversations.create_channel(alice, name="News", description="", history="all")
