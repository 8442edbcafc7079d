"""The cast's devices, and what follows from them without any chance."""

from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from chatcrypt import CURVE, RSA, fingerprint, safety_number
from chatcrypt.body import pad
from chatcrypt.canonical import encode, pack
from chatcrypt.devices import OwnDevice, make_device, read_device, sign_bundle
from chatcrypt.envelope import Envelope, Place, wrap_info
from chatcrypt.heads import Head, digest_of, write_heads
from chatcrypt.suite import pkcs8
from chatcrypt.tests.cast import own, public, vectors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

Json = dict[str, Any]
KINDS = {"laptop": RSA, "phone": CURVE}


def seed(*words: str) -> bytes:
    """32 bytes that are anything but secret."""
    return sha256(" ".join(("chat vectors", *words)).encode()).digest()


def an_id(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, f"{name}.chat.invalid"))


def devices(before: Json) -> Json:
    """Private keys that everybody knows. `alice-phone-rotated` is the same device with later keys."""
    names = ["alice-laptop", "alice-phone", "alice-phone-rotated", "bob-laptop", "bob-phone", "carol-phone"]
    return {name: before.get(name) if _is_good(before.get(name)) else _device(name) for name in names}


def _device(name: str) -> Json:
    person, kind = name.split("-")[:2]
    device_id = an_id(f"{person}-{kind}")
    if KINDS[kind] is RSA:
        device = make_device(an_id(person), RSA, device=device_id)
    else:
        encryption = X25519PrivateKey.from_private_bytes(seed(name, "encryption"))
        signing = Ed25519PrivateKey.from_private_bytes(seed(name, "signing"))
        device = sign_bundle(an_id(person), CURVE, encryption, signing, device=device_id)
    return _written(device)


def _written(device: OwnDevice) -> Json:
    return {
        "id": device.id,
        "user_id": device.public.user_id,
        "bundle": device.public.bundle,
        "encryption_key": encode(pkcs8(device.encryption_key)),
        "signing_key": encode(pkcs8(device.signing_key)),
    }


def _is_good(fields: Json | None) -> bool:
    """An RSA device that is there stays; those of curves are computed."""
    if not fields or fields["bundle"]["suite"] != RSA.name:
        return False
    return bool(read_device(fields["id"], fields["user_id"], fields["bundle"]))


def canonical(_: Json) -> Json:
    names = list(vectors("devices"))
    alice, bob = ([public(name) for name in names if name.startswith(who)] for who in ("alice", "bob"))
    return {
        "pack": [
            _packed(["chat/example/1"]),
            _packed(["chat/example/1", "", "a", "é🙂"]),
            _packed(["chat/example/1", 0, 7, 2**53 - 1]),
            _packed(["chat/example/1", "ab", "c"]),
            _packed(["chat/example/1", "a", "bc"]),
        ],
        "base64url": {"good": ["", "AA", "_-8", "AAAA"], "bad": ["A", "AB", "AA==", "AAA=", "+/8", "AA\n", "A A", "é"]},
        "fingerprints": {name: fingerprint(public(name)) for name in names},
        "safety_number": {"alice": names[:3], "bob": names[3:5], "number": safety_number(alice, bob)},
        "bundles": {name: own(name).public.packed.hex() for name in names},
        "messages": [_bound(None), _bound(an_id("message")), _bound(None, HEADS), _bound(an_id("message"), HEADS)],
        "heads": {
            "digests": [
                {"heads": write_heads(heads), "digest": digest_of(heads).hex()} for heads in (HEADS, HEADS[:1])
            ],
            "logs": [
                _head_of(*case) for case in ((0, "", 0), (0, "", 3), (1, "a", 3), (3, "c", 3), (3, "d", 3), (4, "d", 3))
            ],
        },
        "size_classes": [[size, len(pad({"content": "a" * size}))] for size in (0, 205, 206, 461, 462, 9_000)],
    }


def _packed(fields: list[str | int]) -> Json:
    return {"fields": fields, "packed": pack(str(fields[0]), *fields[1:]).hex()}


def line(name: str) -> str:
    """The hash of a line of some key log."""
    return seed("line", name).hex()


HEADS = tuple(
    sorted(
        (Head(an_id("alice"), 3, line("alice")), Head(an_id("bob"), 2**31, line("bob")), Head(an_id("carol"), 0, "")),
        key=lambda head: head.user,
    )
)


def _head_of(number: int, name: str, length: int) -> Json:
    """Whether a head is a line of a log with so many of the lines a, b, c."""
    head = Head(an_id("alice"), number, line(name) if name else "")
    hashes = [line(each) for each in "abc"[:length]]
    return {"head": write_heads([head])[0], "hashes": hashes, "is_head": head.is_of(hashes)}


def _bound(replaces: str | None, heads: tuple[Head, ...] = ()) -> Json:
    """Every byte string that a message is bound with."""
    place = {"conversation_id": an_id("conversation"), "client_id": "ключ-1", "replaces": replaces}
    sender, recipient = public("bob-phone"), public("alice-phone")
    context = Place(**place).context(sender.suite, str(sender.id), 7, heads)
    parts = {"recipients": ((str(recipient.id), bytes(80)),), "nonce": bytes(12), "ciphertext": bytes(272)}
    return {
        **place,
        "heads": write_heads(heads),
        "sender": "bob-phone",
        "recipient": "alice-phone",
        "roster_seq": 7,
        "context": context.hex(),
        "wrap_info": wrap_info(recipient, context).hex(),
        "signed_sha256": sha256(Envelope(sender.suite, str(sender.id), 7, **parts).signed(context)).hexdigest(),
    }
