"""Asking for backups: one at a time, sealed, in two places, kept as long as somebody set; and proved."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.db import IntegrityError
from django.test import Client as Browser
from django_tasks_db.models import DBTaskResult

from chatproject.storage import storage_of
from common.clock import now
from common.models import AuditEntry
from conversations import services as conversations
from media.services import blobs
from media.tests.avatars import put
from media.tests.uploads import brought
from operations.backups import QUEUE, create, drill, retention, schedule, storage
from operations.backups.archive import unpack
from operations.models import Backup
from operations.snapshot.consistent_read import consistent_read
from operations.snapshot.folder import verify_snapshot
from operations.snapshot.write import SnapshotError
from operations.status import status
from operations.tests.backups.places import KEY
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)

BACKUPS = "/api/v1/backups/"


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path) -> None:
    """Backups and files of this test alone, and a key."""
    settings.BACKUP_KEY, settings.BACKUP_URL, settings.BACKUP_FOLDER = KEY, "", tmp_path / "backups"
    settings.BACKUP_EVERY_HOURS = settings.BACKUP_KEEP = settings.BACKUP_KEEP_DAYS = 0
    settings.BACKUP_DRILL_EVERY_DAYS = 0
    default = settings.STORAGES["default"]
    options = {**default["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "default": {**default, "OPTIONS": options}}


def work() -> None:
    worker = ChatWorker()
    while worker.run_next(QUEUE):
        pass


def made() -> Backup:
    return create.create_backup(lambda percent: None)


def file_of(backup: Backup) -> Path:
    return django_settings.BACKUP_FOLDER / backup.name


def at_once(*calls) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- Asking for one ---------------------------------------------------------------------------------------------
def test_an_operator_asks_and_the_worker_makes_it(sign_in, olga) -> None:
    client = sign_in(olga)
    queued = client.post(BACKUPS)
    work()
    done = client.get(f"{BACKUPS}{queued.json()['id']}/").json()
    assert (queued.status_code, queued.json()["status"], queued.json()["size"]) == (202, "queued", None)
    assert (done["status"], done["progress"], done["proved_at"], done["note"]) == ("done", 100, None, "")
    assert done["size"] == file_of(Backup.objects.get()).stat().st_size
    assert client.get(BACKUPS).json()["results"] == [done]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, str(entry.subject_id)) == ("backup.start", olga.id, done["id"])


def test_others_are_refused(sign_in, alice, olga) -> None:
    client = sign_in(alice)
    assert [client.get(BACKUPS).status_code, client.post(BACKUPS).status_code] == [404, 404]
    alice.is_staff = True
    alice.save()
    client = sign_in(alice)
    backup = made()
    paths = [BACKUPS, f"{BACKUPS}{backup.id}/"]
    assert [client.get(path).json()["code"] for path in paths] == ["permission_denied"] * 2
    assert client.post(BACKUPS).json()["code"] == "permission_denied"
    assert sign_in(olga).get(f"{BACKUPS}{olga.id}/").status_code == 404
    assert Backup.objects.count() == 1


def test_without_a_key_there_are_no_backups(sign_in, olga, settings) -> None:
    settings.BACKUP_KEY = ""
    assert sign_in(olga).post(BACKUPS).json()["code"] == "conflict"
    with pytest.raises(SnapshotError, match="BACKUP_KEY"):
        made()
    assert not Backup.objects.exists()


def test_one_at_a_time(sign_in, olga) -> None:
    client = sign_in(olga)
    first, second = client.post(BACKUPS).json(), client.post(BACKUPS).json()
    assert first["id"] == second["id"]
    with pytest.raises(SnapshotError, match="Another"):
        made()
    with pytest.raises(IntegrityError):
        Backup.objects.create()
    work()
    assert client.post(BACKUPS).json()["id"] != first["id"]


def test_of_two_who_ask_at_the_same_moment_both_get_the_same(db) -> None:
    found = []
    at_once(*[lambda: found.append(create.request_backup().id)] * 4)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_backup_whose_maker_was_killed_gives_way(db) -> None:
    Backup.objects.create(status="running", seen_at=now() - timedelta(minutes=3))
    backup = made()
    assert backup.status == "done"
    lost = Backup.objects.exclude(id=backup.id).get()
    assert (lost.status, lost.note) == ("failed", "The process that made it was killed.")


def test_what_fails_says_why_and_leaves_no_file(settings, tmp_path) -> None:
    settings.BACKUP_FOLDER = tmp_path / "file"
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="File exists"):
        made()
    failed = Backup.objects.get()
    assert (failed.status, failed.name) == ("failed", "")
    assert "File exists" in failed.note
    assert "The last backup failed" in " ".join(status(None).troubles)


# --- What is in it ----------------------------------------------------------------------------------------------
def test_it_holds_pictures_and_files_and_says_what_is_missing(sign_in, alice, bob, tmp_path) -> None:
    client = sign_in(alice)
    group = conversations.create_group(
        alice, name="F", description="", member_ids=[bob.id], history="all", members_can_invite=False
    )
    brought(client, group)
    put(client)
    backup = made()
    folder = tmp_path / "opened"
    unpack(file_of(backup), folder, KEY)
    manifest = verify_snapshot(folder)
    assert (manifest.gone, manifest.tables["accounts.user"].count) == (0, 2)
    assert manifest.files.count == len([path for path in (folder / "files").rglob("*") if path.is_file()]) >= 4
    assert manifest.heads.count == 1

    gone, damaged = blobs.Blob.objects.order_by("id")[:2]
    Path(django_settings.STORAGES["default"]["OPTIONS"]["location"], gone.name).unlink()
    with Path(django_settings.STORAGES["default"]["OPTIONS"]["location"], damaged.name).open("r+b") as file:
        file.write(b"X")
    assert made().note == "1 files are missing. 1 files differ from what was uploaded."


def test_a_moment_sees_nothing_that_comes_later_and_writes_nothing(alice, person) -> None:
    from accounts.models import User

    with consistent_read() as then:
        person("member-1")
        assert User.objects.using(then).count() == 1
        with pytest.raises(Exception, match=r"read-only|readonly"):
            User.objects.using(then).update(bio="changed")
    assert User.objects.count() == 2


# --- Two places, and for how long -------------------------------------------------------------------------------
def test_a_copy_goes_to_a_bucket(s3, settings, tmp_path) -> None:
    settings.BACKUP_URL = s3.url
    backends = {**settings.STORAGES, "backups": storage_of(s3.url, folder=tmp_path, setting="BACKUP_URL").backend}
    settings.STORAGES = backends
    backup = made()
    assert s3.names() == [backup.name]
    backup.refresh_from_db()
    assert backup.copied_at
    file_of(backup).unlink()
    with storage.fetch_backup() as path:
        unpack(path, tmp_path / "opened", KEY)
    assert verify_snapshot(tmp_path / "opened").tables["accounts.user"].count == 0


def test_a_copy_goes_to_a_folder_and_a_place_that_is_away_delays_it_only(settings, tmp_path) -> None:
    away = tmp_path / "away"
    away.touch()
    settings.BACKUP_URL = f"file://{away}"
    backend = storage_of(settings.BACKUP_URL, folder=tmp_path, setting="BACKUP_URL").backend
    settings.STORAGES = {**settings.STORAGES, "backups": backend}
    first = made()
    assert (first.status, first.copied_at) == ("done", None)
    away.unlink()
    second = made()
    assert storage.list_names(storages["backups"]) == [second.name, first.name]
    assert (away / first.name).read_bytes() == file_of(first).read_bytes()
    assert Backup.objects.filter(copied_at=None).count() == 0


def test_retention_by_number_keeps_the_newest_and_the_newest_proved(settings) -> None:
    proved = made()
    Backup.objects.update(proved_at=now())
    later = [renamed(made(), hours) for hours in (1, 2, 3)]
    settings.BACKUP_KEEP = 2
    retention.prune()
    assert storage.list_names(storage.local_storage()) == [later[2].name, later[1].name, proved.name]
    assert set(Backup.objects.filter(deleted_at__isnull=False)) == {later[0]}


def test_retention_by_age_never_takes_the_newest(settings) -> None:
    old, older = renamed(made(), -72), renamed(made(), -96)
    settings.BACKUP_KEEP_DAYS = 2
    retention.prune()
    assert storage.list_names(storage.local_storage()) == [old.name]
    assert Backup.objects.get(id=older.id).deleted_at


def renamed(backup: Backup, hours: int) -> Backup:
    """As if it had been made so many hours later."""
    path = file_of(backup)
    backup.created_at += timedelta(hours=hours)
    backup.name = storage.file_name(backup)
    backup.save()
    path.rename(file_of(backup))
    return backup


# --- By itself --------------------------------------------------------------------------------------------------
def test_backups_and_drills_are_queued_when_they_are_due(settings) -> None:
    schedule.queue_due_work()
    assert not Backup.objects.exists()
    settings.BACKUP_EVERY_HOURS, settings.BACKUP_DRILL_EVERY_DAYS = 24, 7
    for _ in range(2):
        schedule.queue_due_work()
    assert Backup.objects.count() == 1
    DBTaskResult.objects.all().delete()
    Backup.objects.update(status="done", name="chat-x", size=1)
    for _ in range(2):
        schedule.queue_due_work()
    assert [task.task_path for task in DBTaskResult.objects.all()] == ["operations.backups.drill.drill_newest"]
    Backup.objects.update(created_at=now() - timedelta(hours=25))
    schedule.queue_due_work()
    assert Backup.objects.count() == 2


# --- The console ------------------------------------------------------------------------------------------------
def test_the_console_has_two_buttons_and_looks_again_while_one_is_made(olga, alice) -> None:
    console = Browser()
    console.force_login(olga)
    page = "/admin/chatproject/backup/"
    asked = console.get(f"{page}start/")
    assert asked.status_code == 200
    assert not Backup.objects.exists()
    assert console.post(f"{page}start/", {"_form_submitted": "on"}).headers["HX-Redirect"] == page
    assert Backup.objects.get().status == "queued"
    shown = console.get(page)
    assert shown.headers["Refresh"]
    assert b"Back up now" in shown.content
    work()
    assert "Refresh" not in console.get(page).headers
    assert console.post(f"{page}prove/", {"_form_submitted": "on"}).status_code == 200
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["backup.start", "backup.prove"]
    alice.is_staff = True
    alice.save()
    console.force_login(alice)
    assert console.post(f"{page}start/", {"_form_submitted": "on"}).status_code == 403


# --- Proving ----------------------------------------------------------------------------------------------------
def test_a_drill_proves_a_backup_and_notes_how_long_it_took(alice, sign_in) -> None:
    backup = made()
    assert status(None).backup_proved_at is None
    proved = drill.drill_backup()
    assert (proved.id, proved.proved_at) == (backup.id, proved.drilled_at)
    assert "rows and 0 files." in proved.drill_result
    assert proved.drill_seconds > 0
    assert status(None).backup_proved_at
    assert list(django_settings.DATA_DIR.glob(".drill-*")) == []


def test_a_drill_of_a_damaged_backup_proves_nothing(alice) -> None:
    backup = made()
    content = bytearray(file_of(backup).read_bytes())
    content[len(content) // 2] ^= 4
    file_of(backup).write_bytes(content)
    failed = drill.drill_backup(backup.name)
    assert (failed.proved_at, bool(failed.drilled_at)) == (None, True)
    assert "damaged" in failed.drill_result or "cut off" in failed.drill_result
    assert "The last drill could not restore its backup. Backups shows the reason." in status(None).troubles


def test_there_must_be_something_to_prove(db) -> None:
    with pytest.raises(storage.NoBackup):
        drill.drill_backup()
