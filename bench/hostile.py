"""Every hostile file there is, through what reads it: `python -m bench.hostile [--http] [folder ...]`; or hostile
frames: `python -m bench.hostile --frames`, or `--floods` of them.

Reads the generated corpus, and all files in the folders (and in tar archives there); prints how it went. With `--http`
each is brought to a real server, sent in a message and fetched, eight at a time; without, only the sandbox reads it.
`--strangers` attacks a server by crowds that have not signed in instead, `--uploads` by one person's uploads.
"""

import argparse
import resource
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from django.conf import settings

from bench import hostile_floods, hostile_frames
from media import sandbox
from media.job import UnusableFile
from media.sniffing import HEAD, kind_of, sniff
from media.tests import corpus

JOBS = {
    "image": ("media.pictures:picture", sandbox.PICTURE),
    "video": ("media.recordings:recording", sandbox.RECORDING),
    "audio": ("media.recordings:recording", sandbox.RECORDING),
}


class Results:
    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.slowest: list[tuple[float, str]] = []
        self.crashes: list[str] = []
        self.lock = threading.Lock()

    def add(self, name: str, content: bytes) -> None:
        began = time.monotonic()
        try:
            kind, outcome = outcome_of(content)
        except Exception:
            kind, outcome = "?", "crash"
            self.crashes.append(f"{name}: {traceback.format_exc()}")
        with self.lock:
            self.outcomes[kind, outcome] += 1
            self.slowest = sorted([*self.slowest, (time.monotonic() - began, f"{name}: {outcome}")])[-5:]


def outcome_of(content: bytes) -> tuple[str, str]:
    """What kind of file it is taken for, and what became of it."""
    kind = kind_of(sniff(content[:HEAD]))
    if kind not in JOBS:
        return kind, "not opened"
    job, limits = JOBS[kind]
    with tempfile.NamedTemporaryFile(prefix="chat-hostile-") as file:
        file.write(content)
        file.flush()
        try:
            with sandbox.run(job, Path(file.name), limits) as (_, answer):
                return kind, "read, with previews" if answer["small"] else "read"
        except UnusableFile as unfit:
            return kind, unfit.reason


def push(files: Iterable[tuple[str, bytes]]) -> Results:
    results, waiting = Results(), threading.BoundedSemaphore(2 * sandbox.MAX_CONCURRENT)

    def take(name: str, content: bytes) -> None:
        try:
            results.add(name, content)
        finally:
            waiting.release()

    with ThreadPoolExecutor(sandbox.MAX_CONCURRENT) as pool:
        for name, content in files:
            waiting.acquire()  # so that no more than a few of them are in memory
            pool.submit(take, name, content)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("folders", nargs="*", help="with more files, such as the test images of Pillow")
    parser.add_argument("--no-corpus", action="store_true", help="only the folders")
    parser.add_argument("--http", action="store_true", help="through a server's doors")
    parser.add_argument("--strangers", action="store_true", help="crowds that have not signed in, instead of files")
    parser.add_argument("--frames", action="store_true", help="what reading hostile frames costs, instead of files")
    parser.add_argument("--uploads", action="store_true", help="what one person's uploads do to others, instead")
    parser.add_argument("--floods", action="store_true", help="floods of frames over real sockets, instead of files")
    options = parser.parse_args()
    if options.frames or options.floods:
        (hostile_frames if options.frames else hostile_floods).show()
        return
    if options.strangers:
        from bench.hostile_strangers import attack_all

        attack_all()
        return
    if options.uploads:
        from bench import hostile_uploads

        hostile_uploads.attack_all()
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    files = {"corpus": () if options.no_corpus else corpus.files(), **packages(options.folders)}
    if options.http:
        from bench.hostile_http import push_all  # needs Django, which the sandbox must do without

        push_all(files)
        return
    settings.configure()  # Django's own: the sandbox asks where temporary files go
    for title, some in files.items():
        show(title, push(some))


def packages(folders: list[str]) -> dict[str, Iterable[tuple[str, bytes]]]:
    return {folder: corpus.package_files(folder) for folder in folders}


def show(title: str, results: Results) -> None:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{title}: {results.outcomes.total()} files, {len(results.crashes)} crashes of the server's part")
    print(f"  memory of the largest child so far: {children.ru_maxrss // 1024} MB")
    for seconds, name in reversed(results.slowest):
        print(f"  {seconds:5.2f} s  {name}")
    for (kind, outcome), count in sorted(results.outcomes.items()):
        print(f"  {count:5}  {kind}: {outcome}")
    print(*results.crashes, sep="\n")


if __name__ == "__main__":
    main()
