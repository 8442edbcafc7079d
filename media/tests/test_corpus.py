"""Every eighth hostile file: each gives a result or a refusal. `bench/hostile.py` reads them all."""

import time

import pytest

from accounts.tests.at_once import at_once
from media import sandbox
from media.job import UnusableFile
from media.sniffing import kind_of, sniff
from media.tests import corpus

pytestmark = pytest.mark.plain

JOBS = {
    "image": ("media.pictures:picture", sandbox.PICTURE),
    "video": ("media.recordings:recording", sandbox.RECORDING),
    "audio": ("media.recordings:recording", sandbox.RECORDING),
}
REASONS = {"read", "unsupported", "too_large", "corrupt", "failed"}


def outcome_of(path):
    job, limits = JOBS[kind_of(sniff(path.read_bytes()[:8192]))]
    began = time.monotonic()
    try:
        with sandbox.run(job, path, limits) as (_, answer):
            outcome = "read" if {"width", "height", "small", "large", "placeholder"} <= answer.keys() else "nonsense"
    except UnusableFile as unfit:
        outcome = unfit.reason
    return outcome, time.monotonic() - began


def test_hostile_files_are_read_or_refused_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_WAIT", 60)
    paths, everything = [], list(corpus.files())
    assert len(everything) == len(dict(everything)) > 450
    readable = [(name, content) for name, content in everything if kind_of(sniff(content[:8192])) in JOBS]
    for number, (_, content) in enumerate(readable[::6]):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(content)
    waiting = iter(paths)

    outcomes = at_once(sandbox.MAX_CONCURRENT, lambda: [outcome_of(path) for path in waiting])

    outcomes = [one for some in outcomes for one in some]
    assert len(outcomes) == len(paths) > 55
    for outcome, seconds in outcomes:
        assert seconds < 10
        assert outcome in REASONS


def test_chance_is_the_same_each_time():
    assert list(corpus._flipped()) == list(corpus._flipped())
