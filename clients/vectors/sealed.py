"""What one implementation has sealed and the other must open."""

import io
from collections.abc import Callable
from typing import Any

from chatcrypt import Argon2, FileSecrets, Pbkdf2, PublicDevice, read_rotation, sign_rotation
from chatcrypt.backup import Salted, wrap_backup
from chatcrypt.canonical import decode, encode
from chatcrypt.curve_suite import wrap_with
from chatcrypt.errors import CryptoError
from chatcrypt.files import open_file, seal_file
from chatcrypt.heads import Head, write_heads
from chatcrypt.messages import Fresh, open_message, seal_message
from chatcrypt.tests.cast import NODE, javascript, own, place_of, public
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from settled import HEADS, an_id, seed

Json = dict[str, Any]
PASSPHRASE = "correct horse 🐎 battery"
EVERYBODY = ["alice-laptop", "alice-phone", "bob-laptop", "bob-phone"]
PHONES, LAPTOPS = EVERYBODY[1::2], EVERYBODY[0::2]
TEXT = 'Grüße aus Łódź 🙂\n\u0000\u2028 "quoted" \\ </script>'
ATTACHMENT = {
    "upload_id": an_id("upload"),
    **{name: encode(seed(name)[:size]) for name, size in (("key", 32), ("nonce", 7), ("digest", 32))},
    "name": "Foto.jpg",
    "mime_type": "image/jpeg",
    "size": 123_456,
}
RICH = {"content": TEXT, "mentions": [an_id("bob")], "attachments": [ATTACHMENT]}
MESSAGES: dict[str, tuple[str, list[str], Json, bool]] = {
    "phones": ("alice-phone", PHONES, {"content": TEXT}, False),
    "phones, edited": ("alice-phone", PHONES, {"content": "better " * 80}, True),
    "laptops": ("alice-laptop", LAPTOPS, {"content": TEXT}, False),
    "everybody, from a phone": ("bob-phone", EVERYBODY, RICH, False),
    "everybody, from a laptop": ("bob-laptop", EVERYBODY, {"content": "", "attachments": [ATTACHMENT]}, True),
    "phones, with heads": ("alice-phone", PHONES, {"content": TEXT}, False),
    "phones, edited, with heads": ("alice-phone", PHONES, {"content": TEXT}, True),
    "everybody, with heads": ("bob-laptop", EVERYBODY, RICH, False),
}


def kept(before: Json, made_by: str, name: str, is_good: Callable[[Json], bool]) -> Json | None:
    """What stands there, if it is still good."""
    found = next((each for each in before.get(made_by, []) if each["name"] == name), None)
    try:
        return found if found and is_good(found) else None
    except CryptoError:
        return None


def messages(before: Json) -> Json:
    made = {"python": _seal, "javascript": _seal_there}
    return {who: [_message(before, who, name, seal) for name in MESSAGES] for who, seal in made.items()}


def _message(before: Json, who: str, name: str, seal: Callable[[Json], Any]) -> Json:
    sender, recipients, body, is_edit = MESSAGES[name]
    place = {"conversation_id": an_id("conversation"), "client_id": f"{who} {name}"}
    if is_edit:
        place["replaces"] = an_id("message")
    asked = {"sender": sender, "recipients": recipients, "place": place, "roster_seq": 7, "body": body}
    if name.endswith("with heads"):
        asked["heads"] = write_heads(HEADS)
    is_settled = who == "python" and recipients == PHONES
    found = None if is_settled else kept(before, who, name, lambda found: _opens(found, asked))
    return found or {"name": name, **asked, "envelope": seal(asked)}


def _opens(found: Json, asked: Json) -> bool:
    if any(found[field] != value for field, value in asked.items()):
        return False
    sender, place = public(found["sender"]), place_of(found["place"])
    bodies = [
        open_message(found["envelope"], place, sender=sender, devices=[own(name)]) for name in found["recipients"]
    ]
    return all(body == {"mentions": [], "attachments": [], **found["body"]} for body in bodies)


def _seal(asked: Json) -> Json:
    """The same for the same, where all is done with curves."""
    words = asked["place"]["client_id"]

    def wrap(recipient: PublicDevice, secret: bytes, info: bytes) -> bytes:
        if len(recipient.encryption_key) != 44:
            return recipient.suite.wrap(recipient.encryption_key, secret, info)
        ephemeral = X25519PrivateKey.from_private_bytes(seed(words, str(recipient.id)))
        return wrap_with(ephemeral, recipient.encryption_key, secret, info)

    return seal_message(
        asked["body"],
        place_of(asked["place"]),
        sender=own(asked["sender"]),
        recipients=[public(name) for name in asked["recipients"]],
        roster_seq=asked["roster_seq"],
        heads=[Head(**each) for each in asked.get("heads", [])],
        fresh=Fresh(seed(words, "key"), seed(words, "nonce")[:12], wrap),
    )


def _seal_there(asked: Json) -> Json:
    if NODE is None:
        raise SystemExit("node is needed to seal what JavaScript seals.")
    return javascript("seal_message", **asked)


def pattern(size: int) -> bytes:
    """A file that needs no room here: bytes 0, 1, … 250, again and again."""
    return bytes(number % 251 for number in range(size))


def files(before: Json) -> Json:
    found = {each["size"]: each for each in before.get("javascript", [])}
    sizes = (0, 1, 70_000)
    there = [found[size] if size in found else _seal_file_there(size) for size in sizes]
    return {"python": [_seal_file(size) for size in (0, 100, 131_100)], "javascript": there}


def _seal_file(size: int) -> Json:
    target, words = io.BytesIO(), f"file {size}"
    secrets = seal_file(io.BytesIO(pattern(size)), target, key=seed(words), nonce=seed(words)[:7])
    return _file(target.getvalue(), encode(secrets.key), encode(secrets.nonce), encode(secrets.digest), size)


def _seal_file_there(size: int) -> Json:
    made = javascript("seal_file", plain=encode(pattern(size)))
    return _file(decode(made["sealed"]), made["key"], made["nonce"], made["digest"], size)


def _file(sealed: bytes, key: str, nonce: str, digest: str, size: int) -> Json:
    return {"size": size, "key": key, "nonce": nonce, "digest": digest, "sealed": encode(sealed)}


def open_plain(sealed: bytes, fields: Json) -> bytes:
    """A file of the vectors, opened."""
    secrets = FileSecrets(*(decode(fields[name]) for name in ("key", "nonce", "digest")), fields["size"])
    target = io.BytesIO()
    open_file(io.BytesIO(sealed), target, secrets)
    return target.getvalue()


def rotations(before: Json) -> Json:
    """From curves: deterministic. By JavaScript: what stands there, as long as it is good."""
    device, after = "alice-phone", "alice-phone-rotated"
    here = sign_rotation(own(device), own(after))
    there = before.get("javascript") or javascript("sign_rotation", device=device, next=after)
    for each in (here, there):
        assert read_rotation(an_id("alice"), each) == public(after)  # noqa: S101
    return {"user_id": an_id("alice"), "next": after, "python": here, "javascript": there}


def backups(before: Json) -> Json:
    names = ["alice-phone", "alice-laptop"]
    known = {"user_id": an_id("alice"), "passphrase": PASSPHRASE, "devices": names, "notes": {"compared": ["é"]}}
    kdfs = {"python, pbkdf2-sha256": Pbkdf2(600_001), "python, argon2id": Argon2()}
    made = [{"name": name, **known, "blob": _wrap(known, kdf)} for name, kdf in kdfs.items()]
    found = [each for each in before.get("backups", []) if each["name"] == "javascript"]
    there = found[0]["blob"] if found else javascript("wrap_backup", **known)
    return {"backups": [*made, {"name": "javascript", **known, "blob": there}]}


def _wrap(known: Json, kdf: Pbkdf2 | Argon2) -> Json:
    salted = Salted(seed(kdf.NAME)[:16], seed(kdf.NAME)[16:28], "2026-01-01T00:00:00Z")
    devices = [own(name) for name in known["devices"]]
    return wrap_backup(known["user_id"], devices, known["passphrase"], notes=known["notes"], kdf=kdf, salted=salted)
