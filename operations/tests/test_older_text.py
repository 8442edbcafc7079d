"""What an older installation holds is judged by the rules of text of today: migrations bring it over."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CharField, JSONField, Model, TextField
from django.test import Client
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts.models import NameWord, Registration, User
from chatproject.tests.test_texts import HOSTILE, INVISIBLE, UNSEEN
from common import audit
from common.clock import now
from common.errors import Refusal
from common.models import AuditEntry
from common.text import clean_text
from conversations import services as conversations
from conversations.models import Ban, Conversation, Membership
from encryption.models import KeyDevice
from messaging import services
from messaging.models import Filter, Message, Reaction
from messaging.moderation import services as moderation
from messaging.search.reindexing import reindex_search
from messaging.wire.writing import NewMessage
from notifications.models import Notice
from operations import cleaning
from operations.tests.refusing import refusing

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
    assert (
        DBTaskResult.objects.filter(task_path="messaging.search.reindexing.reindex_search", status="READY").count() == 1
    )
    reindex_search.func()

    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM messaging_message")
        (kept,) = cursor.fetchone()
    assert set(kept.replace("'", "").split()) == {"hello", "❤", "12"}


def test_people_of_before_are_found(alice, bob):
    before = set(NameWord.objects.values_list("user_id", "word"))
    NameWord.objects.filter(user=alice).delete()

    for _ in range(2):
        migrate("accounts", "0007_fill_name_words", "fill")
        assert set(NameWord.objects.values_list("user_id", "word")) == before


def test_a_public_name_that_looks_like_another_is_refused_and_those_of_before_stay(alice, bob):
    first = conversations.create_channel(alice, name="Big News", description="", history="all")
    for name in ("Big News", "BIG NEWS", "Big N\u0435ws", "Big  News", "Big\u2800News", "Big News\u2800"):
        with pytest.raises(Refusal, match="conflict"):
            conversations.create_channel(bob, name=name, description="", history="all")
    conversations.create_channel(alice, name="MUSIC", description="", history="all")
    with pytest.raises(Refusal, match="conflict"):
        conversations.create_channel(bob, name="Music", description="", history="all")
    second = conversations.create_channel(bob, name="Sports", description="", history="all")
    with pytest.raises(Refusal, match="conflict"):
        conversations.edit_conversation(Membership.objects.of(bob, second.id), changes={"name": "big news"})
    Conversation.objects.filter(id=second.id).update(name="big news", name_skeleton=None)

    migrate("conversations", "0004_fill_public_names", "fill")
    assert Conversation.objects.get(id=second.id).name_skeleton is None
    conversations.delete_conversation(Membership.objects.of(alice, first.id))
    assert conversations.create_channel(alice, name="Big News", description="", history="all")


NOT_CLEANED = {
    # compared, addressed or proved, never read by people
    *("username_key", "username_skeleton", "name_skeleton", "pair_key", "word", "words", "client_id", "edit_id"),
    *("hash", "audit_hash", "token", "token_hash", "secret_hash", "name_hash", "held_for", "digest", "password"),
    *("bundle", "proof", "blob", "envelope", "public_key", "places", "time_zone", "language", "last_language"),
    # checked for what they are since the first version
    *("username", "email", "address", "emoji", "pattern", "filename", "mime_type"),
    # written by the server
    *(
        "avatar_url",
        "placeholder",
        "waveform",
        "action",
        "subject",
        "origin",
        "facts",
        "archive",
        "drill_result",
        "copy_note",
    ),
    *("mentions", "reactions", "attachments"),
    *("Change.data", "Process.name", "Push.reason", "Backup.name", "Backup.note"),
    # a message's own text is a block of its own, and apps read their own data
    *("content", "metadata"),
    # in the chain of hashes: cleaned where it is shown
    "AuditEntry.reason",
}
OURS = [model for model in apps.get_models() if not model.__module__.startswith("django")]


def test_every_text_of_every_row_is_cleaned_or_says_why_not():
    texts = {
        f"{model.__name__}.{field.name}"
        for model in OURS
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | TextField | JSONField) and not field.choices
    }
    cleaned = {f"{model.__name__}.{name}" for model, fields in cleaning.CLEANED for name in fields}

    assert cleaned <= texts
    left = texts - cleaned - NOT_CLEANED
    assert {text for text in left if text.partition(".")[2] not in NOT_CLEANED} == set()


def test_the_audit_log_keeps_what_was_written_and_shows_it_clean(olga):
    audit.record("person.suspend", actor_id=olga.id, subject="person", subject_id=olga.id)
    AuditEntry.objects.update(reason=HOSTILE)
    console = Client()
    console.force_login(olga)

    for page in ("/admin/common/auditentry/", "/admin/common/auditentry/1/change/"):
        shown = console.get(page).content.decode()
        assert "AAA" in shown
        assert [one for one in UNSEEN if one in shown] == []


@pytest.fixture
def rows(alice, bob, message) -> None:
    """A row of each kind that people write something in."""
    session = accounts.open_session(alice)
    accounts.register_device(session, provider="fcm", token="a telephone")
    Registration.objects.create(email="member-1@example.org", username="member-1", username_key="member-1", password="")
    Ban.objects.create(conversation=message.conversation, user=bob)
    KeyDevice.objects.create(user=alice, session=session, encryption_key=b"", signing_key=b"", signature=b"")
    Filter.objects.create(kind="word", pattern="spam", action="flag")
    moderation.report_user(bob, user_id=alice.id, reason="spam")
    Notice.objects.create(user=alice, kind="warning", subject_id=alice.id, at=now())


def fill(text: str) -> None:
    """Have this text in all rows, as a version without rules took it."""
    for model, fields in cleaning.CLEANED:
        held = {name: text if name != "data" else {"name": text, "reason": text, "until": None} for name in fields}
        assert model._base_manager.update(**held), model


def held(model: type[Model]) -> list[dict]:
    return list(model._base_manager.order_by("pk").values(*dict(cleaning.CLEANED)[model]))


@pytest.mark.parametrize("text", [HOSTILE, *INVISIBLE])
def test_names_and_reasons_of_before_come_out_harmless(rows, monkeypatch, text):
    monkeypatch.setattr(cleaning, "BATCH", 1)
    monkeypatch.setattr(cleaning, "BATCHES_PER_TASK", 3)
    fill(text)
    said = {"line": "AAA AAAA B", "lines": clean_text(HOSTILE)} if text == HOSTILE else {"line": "", "lines": ""}

    migrate("operations", "0002_clean_older_text", "enqueue")
    turns = 0
    while task := DBTaskResult.objects.filter(status="READY", task_path__contains="clean_older_text").first():
        task.delete()
        cleaning.clean_older_text.func(*task.args_kwargs["args"])
        turns += 1

    assert turns > 3, "it hands over"
    lines = {"bio", "description", "reason", "comment", "decision_reason"}
    for model, fields in cleaning.CLEANED:
        for row in held(model):
            for name in fields:
                want = {"name": said["line"], "reason": said["lines"], "until": None} if name == "data" else None
                assert row[name] == (want or said["lines" if name in lines else "line"]), (model, name)


def test_one_that_cannot_be_cleaned_and_one_that_changes_meanwhile_are_left(alice, bob, carol, monkeypatch):
    User.objects.update(full_name=HOSTILE)
    clean = cleaning._clean

    def change_carol(row):
        if row == carol:
            User.objects.filter(id=carol.id).update(full_name="Carol")
        clean(row)

    monkeypatch.setattr(cleaning, "_clean", change_carol)
    with refusing(User, "id", alice.id, on="UPDATE"):
        cleaning.clean_older_text.func()

    names = dict(User.objects.values_list("username", "full_name"))
    assert names == {"alice": HOSTILE, "bob": "AAA AAAA B", "carol": "Carol"}
