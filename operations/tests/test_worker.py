"""Background work: nothing queued is forgotten, nothing fails for ever in silence."""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import OneTime, Session
from chatproject.tests.server import until
from common.tasks import MAX_ATTEMPTS
from operations import housekeeping, worker
from operations.erasure import erase_person
from operations.tests import jobs
from operations.worker import ChatWorker, Job, requeue_abandoned

pytestmark = pytest.mark.django_db(transaction=True)


def the_task() -> DBTaskResult:
    return DBTaskResult.objects.get()


def make_due() -> None:
    DBTaskResult.objects.update(run_after=timezone.now() - timedelta(seconds=1))


def test_what_is_queued_is_run_once(tmp_path: Path) -> None:
    jobs.note.enqueue(str(tmp_path / "notes"), "hello")
    assert ChatWorker().run_next()
    assert not ChatWorker().run_next()
    assert (tmp_path / "notes").read_text() == "hello\n"
    assert the_task().status == "SUCCESSFUL"


def test_a_task_that_an_earlier_version_queued_still_runs(alice) -> None:
    erase_person.enqueue(str(alice.id))
    DBTaskResult.objects.update(task_path="chatproject.erasure.erase_person")

    assert ChatWorker().run_next()

    assert the_task().status == "SUCCESSFUL"
    alice.refresh_from_db()
    assert alice.erased_at


def test_what_fails_comes_back_later_and_later_and_then_has_failed(tmp_path: Path) -> None:
    jobs.fail.enqueue(str(tmp_path / "notes"))
    waits = []
    for _ in range(MAX_ATTEMPTS):
        assert ChatWorker().run_next()
        assert not ChatWorker().run_next()  # not before its time
        waits.append((the_task().run_after - timezone.now()).total_seconds())
        make_due()
    assert the_task().status == "FAILED"
    assert not ChatWorker().run_next()
    assert waits[:4] == sorted(waits[:4])
    assert (tmp_path / "notes").read_text() == "tried\n" * MAX_ATTEMPTS
    assert the_task().exception_class_path == "builtins.RuntimeError"


def test_what_has_failed_is_run_again_when_an_operator_says_so(tmp_path: Path, olga) -> None:
    jobs.note.enqueue(str(tmp_path / "notes"), "hello")
    DBTaskResult.objects.update(status="FAILED", worker_ids=["a", "b", "c", "d", "e"])
    console = Client()
    console.force_login(olga)
    page = "/admin/django_tasks_database/dbtaskresult/"
    assert b"FAILED" in console.get(page).content

    answer = console.post(page, {"action": "redrive", "_selected_action": [the_task().pk]})

    assert answer.status_code == 302
    assert ChatWorker().run_next()
    assert (tmp_path / "notes").read_text() == "hello\n"


def test_what_a_killed_worker_left_is_taken_back(tmp_path: Path) -> None:
    jobs.note.enqueue(str(tmp_path / "notes"), "hello")
    the_task().claim("a worker that was killed")
    ChatWorker().maintain()
    assert the_task().status == "RUNNING"  # it may be alive
    DBTaskResult.objects.update(started_at=timezone.now() - worker.LEASE * 2)
    ChatWorker().maintain()
    assert ChatWorker().run_next()
    assert (tmp_path / "notes").read_text() == "hello\n"


def test_what_kills_its_workers_is_given_up() -> None:
    jobs.dawdle.enqueue(0)
    task = the_task()
    for number in range(MAX_ATTEMPTS):
        task.claim(f"worker {number}")
    DBTaskResult.objects.update(started_at=timezone.now() - worker.LEASE * 2)
    requeue_abandoned(DBTaskResult.objects.filter(status="RUNNING"))
    assert the_task().status == "FAILED"


def test_a_long_task_keeps_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MAINTENANCE_INTERVAL", 0.05)
    jobs.wait_for.enqueue(str(tmp_path / "go on"))
    one = ChatWorker(interval=0.05)
    one.start()
    until(lambda: the_task().status == "RUNNING")
    almost_over = timezone.now() - worker.LEASE + timedelta(seconds=60)
    DBTaskResult.objects.update(started_at=almost_over)

    until(lambda: the_task().started_at > almost_over)  # its worker says that it is alive

    (tmp_path / "go on").touch()
    until(lambda: the_task().status == "SUCCESSFUL")
    one.stop()
    assert len(the_task().worker_ids) == 1


def test_a_thread_that_is_told_to_stop_during_its_last_step_stops() -> None:
    working = ChatWorker()

    def step() -> bool:
        working._stopping.set()
        job.is_wanted.set()
        return False

    job = Job("worker-test", step, lambda: True)
    job.is_wanted.set()
    thread = threading.Thread(target=working._work, args=(job,), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_stopping_waits_for_the_running_task(tmp_path: Path) -> None:
    jobs.dawdle.enqueue(0.5)
    jobs.note.enqueue(str(tmp_path / "notes"), "not yet")
    working = ChatWorker(interval=0.05)
    working.start()
    until(lambda: DBTaskResult.objects.filter(status="RUNNING").exists())
    working.stop()
    assert sorted(DBTaskResult.objects.values_list("status", flat=True)) == ["READY", "SUCCESSFUL"]


def test_two_workers_never_run_one_task(tmp_path: Path) -> None:
    for number in range(20):
        jobs.note.enqueue(str(tmp_path / "notes"), str(number))
    workers = [ChatWorker(interval=0.01) for _ in range(2)]
    for one in workers:
        one.start()
    until(lambda: not DBTaskResult.objects.exclude(status="SUCCESSFUL").exists())
    for one in workers:
        one.stop()
    assert sorted(map(int, (tmp_path / "notes").read_text().split())) == list(range(20))


def test_tidying_takes_what_is_over_and_leaves_the_rest(tmp_path: Path) -> None:
    for _ in range(3):
        jobs.note.enqueue(str(tmp_path / "notes"), "hello")
        ChatWorker().run_next()
    old, failed, new = DBTaskResult.objects.all()
    DBTaskResult.objects.filter(id=old.id).update(finished_at=timezone.now() - timedelta(days=8))
    DBTaskResult.objects.filter(id=failed.id).update(finished_at=timezone.now() - timedelta(days=8), status="FAILED")
    housekeeping.clean_up(threading.Event())
    assert set(DBTaskResult.objects.values_list("id", flat=True)) == {failed.id, new.id}


def test_tidying_ends_what_people_left_behind(alice) -> None:
    now = timezone.now()
    kept = Session.objects.create(user=alice, expires_at=now + timedelta(days=1))
    ended = Session.objects.create(user=alice, expires_at=now, ended_at=now - timedelta(days=29))
    Session.objects.create(user=alice, expires_at=now, ended_at=now - timedelta(days=31))
    Session.objects.create(user=alice, expires_at=now - timedelta(days=31))
    for days in (0.5, 2):
        OneTime.objects.create(
            purpose=OneTime.Purpose.SOCKET_TICKET, user=alice, secret_hash="x", expires_at=now - timedelta(days=days)
        )
    housekeeping.clean_up(threading.Event())
    assert set(Session.objects.values_list("id", flat=True)) == {kept.id, ended.id}
    assert OneTime.objects.filter(purpose=OneTime.Purpose.SOCKET_TICKET).count() == 1


def test_tidying_takes_what_killed_processes_left_of_uploads(settings, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    long_ago = time.time() - 90_000
    for name in ("old.upload", "old folder", "new.upload"):
        path = tmp_path / name
        path.mkdir() if "folder" in name else path.write_bytes(b"half a picture")
        if "old" in name:
            os.utime(path, (long_ago, long_ago))

    housekeeping.clean_up(threading.Event())

    assert [path.name for path in tmp_path.iterdir()] == ["new.upload"]


def test_tidying_goes_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    for _ in range(5):
        jobs.note.enqueue(str(tmp_path / "notes"), "hello")
    DBTaskResult.objects.update(status="SUCCESSFUL", finished_at=timezone.now() - timedelta(days=8))
    stopping = threading.Event()
    stopping.set()
    housekeeping.clean_up(stopping)
    assert DBTaskResult.objects.count() == 3
    stopping.clear()
    housekeeping.clean_up(stopping)
    assert DBTaskResult.objects.count() == 0
