"""An installation of another commit, served by this tree: nothing that it holds is lost, and nobody notices.

python -m bench.upgrade COMMIT      looks at its database, files, sessions, tasks and backup; with DATABASE_URL=postgres://…
and REDIS_URL=redis://… set, then also at hosts of both commits behind one proxy.
"""

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ |= {
    "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    "DATA_DIR": tempfile.mkdtemp(prefix="chat-bench-"),
    "LOG_LEVEL": "WARNING",
}

# Below, because these read the settings.
from chatproject.tests.nginx import Nginx
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import Person, cast_on, http
from messaging.tests.faults.rolling import hosts, restart_under_load
from operations.tests.backups.places import ENV, backup, fill

QUEUE = (Path(__file__).parent / "queue_tasks.py").read_text()
STATES = """
from django_tasks_db.models import DBTaskResult
for path, status, why in DBTaskResult.objects.values_list("task_path", "status", "exception_class_path"):
    print(path, status, why)
"""


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """The tree of a commit, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="chat-tree-") as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def take_over(tree: Path) -> Iterator[str]:
    """Fill an installation of that tree, serve it by this one, and restore its backup here."""
    server = Server(env=ENV, bare=True, tree=tree)
    try:
        server.start()
        people, group = fill(server, cast_on(server))
        carol = cast_on(server)("carol")
        alice = people[0]
        signed_in = _sign_in(alice)
        sealed = backup(server)
        before = _seen(alice, group)
        assert server.stop() == 0
        server.env |= {"ALICE": alice.id, "CAROL": carol.id}
        queued = server.run("shell", "-v", "0", "-c", QUEUE)
        assert queued.returncode == 0, queued.stderr
        yield f"tasks queued by the commit before: {len(queued.stdout.split())}"
        server.tree = ROOT
        server.start()
        assert _seen(alice, group) == before
        yield "messages, files and conversations are the same; the access token of before still signs in"
        renewed = http.post(f"{server.url}/api/v1/auth/refresh/", json={"refresh": signed_in["refresh"]})
        assert renewed.status_code == 200, renewed.text
        yield "the refresh token of before is renewed"
        asyncio.run(_talk(alice, group))
        yield "a socket signs in with the access token of before, and hears what is sent"
        yield f"tasks of before, done here: {_wait_for_tasks(server)}"
        assert server.stop() == 0
        yield _restore(sealed, alice, group, before)
    finally:
        server.close()


def roll(tree: Path) -> Iterator[str]:
    """Replace two hosts of that tree by two of this one, behind one proxy, while people talk."""
    with hosts(2, tree=tree, STOP_DELAY_SECONDS="1") as both, Nginx(*both) as proxy:
        for host in both:
            host.tree = ROOT
        for name, value in asyncio.run(restart_under_load(both, proxy, rate=50, rounds=1)).items():
            yield f"{name}: {value}"


def _sign_in(person: Person) -> dict[str, str]:
    body = {"login": person.name, "password": "correct horse 7"}
    found: dict[str, str] = http.post(f"{person.server.url}/api/v1/auth/login/", json=body).json()
    return found


def _seen(person: Person, group: str) -> dict[str, object]:
    """What somebody sees of a conversation, with the bytes of its files."""
    history = person.history(group)
    files = [one for message in history for one in message["attachments"]]
    return {
        "history": history,
        "row": person.row(group),
        "bytes": [person.call("GET", f"media/{one['id']}/content/").content for one in files],
    }


async def _talk(person: Person, group: str) -> None:
    async with person.socket() as socket:
        said = await socket.say(group, "After the upgrade")
        await socket.until(lambda: said["seq"] in socket.seqs(group))


def _wait_for_tasks(server: Server) -> int:
    deadline = time.monotonic() + 120
    while True:
        rows = server.run("shell", "-v", "0", "-c", STATES).stdout.split("\n")[:-1]
        bad = [row for row in rows if " FAILED " in row or row.split()[2:]]
        assert not bad, bad
        if rows and all(" SUCCESSFUL" in row for row in rows):
            return len(rows)
        assert time.monotonic() < deadline, rows
        time.sleep(1)


def _restore(sealed: Path, alice: Person, group: str, before: dict[str, object]) -> str:
    fresh = Server(env=ENV, bare=True)
    try:
        answer = fresh.run("restore", str(sealed), timeout=120)
        assert answer.returncode == 0, answer.stderr
        fresh.start()
        alice.server = fresh
        alice.headers = alice.again().headers
        after = _seen(alice, group)
        assert after["history"] == before["history"]
        assert after["bytes"] == before["bytes"]
    finally:
        fresh.close()
    return "a backup of before is restored here"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("commit", help="the commit that the installation was made by")
    options = parser.parse_args()
    with checkout(options.commit) as tree:
        for line in take_over(tree):
            print(f"- {line}", flush=True)
        if os.environ.get("DATABASE_URL", "").startswith("postgres") and os.environ.get("REDIS_URL"):
            for line in roll(tree):
                print(f"- {line}", flush=True)


if __name__ == "__main__":
    main()
