"""Making an archive safely: twice, by two at once, by killed workers, on a full disk, and while others write."""

import io
import threading
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from common.tasks import MAX_ATTEMPTS
from operations import housekeeping
from operations.models import PersonalExport
from operations.personal_export import archive, create
from operations.personal_export.archive import write_archive
from operations.tests.personal_export.exports import EXPORT, downloaded, files, group, made, unpacked, work, write
from operations.worker import requeue_abandoned

pytestmark = pytest.mark.django_db(transaction=True)


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
    store = create._store

    def slow(export_id, file):
        """Stored, when another worker that believed this one dead has finished."""
        monkeypatch.setattr(create, "_store", store)
        name = store(export_id, file)
        create._write_and_store(PersonalExport.objects.get())
        return name

    monkeypatch.setattr(create, "_store", slow)
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
    housekeeping.clean_up(threading.Event())
    meanwhile = len(files())
    requeue_abandoned(DBTaskResult.objects.filter(status="RUNNING"))
    work()
    housekeeping.clean_up(threading.Event())

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
    for _ in range(MAX_ATTEMPTS):
        work()
        seen.append(client.get(f"{EXPORT}{state['id']}/").json()["status"])
    monkeypatch.undo()

    assert seen == ["running"] * (MAX_ATTEMPTS - 1) + ["failed"]
    assert files() == []
    assert DBTaskResult.objects.get().status == "FAILED"
    failed = client.get(f"{EXPORT}{state['id']}/").json()
    assert (failed["download_url"], failed["size"]) == (None, None)
    assert made(client)["status"] == "done"


def test_what_kills_its_workers_is_given_up(sign_in, alice) -> None:
    client = sign_in(alice)
    client.post(EXPORT)
    for number in range(MAX_ATTEMPTS):
        DBTaskResult.objects.get().claim(f"worker {number}")

    housekeeping.clean_up(threading.Event())
    while_running = PersonalExport.objects.get().status
    requeue_abandoned(DBTaskResult.objects.filter(status="RUNNING"))
    housekeeping.clean_up(threading.Event())

    assert while_running == "queued"
    assert PersonalExport.objects.get().status == "failed"
    assert made(client)["status"] == "done"


def test_what_is_about_to_be_tried_again_is_not_given_up(sign_in, alice) -> None:
    sign_in(alice).post(EXPORT)
    DBTaskResult.objects.update(status="FAILED", finished_at=timezone.now())

    housekeeping.clean_up(threading.Event())

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
    monkeypatch.setattr(create, "write_archive", watched)
    monkeypatch.setattr(archive, "CHUNK", 10)
    state = made(sign_in(alice))

    assert state["status"] == "done"
    assert {25, 50, 75} <= {percent for percent, _ in seen}
    assert all(percent == shown for percent, shown in seen)
    assert max(waits) < 1
