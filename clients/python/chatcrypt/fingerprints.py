"""What people compare to notice a server that lies about keys."""

from collections.abc import Iterable
from hashlib import sha256, sha512

from chatcrypt.canonical import pack
from chatcrypt.devices import PublicDevice
from chatcrypt.errors import CryptoError

GROUPS = 12


def fingerprint(device: PublicDevice) -> str:
    """64 hexadecimal digits for a device's signing key."""
    return _digest(device).hex()


def safety_number(one: Iterable[PublicDevice], other: Iterable[PublicDevice]) -> str:
    """60 digits in groups of 5, the same for both, from all devices of two people."""
    identities = dict(sorted(map(_identity, (one, other))))
    if len(identities) != 2:
        raise CryptoError("malformed", "A safety number is of two people.")
    digest = sha512(pack("chat/safety/1", *identities.values())).digest()
    numbers = (int.from_bytes(digest[5 * group : 5 * group + 5], "big") for group in range(GROUPS))
    return " ".join(f"{number % 100_000:05}" for number in numbers)


def _identity(devices: Iterable[PublicDevice]) -> tuple[str, bytes]:
    all_devices = list(devices)
    owners = {device.user_id for device in all_devices}
    if len(owners) != 1:
        raise CryptoError("malformed", "An identity is the devices of one person.")
    owner, digests = owners.pop(), sorted(set(map(_digest, all_devices)))
    return owner, pack("chat/identity/1", owner, len(digests), *digests)


def _digest(device: PublicDevice) -> bytes:
    return sha256(pack("chat/fingerprint/1", device.user_id, device.suite.name, device.signing_key)).digest()
