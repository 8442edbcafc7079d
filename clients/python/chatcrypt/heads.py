"""The ends of key logs as the sender of a message saw them. Readers compare them with the logs that they get."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any, Self

from chatcrypt.canonical import pack
from chatcrypt.errors import CryptoError
from chatcrypt.shapes import a_number, an_id, exactly

MOST = 256
HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Head:
    """The last line of a person's key log: its number and its hash. 0 and no hash where nothing was registered."""

    user: str
    number: int
    hash: str

    @classmethod
    def read(cls, value: object) -> Self:
        """Raises `malformed`."""
        fields = exactly(value, "user", "number", "hash")
        number, line = a_number(fields["number"]), fields["hash"]
        is_hash = isinstance(line, str) and bool(HASH.fullmatch(line) if number else not line)
        if not is_hash:
            raise CryptoError("malformed")
        return cls(an_id(fields["user"]), number, line)

    def is_of(self, hashes: Sequence[str]) -> bool:
        """Whether it is a line of this log, given the hashes of its lines. Before the first all logs are the same."""
        if self.number == 0:
            return not self.hash
        return self.number <= len(hashes) and hashes[self.number - 1] == self.hash


def read_heads(value: object) -> tuple[Head, ...]:
    """Raises `malformed`, `too_large`, and `heads_unsorted` unless each person stands there once, ascending."""
    if not isinstance(value, list) or not value:
        raise CryptoError("malformed")
    if len(value) > MOST:
        raise CryptoError("too_large")
    heads = tuple(map(Head.read, value))
    if any(one.user >= other.user for one, other in pairwise(heads)):
        raise CryptoError("heads_unsorted")
    return heads


def write_heads(heads: Sequence[Head]) -> list[dict[str, Any]]:
    """As they stand in an envelope."""
    return [asdict(head) for head in heads]


def digest_of(heads: Sequence[Head]) -> bytes:
    """The 32 bytes that stand for these heads in the context of a message."""
    flat = (part for head in heads for part in (head.user, head.number, head.hash))
    return sha256(pack("chat/heads/1", len(heads), *flat)).digest()
