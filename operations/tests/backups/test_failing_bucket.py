"""A copy at BACKUP_URL that fails is noticed wherever somebody looks, and tried again soon."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django_tasks_db.models import DBTaskResult

from chatproject.storage import storage_of
from common import buckets
from common.clock import now
from conversations import services as conversations
from media.tests.avatars import put
from media.tests.uploads import brought
from operations.backups import QUEUE, create, drill, retention, schedule, storage
from operations.models import Backup
from operations.tests.backups.buckets import WAYS, failing
from operations.tests.backups.places import KEY
from operations.worker import ChatWorker

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path, monkeypatch) -> None:
    """Backups of this test alone, a key, and less patience with buckets."""
    settings.BACKUP_KEY, settings.BACKUP_URL, settings.BACKUP_FOLDER = KEY, "", tmp_path / "backups"
    settings.BACKUP_EVERY_HOURS, settings.BACKUP_DRILL_EVERY_DAYS = 24, 0
    monkeypatch.setattr(buckets, "READ_SECONDS", 0.3)


@pytest.fixture
def at_bucket(settings, tmp_path):
    def at_bucket(url: str) -> None:
        settings.BACKUP_URL = url
        backend = storage_of(url, folder=tmp_path, setting="BACKUP_URL").backend
        settings.STORAGES = {**settings.STORAGES, "backups": backend}

    return at_bucket


@pytest.fixture(params=WAYS)
def way(request, s3_server, at_bucket) -> Iterator[str]:
    """BACKUP_URL names a bucket that fails in one way after the other."""
    with failing(request.param, s3_server) as url:
        at_bucket(url)
        yield request.param


def work() -> None:
    worker = ChatWorker()
    while worker.run_next(QUEUE):
        pass


def as_if_earlier(**by: float) -> None:
    """All that was done about backups lies so much farther back."""
    for backup in Backup.objects.all():
        for name in ("created_at", "finished_at", "copy_tried_at", "drilled_at"):
            if moment := getattr(backup, name):
                setattr(backup, name, moment - timedelta(**by))
        backup.save()


# --- Noticed --------------------------------------------------------------------------------------------------------
def test_a_copy_that_fails_stands_in_the_row_the_log_the_status_and_the_console(way, sign_in, olga) -> None:
    sentence = f"The bucket of BACKUP_URL {WAYS[way]}"
    create.request_backup()
    with structlog.testing.capture_logs() as logged:
        work()

    backup = Backup.objects.get()
    assert (backup.status, backup.copied_at) == ("done", None)
    assert backup.copy_note.startswith(sentence)
    assert {one["reason"] for one in logged if one["event"] == "backup_url_fails"} == {backup.copy_note}
    assert DBTaskResult.objects.get().status == "SUCCESSFUL", "the backup itself is made"
    client = sign_in(olga)
    assert client.get("/api/v1/backups/").json()["results"][0]["copy_note"] == backup.copy_note
    assert (
        f"Backups are not copied, or old ones not deleted: {backup.copy_note}"
        in client.get("/api/v1/status/").json()["troubles"]
    )
    console = Client()
    console.force_login(olga)
    assert sentence in console.get("/admin/").content.decode()
    assert sentence in console.get("/admin/chatproject/backup/").content.decode()


def test_commands_say_it_in_one_sentence(way) -> None:
    with pytest.raises(CommandError, match=f"was made, but not copied.*{WAYS[way]}"):
        call_command("backup")

    for command in ("restore", "backup_drill"):
        with pytest.raises(CommandError) as refused:
            call_command(command)
        assert str(refused.value).startswith(f"The bucket of BACKUP_URL {WAYS[way]}")
        assert str(refused.value).count("\n") == 0


def test_a_proof_that_cannot_fetch_its_backup_is_none(way, olga) -> None:
    create.create_backup(lambda percent: None)
    drill.request_drill(olga)
    work()

    backup = Backup.objects.get()
    assert (backup.proved_at, bool(backup.drilled_at)) == (None, True)
    assert WAYS[way] in backup.drill_result
    assert "The last drill could not restore its backup. Backups shows the reason." in list(schedule.troubles())


@pytest.mark.parametrize("way", ["away"], indirect=True)
def test_a_named_backup_on_this_disk_needs_no_bucket(way) -> None:
    backup = create.create_backup(lambda percent: None)

    with storage.fetch_backup(backup.name) as path:
        assert path.name == backup.name


@pytest.mark.parametrize("way", ["away"], indirect=True)
def test_old_ones_on_this_disk_go_while_the_bucket_is_away(way, settings) -> None:
    settings.BACKUP_KEEP = 1
    for _ in range(2):
        create.create_backup(lambda percent: None)
        as_if_earlier(hours=1)

    assert len(storage.list_names(storage.local_storage())) == 1
    assert not Backup.objects.filter(deleted_at__isnull=False).exists(), "the other place was not asked"


def test_files_in_a_bucket_that_is_gone_are_not_said_to_be_missing(s3, sign_in, alice, bob) -> None:
    direct, _ = conversations.open_direct(alice, user_id=bob.id)
    brought(sign_in(alice), direct)
    put(sign_in(alice))
    for name in s3.names():
        s3.client.delete_object(Bucket=s3.bucket, Key=f"chat/{name}")
    s3.client.delete_bucket(Bucket=s3.bucket)

    with pytest.raises(OSError, match="The bucket of STORAGE_URL does not exist"):
        create.create_backup(lambda percent: None)

    assert Backup.objects.get().status == "failed"


@pytest.mark.parametrize("what", ["exists", "size", "listdir", "get_modified_time", "delete", "open"])
@pytest.mark.parametrize("kind", ["away", "refusing"])
def test_whatever_is_asked_of_a_bucket_fails_as_a_disk_does(kind, what, s3_server, at_bucket) -> None:
    with failing(kind, s3_server) as url:
        at_bucket(url)
        with pytest.raises(OSError, match="The bucket of BACKUP_URL"):
            getattr(storages["backups"], what)("a.txt")


def test_a_file_whose_bucket_goes_away_between_opening_and_reading(s3) -> None:
    name = default_storage.save("a.txt", ContentFile(b"Hello"))
    file = default_storage.open(name)
    s3.client.delete_object(Bucket=s3.bucket, Key=f"chat/{name}")

    with pytest.raises(FileNotFoundError):
        file.read()


@pytest.mark.parametrize("kind", ["away", "refusing"])
def test_a_picture_from_a_bucket_that_is_away_is_no_fault(kind, s3, s3_server, sign_in, alice, settings) -> None:
    put(sign_in(alice))
    address = sign_in(alice).get("/api/v1/users/me/").json()["avatar_url"]
    with failing(kind, s3_server) as url:
        settings.STORAGES = {**settings.STORAGES, "default": storage_of(url, folder=settings.DATA_DIR).backend}
        answer = sign_in(alice).get(address)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


# --- Tried again ----------------------------------------------------------------------------------------------------
def test_a_copy_is_tried_again_soon_and_then_more_rarely(s3, s3_server, at_bucket) -> None:
    with failing("away", s3_server) as url:
        at_bucket(url)
        create.create_backup(lambda percent: None)
        assert not asked_for_a_copy(), "it has just been tried"
        as_if_earlier(minutes=2)
        assert asked_for_a_copy()
        assert not asked_for_a_copy(), "two minutes were in vain, so two more have to pass"
        Backup.objects.update(finished_at=now() - timedelta(hours=9), copy_tried_at=now() - timedelta(minutes=61))
        assert asked_for_a_copy(), "never more rarely than once an hour"
    at_bucket(s3.url)
    as_if_earlier(hours=2)

    assert asked_for_a_copy()

    backup = Backup.objects.get()
    assert s3.names() == [backup.name]
    assert (bool(backup.copied_at), backup.copy_note) == (True, "")
    as_if_earlier(hours=2)
    assert not asked_for_a_copy()


def asked_for_a_copy() -> bool:
    """Whether the worker tries to copy, now that it looks."""
    before = DBTaskResult.objects.filter(task_path=retention.copy_backups.module_path).count()
    schedule.queue_due_work()
    work()
    return DBTaskResult.objects.filter(task_path=retention.copy_backups.module_path).count() > before


def test_a_backup_that_failed_is_made_again_soon_and_then_more_rarely(settings) -> None:
    pauses = []
    for _ in range(6):
        schedule.queue_due_work()
        Backup.objects.unfinished().give_up("The disk is full.")
        DBTaskResult.objects.all().delete()
        count, minutes = Backup.objects.count(), 0
        while Backup.objects.count() == count and minutes < 24 * 60:
            as_if_earlier(minutes=1)
            minutes += 1
            schedule.queue_due_work()
        pauses.append(minutes)
        Backup.objects.unfinished().give_up("The disk is full.")

    assert pauses[0] <= 6
    assert pauses == sorted(pauses)
    assert max(pauses) <= 61
    settings.BACKUP_EVERY_HOURS = 0
    as_if_earlier(days=2)
    schedule.queue_due_work()
    assert not Backup.objects.unfinished().exists()


def test_after_one_that_was_made_the_next_has_its_time(settings) -> None:
    create.create_backup(lambda percent: None)
    as_if_earlier(hours=23)
    schedule.queue_due_work()
    assert Backup.objects.count() == 1
    as_if_earlier(hours=2)
    schedule.queue_due_work()
    assert Backup.objects.count() == 2
