"""What was backed up comes back, all of it and unchanged, on either database; or nothing does."""

import asyncio
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from chatproject.tests.made import postgres_session
from chatproject.tests.proving import PROVE, chance
from chatproject.tests.server import ROOT, Server
from messaging.tests.client import Person, cast_on
from messaging.tests.faults.load import HttpSender, SocketSender, until
from operations.tests.backups.places import (
    POSTGRES,
    backup,
    bare,
    exported,
    files_of,
    fill,
    installation,
    people_in,
    restored,
    signs_in,
)

KILLS = PROVE


class Filled(NamedTuple):
    """An installation, a backup of it, all that it held then by the name of the file in its export; people, a group."""

    server: Server
    archive: Path
    whole: dict[str, bytes]
    people: list[Person]
    group: str


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """An installation with something in it that does not run, and a backup of it."""
    server = installation()
    try:
        server.start()
        people, group = fill(server, cast_on(server))
        server.stop()
        archive = backup(server)
        archive = Path(shutil.copy(archive, tmp_path_factory.mktemp("kept")))  # newer ones push out what lies there
        yield Filled(server, archive, exported(server, tmp_path_factory.mktemp("whole")), people, group)
    finally:
        server.close()


@pytest.fixture
def empty():
    server = installation()
    yield server
    server.close()


@pytest.fixture
def machine():
    """A new one: nothing is there, not even tables."""
    server = bare()
    yield server
    server.close()


# --- It works ---------------------------------------------------------------------------------------------------
def test_a_restored_installation_is_byte_for_byte_what_was_backed_up(filled, machine, tmp_path) -> None:
    said = restored(machine, filled.archive).stdout
    here = exported(machine, tmp_path / "here")
    assert filled.whole.keys() == here.keys()
    assert [name for name in here if filled.whole[name] != here[name]] == []
    assert any(name.startswith("files/files/") for name in here)
    assert "restored " in said


@pytest.mark.skipif(not POSTGRES, reason="needs PostgreSQL")
def test_the_planner_knows_what_was_restored(filled, machine) -> None:
    restored(machine, filled.archive)
    with postgres_session(machine.env["DATABASE_URL"]) as connection:
        known = connection.execute("SELECT DISTINCT tablename FROM pg_stats WHERE schemaname = 'public'").fetchall()
    assert {("messaging_message",), ("conversations_membership",)} <= set(known)


@pytest.mark.skipif(not POSTGRES, reason="needs PostgreSQL")
def test_a_backup_fits_the_other_database_and_back_again(filled, tmp_path) -> None:
    sqlite, postgres = installation(DATABASE_URL=""), installation()
    try:
        restored(sqlite, filled.archive)
        assert exported(sqlite, tmp_path / "there") == filled.whole
        again = backup(sqlite)
        restored(postgres, again)
        assert b"Second" in exported(postgres, tmp_path / "back")["rows/messaging.message.jsonl"]
    finally:
        sqlite.close()
        postgres.close()


def test_files_go_back_into_a_bucket_and_come_from_there(filled, s3, tmp_path) -> None:
    target = installation(STORAGE_URL=s3.url)
    try:
        restored(target, filled.archive)
        assert any(name.startswith("files/") for name in s3.names())
        assert files_of(target) == []
        assert exported(target, tmp_path / "here") == filled.whole
    finally:
        target.close()
    other = installation(STORAGE_URL=s3.url)
    try:
        assert "There are files" in restored(other, filled.archive, succeeds=False).stderr
    finally:
        other.close()


def test_people_sign_in_and_go_on_after_a_restore(filled, empty) -> None:
    _, archive, _, (alice, bob), group = filled
    restored(empty, archive)
    with empty:
        assert signs_in(empty, alice.name)
        alice.server = bob.server = empty
        assert alice.get("users/me/")["username"] == alice.name  # her sign-in is still good: the keys came along
        history = alice.history(group)
        assert [message["content"] for message in history][:2] == ["First, edited", "Second"]
        told = bob.write(group, "Still here")
        assert told["seq"] > history[-1]["seq"]
        found = bob.get("messages/search/?q=edited")["results"]
        assert [one["message"]["content"] for one in found] == ["First, edited"]
        upload = history[-1]["attachments"][0]
        assert alice.call("GET", f"media/{upload['id']}/content/").content == b"What is in the file\n" * 10_000
        assert empty.run("check_log").returncode == 0
        audit = empty.run("verify_audit")
        assert audit.returncode == 0, audit.stdout


def test_what_was_acked_before_a_backup_began_under_load_is_in_it(tmp_path) -> None:
    source, target = installation(), installation()
    try:
        source.start()
        archive, acked, people, group = asyncio.run(backed_up_under_load(source))
        source.kill()
        restored(target, archive)
        with target:
            people[0].server = target
            stored = {message["id"] for message in people[0].history(group)}
            assert {message["id"] for message in acked} <= stored
            assert len(acked) > 20
            assert target.run("check_log").returncode == 0
    finally:
        source.close()
        target.close()


async def backed_up_under_load(source):
    people = [await asyncio.to_thread(cast_on(source), name) for name in ("alice", "bob")]
    group = await asyncio.to_thread(people[0].group, people[1])
    senders = [door(one, group) for one in people for door in (SocketSender, HttpSender)]
    stop = asyncio.Event()
    sending = asyncio.gather(*(sender.run(stop) for sender in senders))
    await until(lambda: sum(len(sender.acked) for sender in senders) > 100, 60, "acks")
    acked = [send.message for sender in senders for send in sender.acked]
    archive = await asyncio.to_thread(backup, source)
    more = sum(len(sender.acked) for sender in senders)
    stop.set()
    await sending
    assert more > len(acked), "nobody wrote while the backup was made"
    return archive, acked, people, group


def test_clients_of_the_old_installation_start_afresh(filled, empty) -> None:
    restored(empty, filled.archive)
    ask = "from common.epoch import epoch; print(epoch())"
    assert filled.server.run("shell", "-v0", "-c", ask).stdout != empty.run("shell", "-v0", "-c", ask).stdout


# --- It is refused ----------------------------------------------------------------------------------------------
def test_a_restore_over_people_or_files_is_refused(filled, empty) -> None:
    before = people_in(filled.server)
    assert "people or conversations" in restored(filled.server, filled.archive, succeeds=False).stderr
    assert people_in(filled.server) == before
    (empty.data_dir / "uploads").mkdir()
    (empty.data_dir / "uploads" / "somebody's").touch()
    assert "There are files" in restored(empty, filled.archive, succeeds=False).stderr
    assert people_in(empty) == 0


def test_a_restore_beside_a_running_server_is_refused(filled) -> None:
    archive = filled.archive
    with installation() as running:
        assert "is taken" in restored(running, archive, succeeds=False).stderr


def test_another_key_is_refused(filled, empty) -> None:
    archive = filled.archive
    empty.env["BACKUP_KEY"] = "another key of twenty and more letters"
    assert "BACKUP_KEY is not the key" in restored(empty, archive, succeeds=False).stderr
    assert people_in(empty) == 0


@pytest.mark.plain
@pytest.mark.parametrize("damage", ["first", "flipped", "flipped late", "truncated", "longer"])
def test_a_damaged_backup_is_refused(filled, empty, tmp_path, damage) -> None:
    archive = filled.archive
    content = bytearray(archive.read_bytes())
    dice = chance()
    match damage:
        case "first":
            content[dice.randrange(56)] ^= 1
        case "flipped":
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        case "flipped late":
            content[-dice.randrange(1, 200)] ^= 1 << dice.randrange(8)
        case "truncated":
            del content[dice.randrange(len(content)) :]
        case "longer":
            content += b"\0"
    (tmp_path / archive.name).write_bytes(content)
    restored(empty, tmp_path / archive.name, succeeds=False)
    assert (people_in(empty), files_of(empty)) == (0, [])


# --- It is killed -----------------------------------------------------------------------------------------------
@pytest.mark.faults
@pytest.mark.search
def test_a_restore_killed_at_any_moment_leaves_nothing_or_all(filled, tmp_path) -> None:
    dice, target, seconds = chance(), bare(), 0.0
    states = []
    try:
        began = time.monotonic()
        restored(target, filled.archive)
        seconds = time.monotonic() - began
    finally:
        target.close()
    for number in range(KILLS):
        target = bare()
        try:
            killed(target.command("restore", str(filled.archive)), target.env, dice.uniform(0.4, 1.05) * seconds)
            if people_in(target):
                states.append("all")
            else:
                states.append("nothing")
                restored(target, filled.archive)  # what lies there of the first attempt is in nobody's way
            assert exported(target, tmp_path / f"{number}") == filled.whole
        finally:
            target.close()
    print(states)  # noqa: T201


@pytest.mark.plain
@pytest.mark.faults
@pytest.mark.search
def test_a_backup_killed_at_any_moment_leaves_none_or_a_whole_one(filled, tmp_path) -> None:
    dice = chance()
    began = time.monotonic()
    backup(filled.server)
    seconds = time.monotonic() - began
    for _ in range(KILLS):
        before = set((filled.server.data_dir / "backups").glob("chat-*"))
        killed(filled.server.command("backup"), filled.server.env, dice.uniform(0.3, 1.05) * seconds)
        give_up(filled.server)
        for new in set((filled.server.data_dir / "backups").glob("chat-*")) - before:
            target = installation()
            try:
                restored(target, new)
            finally:
                target.close()
    restored_again = installation()
    try:
        restored(restored_again, backup(filled.server))
    finally:
        restored_again.close()


def killed(command: list[str], env: dict[str, str], seconds: float) -> None:
    """Start a command and kill it after so long."""
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()


def give_up(server) -> None:
    """As if minutes had gone by since somebody was killed."""
    imports = "from operations.models import Backup; from datetime import timedelta; from django.db.models import F"
    later = "Backup.objects.update(seen_at=F('seen_at') - timedelta(hours=1))"
    server.run("shell", "-v0", "-c", f"{imports}; {later}")


def test_nobody_reads_a_backup_without_its_key(filled) -> None:
    _, archive, _, (alice, _), _ = filled
    content = archive.read_bytes()
    assert alice.name.encode() not in content
    assert content[:8] == b"chatbak1"
    assert archive.stat().st_mode & 0o777 == 0o600
    assert Path(archive).parent.stat().st_mode & 0o777 == 0o700
