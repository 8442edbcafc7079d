"""The command, as people use it: files in, files out, and no secret where others see it."""

import io
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatcrypt import CURVE, open_message, safety_number
from chatcrypt import command as chatcrypt
from chatcrypt.envelope import Place
from chatcrypt.tests.cast import javascript, needs_node, own, public, vectors

pytestmark = pytest.mark.plain
PASSPHRASE = "correct horse battery"
ALICE = public("alice-phone").user_id
CONVERSATION = "4c6b3e2a-6d0e-4f5e-9a59-3f1d2b7c8e90"
ALICES_DEVICE = "0d000000-0000-4000-8000-000000000001"

Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch, capsysbinary) -> Run:
    """`run("decrypt", …, given=b"…")`: what it writes; refusals are asserted by `status` and returned."""

    def run(*argv: object, given: bytes = b"", status: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert chatcrypt.main([str(each) for each in argv]) == status
        written, complaint = capsysbinary.readouterr()
        return (complaint if status else written).decode()

    return run


@pytest.fixture
def keys(tmp_path, run) -> dict[str, Path]:
    """alice's new keys, the passphrase in a file, and the devices of her and bob as the server lists them."""
    files = {name: tmp_path / name for name in ("keys", "passphrase", "devices")}
    files["passphrase"].write_text(PASSPHRASE + "\n")
    how = ("--suite", CURVE.name, "--kdf", "pbkdf2-sha256", "--passphrase-file", files["passphrase"])
    bundle = json.loads(run("keys", "--user", ALICE, "--out", files["keys"], *how))
    listed = [{"device": ALICES_DEVICE, "user_id": ALICE, "bundle": bundle}, row("bob-laptop"), row("bob-phone")]
    files["devices"].write_text(json.dumps(listed))
    return files


def row(name: str) -> dict[str, Any]:
    device = public(name)
    return {"device": device.id, "user_id": device.user_id, "bundle": device.bundle}


def options(keys: dict[str, Path], **more: object) -> list[object]:
    named = {"keys": keys["keys"], "passphrase-file": keys["passphrase"], "devices": keys["devices"], **more}
    return [part for name, value in named.items() for part in (f"--{name.replace('_', '-')}", value)]


def test_what_is_encrypted_is_decrypted_by_everybody_it_is_for(keys, run) -> None:
    how = options(keys, conversation=CONVERSATION)
    sent = json.loads(run("encrypt", *how, "--roster-seq", 4, given="Hé\n🙂".encode()))
    assert run("decrypt", *how, given=json.dumps(sent).encode()) == "Hé\n🙂"
    sender = chatcrypt.directory(keys["devices"])[0]
    place = Place(CONVERSATION, sent["client_id"])
    for name in ("bob-laptop", "bob-phone"):
        assert open_message(sent["envelope"], place, sender=sender, devices=[own(name)])["content"] == "Hé\n🙂"


def test_heads_of_key_logs_travel_with_what_is_encrypted(keys, run, tmp_path) -> None:
    how, file = options(keys, conversation=CONVERSATION), tmp_path / "heads"
    heads = [{"user": user, "number": 1, "hash": "ab" * 32} for user in sorted([ALICE, public("bob-phone").user_id])]
    file.write_text(json.dumps(heads))
    sent = run("encrypt", *how, "--roster-seq", 4, "--heads", file, given=b"hello").encode()
    assert json.loads(sent)["envelope"]["v"] == 2
    assert json.loads(run("decrypt", *how, "--json", given=sent))["heads"] == heads
    file.write_text(json.dumps(heads[::-1]))
    complaint = run("encrypt", *how, "--roster-seq", 4, "--heads", file, given=b"hello", status=1)
    assert complaint.startswith("chatcrypt: heads_unsorted: ")


def test_an_edit_is_bound_to_its_message(keys, run, tmp_path) -> None:
    how, message = options(keys, conversation=CONVERSATION), "0e000000-0000-4000-8000-000000000001"
    text = tmp_path / "text"
    text.write_text("better")
    sent = run("encrypt", *how, "--roster-seq", 4, "--replaces", message, "--client-id", "mine", text).encode()
    assert json.loads(run("decrypt", *how, "--replaces", message, "--json", given=sent))["content"] == "better"
    assert run("decrypt", *how, given=sent, status=1).startswith("chatcrypt: signature_invalid: ")


def test_what_was_moved_is_refused(keys, run) -> None:
    sent = run("encrypt", *options(keys, conversation=CONVERSATION), "--roster-seq", 4, given=b"here").encode()
    elsewhere = options(keys, conversation="5c6b3e2a-6d0e-4f5e-9a59-3f1d2b7c8e90")
    assert "signature_invalid" in run("decrypt", *elsewhere, given=sent, status=1)
    assert "malformed" in run("decrypt", *elsewhere, given=b"[" * 100_000, status=1)


def test_private_keys_are_in_a_file_of_one_s_own_and_under_the_passphrase(keys, run) -> None:
    assert stat.S_IMODE(keys["keys"].stat().st_mode) == 0o600
    how = options(keys, conversation=CONVERSATION)
    written = json.loads(keys["keys"].read_text())
    assert set(written) == {"user_id", "bundle", "backup"}
    keys["passphrase"].write_text("another passphrase")
    assert "backup_invalid" in run("encrypt", *how, "--roster-seq", 4, given=b"x", status=1)
    keys["passphrase"].write_text(PASSPHRASE)
    keys["keys"].chmod(0o640)
    assert "may be read by others" in run("encrypt", *how, "--roster-seq", 4, given=b"x", status=2)


def test_keys_are_never_written_over_and_need_a_passphrase(keys, run, tmp_path) -> None:
    before = keys["keys"].read_bytes()
    how = ("--user", ALICE, "--passphrase-file", keys["passphrase"])
    assert "never overwritten" in run("keys", *how, "--out", keys["keys"], status=2)
    assert keys["keys"].read_bytes() == before
    keys["passphrase"].write_text("password")
    out = tmp_path / "new"
    assert "passphrase_short" in run("keys", *how, "--suite", CURVE.name, "--out", out, status=1)
    assert not out.exists()


def test_a_passphrase_is_asked_for_twice_without_showing_it(run, tmp_path, monkeypatch) -> None:
    answers = iter([PASSPHRASE, PASSPHRASE + "!", PASSPHRASE, PASSPHRASE])
    monkeypatch.setattr("chatcrypt.command.getpass", lambda _: next(answers))
    how = ("--user", ALICE, "--suite", CURVE.name, "--out", tmp_path / "keys")
    assert "passphrases are different" in run("keys", *how, status=1)
    assert set(json.loads(run("keys", *how))) == {"suite", "encryption_key", "signing_key", "signature"}


def test_fingerprints_and_the_safety_number_of_two(keys, run) -> None:
    alice, *bob = chatcrypt.directory(keys["devices"])
    lines = run("fingerprint", "--devices", keys["devices"]).splitlines()
    assert [line.split()[1:] for line in lines[:3]] == [[each.id, each.user_id] for each in (alice, *bob)]
    known = vectors("canonical")["fingerprints"]
    assert [line.split()[0] for line in lines[1:3]] == [known["bob-laptop"], known["bob-phone"]]
    assert lines[3] == safety_number([alice], bob)


def test_who_is_not_listed_neither_writes_nor_is_read(keys, run) -> None:
    how = options(keys, conversation=CONVERSATION)
    sent = run("encrypt", *how, "--roster-seq", 4, given=b"x").encode()
    keys["devices"].write_text(json.dumps([row("bob-phone")]))
    assert "not_a_recipient" in run("encrypt", *how, "--roster-seq", 4, given=b"x", status=1)
    assert "wrong_sender" in run("decrypt", *how, given=sent, status=1)
    keys["devices"].write_text(json.dumps([{**row("bob-phone"), "user_id": ALICE}]))
    assert "bundle_invalid" in run("fingerprint", "--devices", keys["devices"], status=1)


def test_it_runs_as_a_module_and_takes_no_secret_as_an_argument() -> None:
    where = Path(chatcrypt.__file__).parents[1]
    for action in ("keys", "encrypt", "decrypt", "fingerprint"):
        ask = [sys.executable, "-m", "chatcrypt", action, "--help"]
        usage = subprocess.run(ask, cwd=where, capture_output=True, text=True, check=True).stdout
        assert "--passphrase " not in usage
        assert "--text" not in usage
    ask = [sys.executable, "-m", "chatcrypt", "keys", "--user", ALICE, "--out", "x", "--passphrase", "secret"]
    complaint = subprocess.run(ask, cwd=where, capture_output=True, text=True, check=False)
    assert complaint.returncode == 2
    assert "unrecognized arguments" in complaint.stderr


@needs_node
def test_its_key_file_is_a_backup_that_a_browser_opens(keys) -> None:
    written = json.loads(keys["keys"].read_text())
    answer = javascript("open_backup", blob=written["backup"], user_id=ALICE, passphrase=PASSPHRASE)
    assert answer["devices"] == [{"id": None, "bundle": written["bundle"]}]
