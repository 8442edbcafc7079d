"""A backup whose file is gone, by whatever hand, is none: nobody is told that all is well."""

import shutil

import pytest
from django.core.management import call_command

from common.clock import now
from operations.backups import create, schedule, storage
from operations.models import Backup, Process
from operations.tests.backups.places import KEY
from operations.worker import ChatWorker

pytestmark = pytest.mark.django_db(transaction=True)

NONE = "There is no backup"


@pytest.fixture(autouse=True)
def own_places(settings, tmp_path) -> None:
    settings.BACKUP_KEY, settings.BACKUP_URL, settings.BACKUP_FOLDER = KEY, "", tmp_path / "backups"
    settings.BACKUP_EVERY_HOURS = settings.BACKUP_DRILL_EVERY_DAYS = 0


def troubles() -> list[str]:
    """What the worker makes of it when it looks."""
    ChatWorker().maintain()
    return [one for one in schedule.troubles() if one.startswith(NONE)]


def test_where_the_folder_was_emptied_there_is_no_backup(settings, tmp_path) -> None:
    call_command("backup")
    assert troubles() == []

    settings.BACKUP_FOLDER.rename(tmp_path / "elsewhere")
    assert len(troubles()) == 1
    assert not Backup.objects.there().exists()

    (tmp_path / "elsewhere").rename(settings.BACKUP_FOLDER)
    assert troubles() == [], "a disk that is mounted again has what lies on it"


def test_one_of_several_that_is_gone_leaves_the_others(settings) -> None:
    old, new = (create.create_backup(lambda percent: None) for _ in range(2))

    (settings.BACKUP_FOLDER / new.name).unlink()

    assert troubles() == []
    assert Backup.objects.there().get() == old


def test_workers_on_several_machines_do_not_deny_what_lies_with_another(settings) -> None:
    call_command("backup")
    for name in ("one", "two"):
        said = {"name": name, "pid": 7, "started_at": now(), "seen_at": now(), "sockets": 0, "people": 0}
        Process.objects.create(**said, is_worker=True)

    shutil.rmtree(settings.BACKUP_FOLDER)

    assert troubles() == []


def test_what_lies_at_backup_url_is_there_without_this_disk(settings, tmp_path) -> None:
    settings.BACKUP_URL = (tmp_path / "far").as_uri()
    settings.STORAGES = {
        **settings.STORAGES,
        "backups": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "far")},
        },
    }
    call_command("backup")

    shutil.rmtree(settings.BACKUP_FOLDER)

    assert troubles() == []
    with storage.fetch_backup() as archive:
        assert archive.is_file()


def test_a_backup_is_made_anew_where_it_is_gone_and_one_is_due(settings) -> None:
    settings.BACKUP_EVERY_HOURS = 24
    call_command("backup")
    assert troubles() == []
    assert not Backup.objects.unfinished().exists()

    shutil.rmtree(settings.BACKUP_FOLDER)
    troubles()

    assert Backup.objects.unfinished().exists()
