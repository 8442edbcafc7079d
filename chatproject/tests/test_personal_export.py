"""The archive of everything that a person has here: all of it, nothing of others, and gone after a week."""

import asyncio
import io
import json
import threading
import time
import tracemalloc
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts import tokens
from accounts.models import Device, User
from accounts.tests.at_once import at_once
from chatproject import housekeeping, worker
from chatproject.common.errors import Refusal
from chatproject.common.files import BlockwiseResponse
from chatproject.common.models import AuditEntry
from chatproject.models import PersonalExport
from chatproject.personal_export import archive, keeping, making
from chatproject.personal_export.archive import write_archive
from chatproject.tests.server import Server
from chatproject.worker import ChatWorker, take_back
from conftest import PASSWORD
from conversations import services as conversations
from conversations.models import Conversation, Membership
from encryption.models import KeyBackup
from media.tests.avatars import put
from media.tests.uploads import bring
from messaging import services as messaging
from messaging.models import Message
from messaging.tests.client import Person, http
from messaging.tests.conftest import GENEROUS
from messaging.wire.writing import MessageChange

pytestmark = pytest.mark.django_db(transaction=True)

EXPORT = "/api/v1/users/me/export/"
FILES = ["README.txt", "blocks.jsonl", "changes.jsonl", "devices.jsonl", "memberships.jsonl", "messages.jsonl"]
FILES += ["profile.json", "reactions.jsonl", "reports.jsonl", "revisions.jsonl", "sessions.jsonl", "uploads.jsonl"]
FILES += ["key_backup.jsonl", "notifications.jsonl", "preferences.jsonl"]
FILES.sort()


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path) -> None:
    """Files of this test alone."""
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


def files() -> list[Path]:
    """What lies in the storage."""
    return sorted(Path(default_storage.path("exports")).glob("*"))


def work() -> None:
    """Run what is queued, failed tasks too."""
    DBTaskResult.objects.filter(status="READY").update(run_after=timezone.now() - timedelta(seconds=1))
    while ChatWorker().run_next():
        pass


def made(client) -> dict:
    """The state of an export that was asked for and made."""
    answer = client.post(EXPORT)
    assert answer.status_code == 202, answer.content
    work()
    return client.get(f"{EXPORT}{answer.json()['id']}/").json()


def downloaded(client, state: dict) -> bytes:
    answer = client.get(state["download_url"])
    assert answer.status_code == 200
    return answer.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """What is in an archive, by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def lines(content: bytes) -> list[dict]:
    return [json.loads(line) for line in content.splitlines()]


def group(owner: User, *others: User, name: str = "Friends") -> Conversation:
    return conversations.create_group(
        owner,
        name=name,
        description="",
        member_ids=[other.id for other in others],
        history="all",
        members_can_invite=False,
    )


def write(sender: User, conversation: Conversation, *contents: str, **more: object) -> list[Message]:
    """Messages at the next places of a conversation, without the writer."""
    place = Message.objects.filter(conversation=conversation).count() + 1000
    return Message.objects.bulk_create(
        [
            Message(
                conversation=conversation,
                seq=place + number,
                number=place + number,
                changed_seq=place + number,
                sender=sender,
                client_id=f"{conversation.id}-{place + number}",
                body_hash=b"",
                content=content,
                **more,
            )
            for number, content in enumerate(contents)
        ],
        batch_size=500,
    )


# --- What is in it ----------------------------------------------------------------------------------------------
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
    messaging.report_message(alice, message_id=answer.id, reason="spam", comment="Really?")
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


# --- The doors --------------------------------------------------------------------------------------------------
def test_an_export_is_queued_then_done(sign_in, alice) -> None:
    client = sign_in(alice)

    queued = client.post(EXPORT).json()
    work()
    done = client.get(f"{EXPORT}{queued['id']}/").json()

    assert (queued["status"], queued["progress"], queued["download_url"]) == ("queued", 0, None)
    assert (queued["size"], queued["finished_at"], queued["expires_at"]) == (None, None, None)
    assert (done["status"], done["progress"]) == ("done", 100)
    assert done["download_url"] == f"http://testserver{EXPORT}{done['id']}/archive/"
    assert done["size"] == len(downloaded(client, done)) == files()[0].stat().st_size
    assert files()[0].name == f"{done['id']}.zip"
    export = PersonalExport.objects.get()
    assert export.expires_at - export.finished_at == timedelta(days=7)
    assert client.get(EXPORT).json()["results"] == [done]


def test_an_archive_is_an_attachment_for_nobody_to_keep(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)

    answer = client.get(state["download_url"], HTTP_ACCEPT="text/html")

    assert answer.headers["Content-Type"] == "application/zip"
    name = f"chat-export-alice-{state['created_at'][:10]}.zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert set(answer.headers["Cache-Control"].split(", ")) == {"private", "no-store"}
    assert int(answer.headers["Content-Length"]) == state["size"]


def test_a_name_beyond_ascii_is_written_as_rfc_6266_says(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    User.objects.filter(id=alice.id).update(username="älice")

    disposition = client.get(state["download_url"]).headers["Content-Disposition"]

    date = state["created_at"][:10]
    plain, whole = f"chat-export-alice-{date}.zip", f"chat-export-%C3%A4lice-{date}.zip"
    assert disposition == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"


def test_a_download_that_broke_off_goes_on(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    whole = client.get(state["download_url"])

    rest = client.get(state["download_url"], headers={"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})

    assert rest.status_code == 206
    assert rest.getvalue() == whole.getvalue()[100:]


def test_an_archive_leaves_block_by_block(sign_in, alice) -> None:
    content = b"0123456789abcdef" * 20_000
    answer = BlockwiseResponse(io.BytesIO(content))

    async def blocks() -> list[bytes]:
        return [block async for block in answer]

    sent = asyncio.run(blocks())

    assert b"".join(sent) == content
    assert {len(block) for block in sent[:-1]} == {BlockwiseResponse.block_size}


def test_a_browser_shows_its_cookie(api, sign_in, alice, bob) -> None:
    client = sign_in(alice)
    state = made(client)
    url = state["download_url"]

    answers = []
    for session in (client.session, sign_in(bob).session):
        api.cookies["chat_files"] = tokens.cookie_token("chat_files", session)
        answers.append([api.get(url).status_code, api.get(EXPORT).status_code, api.post(EXPORT).status_code])

    assert answers == [[200, 401, 401], [404, 401, 401]]
    del api.cookies["chat_files"]
    api.cookies["chat_pictures"] = tokens.cookie_token("chat_pictures", client.session)
    assert api.get(url).status_code == 401, "that one is for pictures"


def test_nobody_else_finds_it(api, sign_in, alice, bob, olga) -> None:
    client = sign_in(alice)
    state = made(client)
    urls = [f"{EXPORT}{state['id']}/", state["download_url"]]

    assert [client.get(url).status_code for url in urls] == [200, 200]
    assert [sign_in(one).get(url).status_code for one in (bob, olga) for url in urls] == [404] * 4
    assert sign_in(bob).get(EXPORT).json()["results"] == []
    assert [api.get(url).status_code for url in (EXPORT, *urls)] == [401] * 3
    assert api.post(EXPORT).status_code == 401


def test_what_is_not_done_or_has_expired_cannot_be_downloaded(sign_in, alice) -> None:
    client = sign_in(alice)
    url = f"{EXPORT}{client.post(EXPORT).json()['id']}/"

    before = client.get(f"{url}archive/").status_code
    work()
    done = client.get(f"{url}archive/").status_code
    PersonalExport.objects.update(expires_at=timezone.now())

    assert (before, done) == (404, 200)
    assert [client.get(one).status_code for one in (url, f"{url}archive/")] == [404, 404]
    assert client.get(EXPORT).json()["results"] == []


def test_a_file_that_is_lost_is_not_found(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    files()[0].unlink()
    assert client.get(state["download_url"]).status_code == 404


def test_asking_again_while_one_is_made_gives_that_one(sign_in, alice, bob) -> None:
    client = sign_in(alice)

    ids = {client.post(EXPORT).json()["id"] for _ in range(5)}
    ids |= {str(export.id) for export in at_once(4, lambda: making.request_export(alice))}

    assert ids == {str(PersonalExport.objects.get().id)}
    assert DBTaskResult.objects.count() == 1
    assert sign_in(bob).post(EXPORT).status_code == 202


def test_of_many_first_requests_at_once_one_counts(alice) -> None:
    exports = at_once(6, lambda: making.request_export(alice))

    assert len({export.id for export in exports}) == 1
    assert DBTaskResult.objects.count() == 1


def test_there_are_three_a_day(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    for _ in range(3):
        made(client)

    answer = client.post(EXPORT)

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    assert PersonalExport.objects.count() == 3
    assert sign_in(bob).post(EXPORT).status_code == 202


def test_who_is_being_erased_begins_none(alice) -> None:
    User.objects.filter(id=alice.id).update(is_active=False)
    assert at_once(1, lambda: making.request_export(alice)) == ["token_invalid"]


def test_an_operator_sees_how_it_goes_and_nothing_of_it(sign_in, alice, olga) -> None:
    made(sign_in(alice))
    export = PersonalExport.objects.get()
    console = Browser()
    console.force_login(olga)
    place = "/admin/chatproject/personalexport/"

    shown = [console.get(f"{place}?status__exact=done"), console.get(f"{place}{export.id}/change/")]
    deeds = [console.post(f"{place}{deed}/", {"post": "yes"}) for deed in (f"{export.id}/delete", "add")]

    assert [b"alice" in page.content for page in shown] == [True, True]
    assert not any(b"archive" in page.content or b".zip" in page.content for page in shown)
    assert [answer.status_code for answer in deeds] == [403, 403]
    assert b"alice" not in console.get(f"{place}?status__exact=failed").content.split(b"result_list")[-1]


# --- Made safely ------------------------------------------------------------------------------------------------
def test_making_it_twice_leaves_the_first(sign_in, alice) -> None:
    client = sign_in(alice)
    state = made(client)
    before = files()[0].read_bytes()

    DBTaskResult.objects.update(status="READY")
    work()

    assert [path.read_bytes() for path in files()] == [before]
    assert client.get(f"{EXPORT}{state['id']}/").json() == state


def test_of_two_attempts_at_the_same_time_one_counts(sign_in, alice, monkeypatch) -> None:
    client = sign_in(alice)
    state = client.post(EXPORT).json()
    store = making._store

    def slow(export_id, file):
        """Stored, when another worker that believed this one dead has finished."""
        monkeypatch.setattr(making, "_store", store)
        name = store(export_id, file)
        making._make(PersonalExport.objects.get())
        return name

    monkeypatch.setattr(making, "_store", slow)
    work()

    export = PersonalExport.objects.get()
    assert [path.name for path in files()] == [Path(export.archive).name]
    assert unpacked(downloaded(client, client.get(f"{EXPORT}{state['id']}/").json()))


def test_a_killed_worker_leaves_nothing_for_long(sign_in, alice) -> None:
    client = sign_in(alice)
    state = client.post(EXPORT).json()
    default_storage.save(f"exports/{state['id']}.zip", io.BytesIO(b"PK half a file"))
    PersonalExport.objects.update(status="running", progress=40)
    DBTaskResult.objects.get().claim("a worker that was killed")

    seen = client.get(f"{EXPORT}{state['id']}/archive/").status_code
    housekeeping.tidy(threading.Event())
    meanwhile = len(files())
    take_back(DBTaskResult.objects.filter(status="RUNNING"))
    work()
    housekeeping.tidy(threading.Event())

    assert (seen, meanwhile) == (404, 1)
    assert len(files()) == 1
    assert unpacked(downloaded(client, client.get(f"{EXPORT}{state['id']}/").json()))


def test_what_fails_is_tried_again_and_then_has_failed(sign_in, alice, monkeypatch) -> None:
    client = sign_in(alice)
    state = client.post(EXPORT).json()
    save = default_storage.save

    def full(name, content):
        save(name, io.BytesIO(b"PK half a file"))
        raise OSError("No space left on device")

    monkeypatch.setattr(default_storage._wrapped, "save", full)
    seen = []
    for _ in range(worker.MAX_ATTEMPTS):
        work()
        seen.append(client.get(f"{EXPORT}{state['id']}/").json()["status"])
    monkeypatch.undo()

    assert seen == ["running"] * (worker.MAX_ATTEMPTS - 1) + ["failed"]
    assert files() == []
    assert DBTaskResult.objects.get().status == "FAILED"
    failed = client.get(f"{EXPORT}{state['id']}/").json()
    assert (failed["download_url"], failed["size"]) == (None, None)
    assert made(client)["status"] == "done"


def test_what_kills_its_workers_is_given_up(sign_in, alice) -> None:
    client = sign_in(alice)
    client.post(EXPORT)
    for number in range(worker.MAX_ATTEMPTS):
        DBTaskResult.objects.get().claim(f"worker {number}")

    housekeeping.tidy(threading.Event())
    while_running = PersonalExport.objects.get().status
    take_back(DBTaskResult.objects.filter(status="RUNNING"))
    housekeeping.tidy(threading.Event())

    assert while_running == "queued"
    assert PersonalExport.objects.get().status == "failed"
    assert made(client)["status"] == "done"


def test_what_is_about_to_be_tried_again_is_not_given_up(sign_in, alice) -> None:
    sign_in(alice).post(EXPORT)
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())

    housekeeping.tidy(threading.Event())

    assert PersonalExport.objects.get().status == "queued"


def test_others_write_while_it_is_made_and_its_progress_is_seen(sign_in, alice, bob, monkeypatch) -> None:
    friends = group(alice, bob)
    write(alice, friends, *["Hello"] * 100)
    seen, waits = [], []

    def meanwhile(percent: int) -> None:
        began = time.monotonic()
        write(bob, friends, "Do I have to wait?")
        waits.append(time.monotonic() - began)
        time.sleep(0.1)
        seen.append((percent, PersonalExport.objects.get().progress))
        connection.close()

    def watched(user, file, report) -> None:
        def watch(percent: int) -> None:
            report(percent)
            if percent % 25 == 0:
                thread = threading.Thread(target=meanwhile, args=[percent])
                thread.start()
                thread.join()

        write_archive(user, file, watch)

    stop = threading.Event.wait
    monkeypatch.setattr(
        threading.Event, "wait", lambda self, timeout=None: stop(self, 0.01 if timeout == 1 else timeout)
    )
    monkeypatch.setattr(making, "write_archive", watched)
    monkeypatch.setattr(archive, "CHUNK", 10)
    state = made(sign_in(alice))

    assert state["status"] == "done"
    assert {25, 50, 75} <= {percent for percent, _ in seen}
    assert all(percent == shown for percent, shown in seen)
    assert max(waits) < 1


# --- How it ends ------------------------------------------------------------------------------------------------
def test_after_a_week_row_and_file_are_gone(sign_in, alice, bob) -> None:
    made(sign_in(alice))
    PersonalExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    kept = made(sign_in(bob))

    housekeeping.tidy(threading.Event())

    assert str(PersonalExport.objects.get().id) == kept["id"]
    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_whose_account_is_deleted_leaves_no_file(sign_in, alice, bob) -> None:
    made(sign_in(alice))
    kept = made(sign_in(bob))
    User.objects.get(id=alice.id).delete()

    housekeeping.tidy(threading.Event())

    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_whoever_is_erased_takes_their_exports_along(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    made(client)
    client.post(EXPORT)
    kept = made(sign_in(bob))

    accounts.erase(alice)

    assert str(PersonalExport.objects.get().id) == kept["id"]
    assert [path.name for path in files()] == [f"{kept['id']}.zip"]


def test_files_stay_when_an_erasure_is_undone(sign_in, alice, monkeypatch) -> None:
    client = sign_in(alice)
    state = made(client)
    monkeypatch.setattr(accounts.deletion, "look_again_at", lambda user: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        accounts.erase(alice)

    assert unpacked(downloaded(client, state))


def test_who_is_erased_while_it_is_made_leaves_nothing(sign_in, alice, monkeypatch) -> None:
    sign_in(alice).post(EXPORT)
    store = making._store

    def late(export_id, file):
        accounts.erase(alice)
        return store(export_id, file)

    monkeypatch.setattr(making, "_store", late)
    work()

    assert not PersonalExport.objects.exists()
    assert files() == []
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


def test_in_slices_too_the_right_files_stay(sign_in, alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(keeping, "SLICE", 2)
    client = sign_in(alice)
    kept = {f"{made(client)['id']}.zip" for _ in range(2)}
    for number in range(5):
        default_storage.save(f"exports/0190163d-8694-739b-aea5-966c26f8ad9{number}.zip", io.BytesIO(b"PK"))

    keeping.delete_leftovers()

    assert {path.name for path in files()} == kept


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


# --- On a real server -------------------------------------------------------------------------------------------
def test_on_a_real_server_it_is_asked_for_made_and_taken_away() -> None:
    with Server(env=GENEROUS) as server:
        alice, bob = Person(server, "alice"), Person(server, "bob")
        friends = alice.group(bob)
        for number in range(30):
            alice.write(friends, f"Hers {number}")
            bob.write(friends, f"His {number}")
        written = {message["id"]: message for message in alice.history(friends)}

        url = f"users/me/export/{alice.post('users/me/export/')['id']}/"
        deadline = time.monotonic() + 60
        while (state := alice.get(url))["status"] != "done":
            assert state["status"] in ("queued", "running")
            assert time.monotonic() < deadline, server.log
            time.sleep(0.1)
        answer = http.get(state["download_url"], headers=alice.headers)

        found = unpacked(answer.content)
        mine = lines(found["messages.jsonl"])
        assert [message["content"] for message in mine] == [f"Hers {number}" for number in range(30)]
        for message in mine:
            assert written[message["id"]]["seq"] == message["seq"]
        assert b"His" not in b"".join(found.values())
        assert len(answer.content) == state["size"]
        assert bob.code("GET", url) == "not_found"
        assert bob.call("GET", f"{url}archive/").status_code == 404
        (path,) = (server.data_dir / "uploads" / "exports").glob("*")
        assert path.stat().st_mode & 0o777 == 0o600
        assert "fault" not in server.log


def test_an_operator_asks_for_somebody_and_takes_it_away_and_both_are_written_down(alice, bob, olga) -> None:
    group(alice, bob)
    console = Browser()
    console.force_login(olga)
    page = "/admin/chatproject/personalexport/"
    asked = {"_form_submitted": "True", "person": "alice", "reason": "A letter by alice"}

    console.post(f"{page}ask/", asked)
    export = PersonalExport.objects.get()
    early = console.get(f"{page}{export.id}/download/")
    work()
    taken = console.get(f"{page}{export.id}/download/")

    assert export.user == alice
    assert early.status_code == 302
    assert unpacked(b"".join(taken.streaming_content))
    assert "attachment" in taken.headers["Content-Disposition"]
    entries = AuditEntry.objects.order_by("number").values_list("action", "subject_id", "reason")
    assert list(entries) == [("export.request", alice.id, "A letter by alice"), ("export.download", alice.id, "")]
    console.post(f"{page}ask/", {**asked, "person": "nobody at all"})
    assert PersonalExport.objects.count() == 1


def test_an_operator_deletes_an_account_as_its_person_would(alice, bob, olga, sign_in) -> None:
    hers = sign_in(alice)

    erase_at = accounts.request_deletion_of(olga, alice, reason="A letter by alice")

    alice.refresh_from_db()
    assert alice.erase_at == erase_at == accounts.request_deletion_of(olga, alice)
    assert hers.get("/api/v1/users/me/").status_code == 401
    assert AuditEntry.objects.filter(action="person.delete", subject_id=alice.id).count() == 2
    for operator, user in ((olga, olga), (bob, olga)):
        with pytest.raises(Refusal):
            accounts.request_deletion_of(operator, user)
