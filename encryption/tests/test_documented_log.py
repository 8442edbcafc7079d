"""Lines of a key log are hashed as specified in docs/encryption.md."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from encryption.tests.devices import TestDevice

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "encryption.md").read_text()
WHERE = {
    "device id": lambda line: line["device_id"],
    "proof": lambda line: line["proof"] or "",
    "time": lambda line: line["at"],
    **{name: lambda line, name=name: line[name] for name in ("number", "kind")},
    **{
        name: lambda line, name=name: line["bundle"][name.replace(" ", "_")]
        for name in ("suite", "encryption key", "signing key", "signature")
    },
}
"""Where a field of the table stands in the JSON."""


def documented_hash(line: dict[str, Any], before: str) -> str:
    """By the row of the table, in its order, and by the rule above it."""
    row = re.search(r"^\| `chat/key-log/1` \| ([^:]*):", DOCUMENT, re.MULTILINE)
    assert row
    first, *names = row[1].split(", ")
    assert first == "hash of the line before"
    return hashlib.sha256(packed("chat/key-log/1", before, *(WHERE[name](line) for name in names))).hexdigest()


def packed(*fields: str | int) -> bytes:
    raw = [field.to_bytes(8, "big") if isinstance(field, int) else field.encode() for field in fields]
    return b"".join(len(one).to_bytes(4, "big") + one for one in raw)


@pytest.mark.django_db
def test_the_servers_lines_are_hashed_as_the_table_says(sign_in, alice) -> None:
    client, old, new = sign_in(alice), TestDevice(alice.id), TestDevice(alice.id)
    device_id = client.post("/api/v1/encryption/devices/", old.bundle).json()["id"]
    change = {"device_id": device_id, "bundle": new.bundle, "signature": old.rotated_to(new, alice.id, device_id)}
    assert client.put("/api/v1/encryption/public-key/", change).status_code == 200

    lines = client.get(f"/api/v1/encryption/key-log/{alice.id}/").json()["entries"]

    before = ""
    for line in lines:
        assert documented_hash(line, before) == line["hash"]
        before = line["hash"]
    assert [line["kind"] for line in lines] == ["added", "rotated"]


@pytest.mark.plain
def test_the_documented_line_has_the_documented_hash() -> None:
    example = re.search(r"### A line of a key log\n.*?```json.*?\n(.*?)```", DOCUMENT, re.DOTALL)
    assert example
    line = json.loads(example[1])
    assert documented_hash(line, "") == line["hash"]
