"""How a passphrase becomes a key."""

import unicodedata
from dataclasses import asdict, dataclass
from typing import ClassVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from chatcrypt.errors import CryptoError
from chatcrypt.shapes import Json, a_number

LEAST_ROUNDS, MOST_ROUNDS = 600_000, 10_000_000


@dataclass(frozen=True)
class Pbkdf2:
    """What browsers have."""

    NAME: ClassVar[str] = "pbkdf2-sha256"
    rounds: int = LEAST_ROUNDS

    @property
    def is_allowed(self) -> bool:
        return LEAST_ROUNDS <= self.rounds <= MOST_ROUNDS

    def derive(self, passphrase: bytes, salt: bytes) -> bytes:
        return PBKDF2HMAC(hashes.SHA256(), length=32, salt=salt, iterations=self.rounds).derive(passphrase)


@dataclass(frozen=True)
class Argon2:
    """Argon2id as RFC 9106 recommends it where memory is short. It costs an attacker memory too."""

    NAME: ClassVar[str] = "argon2id"
    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    @property
    def is_allowed(self) -> bool:
        return self == Argon2()

    def derive(self, passphrase: bytes, salt: bytes) -> bytes:
        try:
            kdf = Argon2id(salt=salt, length=32, iterations=self.passes, lanes=self.lanes, memory_cost=self.memory_kib)
        except UnsupportedAlgorithm:
            raise CryptoError("unsupported") from None
        return kdf.derive(passphrase)


Kdf = Pbkdf2 | Argon2
KDFS: dict[str, type[Pbkdf2] | type[Argon2]] = {kdf.NAME: kdf for kdf in (Pbkdf2, Argon2)}


def parameters(kdf: Kdf) -> dict[str, int]:
    """As they stand in a blob, in the order in which they are bound."""
    return asdict(kdf)


def read_kdf(blob: Json) -> Kdf:
    """The kdf that a blob names. Raises `kdf_refused` for another one and for weak or absurd parameters."""
    kind = KDFS.get(blob["kdf"]) if isinstance(blob.get("kdf"), str) else None
    if kind is None:
        raise CryptoError("kdf_refused")
    kdf = kind(**{name: a_number(blob.get(name)) for name in parameters(kind())})
    if not kdf.is_allowed:
        raise CryptoError("kdf_refused")
    return kdf


def normalise(passphrase: str) -> bytes:
    """The same bytes from every keyboard."""
    try:
        return unicodedata.normalize("NFKC", passphrase).encode()
    except UnicodeEncodeError:
        raise CryptoError("malformed") from None
