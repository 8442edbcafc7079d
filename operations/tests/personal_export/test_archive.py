"""The archive of everything that a person has here: all of it, and nothing of others."""

import io
import json
import tracemalloc
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services as accounts
from accounts import tokens
from accounts.models import Device
from conftest import PASSWORD
from conversations import services as conversations
from conversations.models import Conversation, Membership
from encryption.models import KeyBackup
from media.tests.avatars import put
from media.tests.uploads import bring
from messaging import services as messaging
from messaging.moderation import services as moderation
from messaging.wire.writing import MessageChange
from operations.personal_export.archive import write_archive
from operations.tests.personal_export.exports import (
    FILES,
    downloaded,
    group,
    lines,
    made,
    unpacked,
    write,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_archive_holds_all_that_a_person_has_here(sign_in, alice, bob, carol) -> None:
    client = sign_in(alice, device_name="Alice's laptop", address="192.0.2.7")
    assert put(client).status_code == 204
    accounts.register_device(client.session, provider="fcm", token="a phone", name="Alice's phone")
    accounts.block(alice, carol.id)
    friends = group(alice, bob)
    first, second, gone = write(alice, friends, "First", "Secnod", "Regretted", metadata={"mood": "fine"})
    messaging.edit_message(alice, message_id=second.id, change=MessageChange("Second"))
    messaging.delete_message(alice, message_id=gone.id)
    (answer,) = write(bob, friends, "What?")
    (reply,) = write(alice, friends, "Yes", reply_to=answer)
    messaging.add_reaction(alice, message_id=answer.id, emoji="\N{THUMBS UP SIGN}")
    messaging.add_reaction(bob, message_id=first.id, emoji="\N{THUMBS UP SIGN}")
    moderation.report_message(alice, message_id=answer.id, reason="spam", comment="Really?")
    client.patch("/api/v1/notifications/preferences/", {"time_zone": "Europe/Berlin", "language": "de"})
    KeyBackup.objects.create(user=alice, version=3, blob={"v": 1}, updated_at=timezone.now())
    key = Membership.objects.of(alice, friends.id)
    conversations.edit_own_membership(key, changes={"nickname": "Al", "notify": "mentions", "is_pinned": True})
    conversations.edit_own_membership(Membership.objects.of(bob, friends.id), changes={"nickname": "Bobby"})

    found = unpacked(downloaded(client, made(client)))

    assert sorted(found) == sorted([*FILES, "media/avatar.webp"])
    profile = json.loads(found["profile.json"])
    assert (profile["id"], profile["username"], profile["full_name"]) == (str(alice.id), "alice", "Alice Adams")
    assert (profile["email"], profile["presence"]) == ("alice@example.org", "contacts")
    assert profile["created_at"].endswith("Z")
    (session,) = lines(found["sessions.jsonl"])
    assert (session["device_name"], session["address"], session["ended_at"]) == ("Alice's laptop", "192.0.2.7", None)
    (device,) = lines(found["devices.jsonl"])
    assert (device["provider"], device["name"]) == ("fcm", "Alice's phone")
    (block,) = lines(found["blocks.jsonl"])
    assert block["blocked_id"] == str(carol.id)
    (membership,) = lines(found["memberships.jsonl"])
    assert (membership["conversation_id"], membership["kind"], membership["name"]) == (
        str(friends.id),
        "group",
        "Friends",
    )
    assert (membership["role"], membership["nickname"], membership["notify"]) == ("owner", "Al", "mentions")
    assert membership["is_pinned"]
    (reaction,) = lines(found["reactions.jsonl"])
    assert (reaction["message_id"], reaction["emoji"]) == (str(answer.id), "\N{THUMBS UP SIGN}")
    (notice,) = lines(found["notifications.jsonl"])
    assert (notice["kind"], notice["actor_id"], notice["message_id"]) == ("reaction", str(bob.id), str(first.id))
    (preference,) = lines(found["preferences.jsonl"])
    assert (preference["time_zone"], preference["language"]) == ("Europe/Berlin", "de")
    (backup,) = lines(found["key_backup.jsonl"])
    assert (backup["version"], backup.keys()) == (3, {"version", "updated_at"})
    (report,) = lines(found["reports.jsonl"])
    assert (report["message_id"], report["comment"]) == (str(answer.id), "Really?")
    (revision,) = lines(found["revisions.jsonl"])
    assert (revision["message_id"], revision["content"]) == (str(second.id), "Secnod")
    messages = lines(found["messages.jsonl"])
    assert [message["content"] for message in messages] == ["First", "Second", "", "Yes"]
    assert [message["metadata"] for message in messages] == [{"mood": "fine"}, {"mood": "fine"}, None, None]
    assert [bool(message["edited_at"]) for message in messages] == [False, True, False, False]
    assert [bool(message["deleted_at"]) for message in messages] == [False, False, True, False]
    assert messages[3]["reply_to_id"] == str(answer.id)
    assert [message["id"] for message in messages] == [str(one.id) for one in (first, second, gone, reply)]
    changes = lines(found["changes.jsonl"])
    assert [change["kind"] for change in changes] == [
        "member.added",
        "member.added",
        "message.updated",
        "message.deleted",
        "reaction.added",
        "member.updated",
    ]
    assert changes[1]["subject_id"] == str(bob.id)
    assert changes[2]["message_id"] == str(second.id)
    assert found["media/avatar.webp"][:4] == b"RIFF"
    readme = found["README.txt"].decode()
    assert "alice" in readme
    assert all(name in readme for name in found if name != "README.txt")


def test_it_holds_the_files_they_sent_and_no_others(sign_in, alice, bob) -> None:
    friends = group(alice, bob)
    mine = bring(sign_in(alice), friends, b"The plan", name="../plan.txt").json()
    bring(sign_in(bob), friends, b"His plan")
    client = sign_in(alice)

    found = unpacked(downloaded(client, made(client)))

    (row,) = lines(found["uploads.jsonl"])
    assert (row["id"], row["filename"], row["size"]) == (mine["id"], "plan.txt", 8)
    assert {name: content for name, content in found.items() if name.startswith("media/")} == {
        f"media/files/{mine['id']}.txt": b"The plan"
    }


def test_who_has_nothing_gets_an_archive_too(sign_in, carol) -> None:
    client = sign_in(carol)
    assert sorted(unpacked(downloaded(client, made(client)))) == FILES


def test_nothing_of_others_and_no_secret_is_in_it(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    bobs = sign_in(bob, device_name="Canary laptop", address="198.51.100.99")
    accounts.register_device(client.session, provider="fcm", token="canary-device-token")
    accounts.register_device(bobs.session, provider="fcm", token="another-token", name="Canary phone")
    accounts.issue_ticket(client.session)
    friends = group(bob, alice)
    (asked,) = write(bob, friends, "A canary sings")
    write(alice, friends, "Own words", reply_to=asked)
    accounts.block(bob, alice.id)
    accounts.change_profile(bob, bio="Canary bio")
    alice.refresh_from_db()
    device = Device.objects.get(user=alice)

    content = downloaded(client, made(client))

    everything = b"\n".join(unpacked(content).values())
    theirs = [b"canary", b"Canary", b"bob", b"Bob", b"198.51.100.99", b"another-token"]
    secrets = [alice.password, device.token, device.token_hash, client.access, tokens.refresh_token(client.session)]
    secrets += [secret.rsplit(".", 1)[1] for secret in secrets[3:]]
    secrets += [tokens.cookie_token("chat_files", client.session).split(".")[1], PASSWORD]
    assert b"Own words" in everything
    assert [word for word in [*theirs, *(secret.encode() for secret in secrets)] if word in everything] == []
    bobs_own = b"\n".join(unpacked(downloaded(bobs, made(bobs))).values())
    assert [word for word in theirs if word not in bobs_own] == [b"another-token"]


def test_a_conversation_that_was_left_has_no_name(sign_in, alice, bob) -> None:
    left, ended, kept = group(bob, alice), group(bob, alice), group(bob, alice)
    conversations.leave(Membership.objects.of(alice, left.id))
    conversations.delete_conversation(Membership.objects.of(bob, ended.id))
    Conversation.objects.update(name="Renamed since")
    client = sign_in(alice)

    rows = lines(unpacked(downloaded(client, made(client)))["memberships.jsonl"])

    named = {row["conversation_id"]: row["name"] for row in rows}
    assert named == {str(left.id): None, str(ended.id): None, str(kept.id): "Renamed since"}


# --- Much of it -------------------------------------------------------------------------------------------------
def test_ten_thousand_long_messages_need_no_more_memory(alice, bob) -> None:
    friends = group(alice, bob)
    for _ in range(10):
        write(alice, friends, *["0123456789" * 500] * 1000)
    tracemalloc.start()
    try:
        file = io.BytesIO()
        write_archive(alice, file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    with zipfile.ZipFile(file) as opened:
        assert opened.getinfo("messages.jsonl").file_size > 50_000_000
    assert peak < 15_000_000


def test_queries_do_not_grow_with_conversations(alice, bob, settings) -> None:
    settings.RATE_CONVERSATIONS = settings.RATE_STRANGERS = settings.RATE_ADDED = "1000/s"
    counts = []
    for more in (1, 30):
        for _ in range(more):
            write(alice, group(alice, bob), "Hello")
        with CaptureQueriesContext(connection) as queries:
            write_archive(alice, io.BytesIO())
        counts.append(len(queries))

    assert counts[0] == counts[1] < 30
