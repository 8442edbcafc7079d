"""Both implementations read these: what either sealed opens, and what was altered is refused for the same reason."""

import subprocess
import sys
from typing import Any

import pytest

from chatcrypt import (
    CODES,
    Head,
    Seen,
    fingerprint,
    open_backup,
    open_message,
    read_device,
    read_rotation,
    safety_number,
)
from chatcrypt.body import pad
from chatcrypt.canonical import decode, encode, pack
from chatcrypt.envelope import Envelope, Place, wrap_info
from chatcrypt.heads import digest_of, read_heads
from chatcrypt.tests.cast import VECTORS, own, place_of, public, refused, vectors
from chatcrypt.tests.files import opened

pytestmark = pytest.mark.plain
CANONICAL, REFUSALS = vectors("canonical"), vectors("refusals")


def named(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {"argvalues": cases, "ids": [case["name"] for case in cases]}


def sealed(name: str) -> dict[str, Any]:
    cases = [{**each, "name": f"{who}, {each['name']}"} for who, all_ in vectors(name).items() for each in all_]
    return named(cases)


def test_nothing_has_changed_since_the_vectors_were_made() -> None:
    check = [sys.executable, str(VECTORS / "generate.py"), "--check"]
    answer = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_fields_are_packed_so_that_they_cannot_run_into_each_other() -> None:
    for case in CANONICAL["pack"]:
        assert pack(*case["fields"]).hex() == case["packed"]


def test_there_is_one_way_to_write_bytes() -> None:
    for text in CANONICAL["base64url"]["good"]:
        assert encode(decode(text)) == text
    for text in CANONICAL["base64url"]["bad"]:
        with refused("bad_encoding"):
            decode(text)


def test_messages_are_bound_by_the_same_bytes() -> None:
    for case in CANONICAL["messages"]:
        place = Place(case["conversation_id"], case["client_id"], case["replaces"])
        sender, recipient = public(case["sender"]), public(case["recipient"])
        heads = [Head.read(each) for each in case["heads"]]
        context = place.context(sender.suite, str(sender.id), case["roster_seq"], heads)
        assert context.hex() == case["context"]
        assert wrap_info(recipient, context).hex() == case["wrap_info"]


def test_heads_have_one_digest_and_are_lines_of_a_log_or_not() -> None:
    for case in CANONICAL["heads"]["digests"]:
        assert digest_of(read_heads(case["heads"])).hex() == case["digest"]
    for case in CANONICAL["heads"]["logs"]:
        assert Head.read(case["head"]).is_of(case["hashes"]) == case["is_head"]


def test_lengths_fall_into_classes() -> None:
    for size, padded in CANONICAL["size_classes"]:
        assert len(pad({"content": "a" * size})) == padded


def test_fingerprints_and_the_safety_number() -> None:
    for name, expected in CANONICAL["fingerprints"].items():
        assert fingerprint(public(name)) == expected
    alice, bob = ([public(name) for name in CANONICAL["safety_number"][who]] for who in ("alice", "bob"))
    number = CANONICAL["safety_number"]["number"]
    assert safety_number(alice, bob) == safety_number(bob[::-1], [*alice, alice[0]]) == number
    assert safety_number(alice[1:], bob) != number


@pytest.mark.parametrize("case", **sealed("messages"))
def test_a_message_opens_for_each_recipient(case) -> None:
    for name in case["recipients"]:
        found = {"sender": public(case["sender"]), "devices": [own("carol-phone"), own(name)], "seen": Seen()}
        body = open_message(case["envelope"], place_of(case["place"]), **found)
        assert body == {"mentions": [], "attachments": [], **case["body"]}
    assert Envelope.read(case["envelope"]).to_json() == case["envelope"]


@pytest.mark.parametrize("case", **named(REFUSALS["messages"]))
def test_a_message_is_refused(case) -> None:
    place, seen = place_of(case["place"]), Seen()
    how = {"sender": public(case["sender"]), "devices": [own(case["reader"])], "seen": seen}
    for envelope in case.get("before", []):
        open_message(envelope, place, **how)
    with refused(case["code"]):
        open_message(case["envelope"], place, **how)


@pytest.mark.parametrize("case", **named(REFUSALS["bundles"]))
def test_a_bundle_is_refused(case) -> None:
    with refused(case["code"]):
        read_device(None, case["user_id"], case["bundle"])


@pytest.mark.parametrize("who", ["python", "javascript"])
def test_a_rotation_is_followed(who) -> None:
    rotations = vectors("rotations")
    assert read_rotation(rotations["user_id"], rotations[who]) == public(rotations["next"])


@pytest.mark.parametrize("case", **named(REFUSALS["rotations"]))
def test_a_rotation_is_refused(case) -> None:
    with refused(case["code"]):
        read_rotation(case["user_id"], case["rotation"])


@pytest.mark.parametrize("who", ["python", "javascript"])
def test_files_open(who) -> None:
    for case in vectors("files")[who]:
        assert opened(decode(case["sealed"]), case) == bytes(number % 251 for number in range(case["size"]))


@pytest.mark.parametrize("case", **named(REFUSALS["files"]))
def test_a_file_is_refused(case) -> None:
    good = next(each for each in vectors("files")["python"] if each["size"] == case["of"])
    whole = decode(good["sealed"])
    data = bytearray(b"".join(whole[start:end] for start, end in case["slices"]))
    if case["flip"] is not None:
        data[case["flip"]] ^= 1
    with refused(case["code"]):
        opened(bytes(data), {**good, **case})


@pytest.mark.parametrize("case", **named(vectors("backups")["backups"]))
def test_a_backup_opens(case) -> None:
    backup = open_backup(case["blob"], case["user_id"], case["passphrase"])
    assert [device.public for device in backup.devices] == [public(name) for name in case["devices"]]
    assert backup.notes == case["notes"]


@pytest.mark.parametrize("case", **named(REFUSALS["backups"]))
def test_a_backup_is_refused(case) -> None:
    with refused(case["code"]):
        open_backup(case["blob"], case["user_id"], case["passphrase"])


def test_the_document_names_every_code() -> None:
    text = (VECTORS.parents[1] / "docs" / "encryption.md").read_text().split("### Refusals")[1]
    assert {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")} == set(CODES)
