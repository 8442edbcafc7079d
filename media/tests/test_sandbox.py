"""The limits of a job, and what happens beyond them."""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from structlog.testing import capture_logs

from accounts.tests.at_once import at_once
from chatproject.tests.server import is_alive, until
from common.errors import Refusal
from media import sandbox
from media.job import UnusableFile
from media.sandbox import Limits

pytestmark = pytest.mark.plain


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_text(uuid4().hex)
    return path


def run(job, source, **limits):
    with sandbox.run(f"media.tests.jobs:{job}", source, Limits(**limits)) as (_, answer):
        return answer


def test_a_job_sees_the_file_and_a_folder_and_nothing_else(source, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "a secret")
    with source.open() as own:
        os.set_inheritable(own.fileno(), True)
        answer = run("look_around", source)

    assert answer["content"] == source.read_text()
    assert set(answer["environment"]) <= {"LC_CTYPE", "PYTHONPATH", "TMPDIR"}
    assert answer["descriptors"] == 3
    assert not answer["has_django"]
    assert not Path(answer["folder"]).exists()


@pytest.mark.parametrize(
    ("job", "limits"),
    [
        ("take_memory", {}),
        ("take_memory_slowly", {}),
        ("loop", {"cpu_seconds": 1}),
        ("sleep", {"seconds": 1}),
        ("fill_the_disk", {"file_size": 10 * 1024**2}),
        ("crash", {}),
        ("stumble", {}),
        ("no_such_job", {}),
    ],
)
def test_a_job_beyond_its_limits_is_killed(job, limits, source):
    began = time.monotonic()

    with pytest.raises(UnusableFile) as unfit:
        run(job, source, **limits)

    assert unfit.value.reason == "failed"
    assert time.monotonic() - began < 8
    assert run("look_around", source)["content"]


def test_children_of_a_job_end_with_it(source):
    with pytest.raises(UnusableFile):
        run("sleep", source, seconds=1)

    time.sleep(0.1)
    mark = source.read_text()
    alive = [one for one in psutil.process_iter(["cmdline", "status"]) if mark in " ".join(one.info["cmdline"] or [])]
    assert alive == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel ends children with their parent")
def test_a_job_dies_with_its_server(source, settings):
    call = f"sandbox.run('media.tests.jobs:wait', Path({str(source)!r}), sandbox.Limits(seconds=60)).__enter__()"
    code = f"import django; django.setup(); from pathlib import Path; from media import sandbox; {call}"
    with subprocess.Popen([sys.executable, "-c", code], cwd=sandbox.ROOT) as server:
        until(lambda: any((Path(job.cwd()) / "begun").exists() for job in psutil.Process(server.pid).children()))
        (job,) = psutil.Process(server.pid).children()
        folder = Path(job.cwd())
        server.kill()
    until(lambda: not is_alive(job))
    assert folder.parent == settings.DATA_DIR / "incoming"  # where the worker deletes what killed processes left


def test_what_went_wrong_is_logged_in_a_line(source):
    with capture_logs() as lines, pytest.raises(UnusableFile):
        run("stumble", source)

    assert lines == [
        {
            "event": "job_failed",
            "log_level": "warning",
            "job": "media.tests.jobs:stumble",
            "exit_code": 1,
            "reason": "ZeroDivisionError: over a stone",
        }
    ]


def test_only_some_run_at_once_and_others_wait_a_little(source, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_WAIT", 10)
    began = time.monotonic()

    assert at_once(4, lambda: run("think", source)) == [{}] * 4

    assert time.monotonic() - began > 1


def test_waiting_for_a_slot_is_short(source, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_WAIT", 0.01)

    assert sorted(map(str, at_once(3, lambda: run("think", source)))) == ["unavailable", "{}", "{}"]


def test_without_a_slot_the_refusal_says_when_to_retry(source, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_WAIT", 0)
    with sandbox._slot(), sandbox._slot(), pytest.raises(Refusal) as refusal:
        run("think", source)

    assert (refusal.value.code, refusal.value.retry_after) == ("unavailable", 1)
