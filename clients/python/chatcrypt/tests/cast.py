"""The devices of the cast and the vectors, which both implementations share; and the other one, to ask."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chatcrypt import CryptoError, OwnDevice, Place, PublicDevice, read_device
from chatcrypt.canonical import decode

VECTORS = Path(__file__).parents[3] / "vectors"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


@cache
def public(name: str) -> PublicDevice:
    """A device as others see it, by a name such as `alice-phone`."""
    fields = vectors("devices")[name]
    return read_device(fields["id"], fields["user_id"], fields["bundle"])


@cache
def own(name: str) -> OwnDevice:
    """The same with its private keys."""
    fields = vectors("devices")[name]
    return OwnDevice.load(public(name), decode(fields["encryption_key"]), decode(fields["signing_key"]))


def place_of(fields: dict[str, str]) -> Place:
    return Place(**fields)


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What happens in here is refused with this code."""
    with pytest.raises(CryptoError) as refusal:
        yield
    assert refusal.value.code == code


def javascript(action: str, **asked: Any) -> Any:
    """What the other implementation does."""
    assert NODE is not None
    run = [NODE, str(VECTORS / "run.mjs")]
    answer = subprocess.run(
        run, input=json.dumps({"action": action, **asked}), capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)
