"""One bad row stops nobody: of each queue and pass of the worker one item fails, and the others are done."""

import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError
from django_tasks_db.models import DBTaskResult

from accounts import services as accounts
from accounts.models import Device, Session, User
from common import isolation
from common.clock import now
from conversations import services as conversations
from conversations.models import Conversation, Membership
from media import services as media
from media.file_processor import FileProcessor
from media.models import Blob, Upload
from messaging.following.tail import LogFollower
from messaging.following.unread import newest_unread
from messaging.models import Tail
from messaging.reading.previews import previews_of
from messaging.services import send_message
from messaging.wire.writing import NewMessage
from messaging.writing.writer import writer
from notifications.models import Notice, Push
from notifications.providers import Outcome, Verdict
from notifications.push_sender import LOST, MAX_ATTEMPTS, PushSender, settle
from operations import erasure, housekeeping
from operations.models import Hour
from operations.tests.refusing import refusing
from operations.worker import LEASE, ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(days=3)


@pytest.fixture(autouse=True)
def stop_writer() -> Iterator[None]:
    """The writer's thread holds a connection, which would keep the test database."""
    yield
    writer.stop()


def group_of(owner, *others) -> Conversation:
    about = {"name": "Friends", "description": "", "history": "all", "members_can_invite": False}
    return conversations.create_group(owner, member_ids=[other.id for other in others], **about)


def say(sender, group, content="Hello") -> None:
    send_message(sender, conversation_id=group.id, message=NewMessage(content))


def told(user) -> int:
    return Notice.objects.filter(user=user, kind=Notice.Kind.MESSAGE).count()


# --- The worker's turn ------------------------------------------------------------------------------------------------
def test_a_step_that_fails_leaves_the_other_steps_their_turn(alice, bob) -> None:
    say(alice, group_of(alice))  # an hour to be counted
    erasure.erase_person.enqueue(str(bob.id))
    DBTaskResult.objects.get().claim("a worker that was killed")
    DBTaskResult.objects.update(started_at=now() - 2 * LEASE)
    leftover = Session.objects.create(user=bob, expires_at=now() - timedelta(days=90), device_name="")
    accounts.suspend(User.objects.get(pk=alice.pk), bob, until=now() + timedelta(seconds=5))
    User.objects.filter(pk=bob.pk).update(suspended_until=now())

    with refusing(Hour, "messages", 1, on="INSERT"):
        ChatWorker().maintain()

    assert DBTaskResult.objects.get().status == "READY", "taken back"
    assert User.objects.get(pk=bob.pk).is_active
    assert not Session.objects.filter(pk=leftover.pk).exists()


def test_a_task_that_cannot_be_claimed_keeps_no_other_of_its_queue(alice, bob) -> None:
    for user in (alice, bob):
        erasure.erase_person.enqueue(str(user.id))
    stuck = DBTaskResult.objects.ready().first()
    worker = ChatWorker()

    with refusing(DBTaskResult, "id", stuck.id, on="UPDATE"):
        with pytest.raises(DatabaseError):  # which its thread logs
            worker.run_next()
        assert worker.run_next()

    assert DBTaskResult.objects.get(status="SUCCESSFUL") != stuck


def test_a_task_that_cannot_be_taken_back_keeps_no_other_and_no_other_step(alice, bob) -> None:
    for user in (alice, bob):
        erasure.erase_person.enqueue(str(user.id))
    stuck, other = DBTaskResult.objects.all()
    DBTaskResult.objects.update(status="RUNNING", started_at=now() - 2 * LEASE, worker_ids=["one that was killed"])
    User.objects.filter(pk=bob.pk).update(is_active=False, suspended_until=now() - LONG_AGO)

    with refusing(DBTaskResult, "id", stuck.id, on="UPDATE"):
        ChatWorker().maintain()

    assert DBTaskResult.objects.get(pk=other.pk).status == "READY"
    assert User.objects.get(pk=bob.pk).is_active


def test_who_cannot_be_erased_keeps_nobody_else(alice, bob) -> None:
    User.objects.update(erase_at=now() - LONG_AGO)

    with refusing(User, "id", alice.id, on="UPDATE"):
        erasure.queue_due_erasures()

    (task,) = DBTaskResult.objects.all()
    assert task.args_kwargs["args"] == [str(bob.id)]


def test_who_cannot_be_let_in_again_keeps_nobody_else(alice, bob) -> None:
    User.objects.update(is_active=False, suspended_until=now() - LONG_AGO)

    with refusing(User, "id", alice.id, on="UPDATE"):
        accounts.restore_due()

    assert list(User.objects.filter(is_active=True)) == [bob]


# --- The tail ---------------------------------------------------------------------------------------------------------
def test_a_member_who_cannot_be_told_keeps_nobody_else(alice, bob, carol) -> None:
    group = group_of(alice, bob, carol)
    Membership.objects.filter(user=bob).update(notify="strange")
    say(alice, group)

    LogFollower().follow()

    assert (told(bob), told(carol)) == (0, 1)


def test_a_conversation_that_cannot_be_told_keeps_no_other_and_is_told_when_it_can_be(alice, bob) -> None:
    one, other = group_of(alice, bob), group_of(alice, bob)
    say(alice, one)
    say(alice, other)
    follower = LogFollower()

    with refusing(Tail, "conversation", one.id, on="INSERT"):
        while follower.follow():
            pass

        assert told(bob) == 1
        assert not follower.follow(), "it rests until the next comparison"
    LogFollower().follow()
    assert told(bob) == 2


# --- Pushes -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def phones(fcm, sign_in, bob, carol) -> None:
    for user in (bob, carol):
        accounts.register_device(sign_in(user).session, provider="fcm", token=f"the phone of {user}")


def pushes_of(alice, bob, carol) -> tuple[Push, Push]:
    """One for bob and one for carol."""
    say(alice, group_of(alice, bob, carol))
    LogFollower().follow()
    return Push.objects.get(device__user=bob), Push.objects.get(device__user=carol)


def send() -> None:
    """All that is due, until nothing is."""
    sender = PushSender(previews_of, newest_unread)
    while sender.send_due():
        sender.wait(15)
    sender.stop(15)


def test_a_push_that_cannot_be_judged_is_put_aside_and_no_other(alice, bob, carol, phones, fcm) -> None:
    bobs, _ = pushes_of(alice, bob, carol)
    Membership.objects.filter(user=bob).update(notify="strange")

    send()

    assert [push.token for push in fcm.taken] == ["the phone of carol"]
    assert list(Push.objects.dead()) == list(Push.objects.all()) == [bobs]
    assert Push.objects.get().reason == "fault", "an operator sees it"


def test_a_push_that_each_time_kills_its_worker_is_put_aside(alice, bob, carol, phones, fcm) -> None:
    bobs, _ = pushes_of(alice, bob, carol)
    Push.objects.filter(pk=bobs.pk).update(attempts=MAX_ATTEMPTS)

    send()

    assert [push.token for push in fcm.taken] == ["the phone of carol"]
    assert Push.objects.dead().get().reason == LOST.reason


def test_an_outcome_that_cannot_be_written_keeps_no_other(alice, bob, carol, phones) -> None:
    bobs, carols = pushes_of(alice, bob, carol)
    gone = Outcome(Verdict.GONE, "HTTP 404")

    with refusing(Device, "id", bobs.device_id, on="DELETE"):
        settle([(bobs, gone), (carols, gone)])

    assert list(Device.objects.all()) == [bobs.device]


# --- Sweeps -----------------------------------------------------------------------------------------------------------
def clean_up() -> None:
    housekeeping.clean_up(threading.Event())


def test_a_row_that_cannot_go_keeps_no_other(bob, monkeypatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    old = now() - timedelta(days=100)
    stuck, *others = (Notice.objects.create(user=bob, kind="security", subject_id=uuid4(), at=old) for _ in range(5))

    with refusing(Notice, "id", stuck.id, on="DELETE"):
        clean_up()

    assert list(Notice.objects.all()) == [stuck]
    assert others


def upload_of(uploader, group, created_at: datetime, **more) -> Upload:
    name = f"files/{uuid4()}"
    blob = Blob.objects.create(digest=uuid4().hex * 2, size=1)
    upload = Upload.objects.create(
        conversation=group,
        uploader=uploader,
        kind="other",
        filename=name,
        mime_type="x/y",
        size=1,
        content=blob,
        **more,
    )
    Upload.objects.filter(pk=upload.pk).update(created_at=created_at)
    return upload


def test_an_upload_that_cannot_be_collected_keeps_no_other(alice) -> None:
    group = group_of(alice)
    stuck, _ = (upload_of(alice, group, now() - LONG_AGO, status="ready") for _ in range(2))

    with refusing(Upload, "id", stuck.id, on="DELETE"):
        media.delete_outdated(now())

    assert list(Upload.objects.all()) == [stuck]


def test_an_upload_that_cannot_be_looked_at_keeps_no_other(alice) -> None:
    group = group_of(alice)
    stuck, other = (upload_of(alice, group, now() - LONG_AGO, status="processing", attempts=5) for _ in range(2))
    sender = FileProcessor()

    with refusing(Upload, "id", stuck.id, on="UPDATE"):
        while sender.run_next():
            pass

    assert list(Upload.objects.filter(status="failed")) == [other]


def test_a_conversation_whose_picture_stays_keeps_no_other(alice) -> None:
    stuck, other = group_of(alice), group_of(alice)
    Conversation.objects.update(deleted_at=now(), avatar_url="/api/v1/…")

    with refusing(Conversation, "id", stuck.id, on="UPDATE"):
        media.remove_avatars_of_deleted()

    assert list(Conversation.objects.filter(avatar_url="")) == [other]


def test_a_strangers_file_among_archives_keeps_no_sweep_from_them(settings, tmp_path) -> None:
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}
    for name in ("read me first", f"{uuid4()}.zip"):
        default_storage.save(f"exports/{name}", ContentFile(b"x"))

    clean_up()

    assert default_storage.listdir("exports")[1] == []


def test_a_leftover_that_cannot_go_keeps_no_other(settings, tmp_path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    for name in ("a", "c"):
        (tmp_path / "incoming" / name).mkdir(parents=True)
    (tmp_path / "incoming" / "b").symlink_to(tmp_path, target_is_directory=True)  # which `rmtree` refuses
    long_ago = (now() - LONG_AGO).timestamp()
    for path in (tmp_path, *settings.FILE_UPLOAD_TEMP_DIR.iterdir()):
        os.utime(path, (long_ago, long_ago))

    housekeeping.delete_abandoned_uploads()

    assert [path.name for path in settings.FILE_UPLOAD_TEMP_DIR.iterdir()] == ["b"]


# --- What holds for all -----------------------------------------------------------------------------------------------
def test_what_fails_is_logged_by_its_key_and_never_by_what_it_says(alice, caplog) -> None:
    def fail(item: object) -> None:
        raise ValueError

    assert isolation.for_each([alice], fail) == [alice]

    assert f"accounts.user {alice.id}" in caplog.text
    assert "alice" not in caplog.text


def test_that_the_database_is_away_is_nobodys_fault_and_ends_the_round() -> None:
    asked = []

    def ask(number: int) -> None:
        asked.append(number)
        raise OperationalError

    with pytest.raises(OperationalError):
        isolation.for_each([1, 2], ask)
    assert asked == [1]
