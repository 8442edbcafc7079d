"""Installations for the tests of backups: how they are filled, wiped, restored and compared."""

import os
import sqlite3
import subprocess
from pathlib import Path

import psycopg

from chatproject.tests import canaries
from chatproject.tests.made import postgres_session
from chatproject.tests.server import Server
from messaging.tests.client import GENEROUS, PASSWORD, Person, http

KEY = canaries.note("backup key", "a key of twenty and more letters")
ENV = {**GENEROUS, "BACKUP_KEY": KEY, "BACKUP_DRILL_EVERY_DAYS": "0", "MAX_AVATAR_MB": "5"}
POSTGRES = os.environ.get("DATABASE_URL", "")


def installation(**env: str) -> Server:
    """One that is not started; a bare one has nothing, not even tables."""
    return Server(env={**ENV, **env})


def bare(**env: str) -> Server:
    return Server(env={**ENV, **env}, bare=True)


def fill(server: Server, person) -> tuple[list[Person], str]:
    """Two people who have written, sent a file, reacted, edited and deleted; and their group."""
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    odd = {"big": 1e22, "zero": -0.0, "list": [1.0, 1e-7, None, {"b": 1, "a": 2}], "zwölf": 2**63 - 1}
    first = alice.write(group, "First ✨ \x7f \u2028", metadata=odd)
    bob.write(group, "Second", reply_to_id=first["id"])
    assert bob.call("PUT", f"messages/{first['id']}/reactions/\N{THUMBS UP SIGN}/").is_success
    gone = alice.write(group, "Regretted")
    assert alice.call("DELETE", f"messages/{gone['id']}/").is_success
    assert alice.call("PATCH", f"messages/{first['id']}/", json={"content": "First, edited"}).is_success
    upload = send_file(alice, group, b"What is in the file\n" * 10_000)
    alice.write(group, "With a file", attachment_ids=[upload["id"]])
    return [alice, bob], group


def send_file(person: Person, group: str, content: bytes) -> dict:
    answer = person.call(
        "POST", "media/", data={"conversation_id": group}, files={"file": ("plan.txt", content, "text/plain")}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def backup(server: Server) -> Path:
    """A backup made by the command."""
    answer = server.run("backup", timeout=120)
    assert answer.returncode == 0, answer.stderr
    return server.data_dir / "backups" / answer.stdout.split(":")[0]


def restored(server: Server, archive: Path, *, succeeds: bool = True) -> "subprocess.CompletedProcess[str]":
    answer = server.run("restore", str(archive), timeout=120)
    assert (answer.returncode == 0) is succeeds, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer


def exported(server: Server, folder: Path) -> dict[str, bytes]:
    """All that an installation holds, by the name of the file in its export."""
    answer = server.run("export_data", "--all", str(folder), timeout=120)
    assert answer.returncode == 0, answer.stderr
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def people_in(server: Server) -> int:
    """How many rows of people there are; 0 where there is no table yet."""
    url = server.env.get("DATABASE_URL", "")
    with postgres_session(url) if url else sqlite3.connect(server.data_dir / "chat.sqlite3") as database:
        try:
            return database.execute("SELECT count(*) FROM accounts_user").fetchone()[0]
        except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):
            return 0


def files_of(server: Server) -> list[Path]:
    return [path for path in (server.data_dir / "uploads").rglob("*") if path.is_file()]


def signs_in(server: Server, name: str) -> bool:
    answer = http.post(f"{server.url}/api/v1/auth/login/", json={"login": name, "password": PASSWORD})
    return answer.status_code == 200
