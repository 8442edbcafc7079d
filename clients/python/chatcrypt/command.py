"""The command `chatcrypt`: keys, encrypt, decrypt, fingerprint.

Passphrases are asked for, or read from a file; texts come from files or stdin. Nothing secret is an argument, because
arguments are seen by everybody on the machine.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from getpass import getpass
from pathlib import Path
from uuid import uuid4

from chatcrypt.arguments import parser
from chatcrypt.body import read_json
from chatcrypt.devices import OwnDevice, PublicDevice, make_device, read_device
from chatcrypt.envelope import Envelope, Place
from chatcrypt.errors import CryptoError
from chatcrypt.fingerprints import fingerprint, safety_number
from chatcrypt.heads import read_heads, write_heads
from chatcrypt.kdf import KDFS
from chatcrypt.keyfile import read_keys, write_keys
from chatcrypt.messages import open_message, seal_message
from chatcrypt.shapes import exactly
from chatcrypt.suites import SUITES


def main(argv: Sequence[str] | None = None) -> int:
    """0, or 1 when something was refused, 2 when a file cannot be used."""
    deeds = {"keys": keys, "encrypt": encrypt, "decrypt": decrypt, "fingerprint": fingerprints}
    asked = parser(deeds).parse_args(argv)
    try:
        asked.deed(asked)
    except CryptoError as error:
        return _complain(f"{error.code}: {error}", 1)
    except OSError as error:
        return _complain(str(error), 2)
    return 0


def keys(asked: Namespace) -> None:
    """Make keys into a new file, and show the bundle that the server is to know."""
    if asked.out.exists():
        raise FileExistsError(f"{asked.out} exists, and keys are never written over.")
    device = make_device(asked.user, SUITES[asked.suite])
    write_keys(asked.out, device, _passphrase(asked, is_new=True), KDFS[asked.kdf]())
    _show(device.public.bundle)


def encrypt(asked: Namespace) -> None:
    """Seal a text for all devices of `--devices`: `{client_id, envelope}`, as it is sent."""
    devices = directory(asked.devices)
    text = _read(asked.input).decode(errors="surrogateescape")
    place = Place(asked.conversation, asked.client_id or uuid4().hex, asked.replaces)
    sender = _named(read_keys(asked.keys, _passphrase(asked)), devices)[0]
    body = {"content": text}
    heads = read_heads(read_json(asked.heads.read_bytes(), "malformed")) if asked.heads else ()
    seq = asked.roster_seq
    envelope = seal_message(body, place, sender=sender, recipients=devices, roster_seq=seq, heads=heads)
    _show({"client_id": place.client_id, "envelope": envelope})


def decrypt(asked: Namespace) -> None:
    """Open `{client_id, envelope}`, and write its text (or with `--json` all of it) to stdout.

    It remembers nothing, so it does not notice a `client_id` that is used twice. `--json` shows the `heads`: compare
    them with the key logs that you know.
    """
    devices = directory(asked.devices)
    message = exactly(read_json(_read(asked.input), "malformed"), "client_id", "envelope")
    place = Place(asked.conversation, message["client_id"], asked.replaces)
    envelope = Envelope.read(message["envelope"])
    sender = next((device for device in devices if device.id == envelope.sender_device), None)
    if sender is None:
        raise CryptoError("wrong_sender", "The device that sent it is not among --devices.")
    own = _named(read_keys(asked.keys, _passphrase(asked)), devices)
    body = open_message(message["envelope"], place, sender=sender, devices=own)
    if asked.json:
        return _show({**body, "heads": write_heads(envelope.heads)})
    sys.stdout.buffer.write(body["content"].encode())
    sys.stdout.flush()
    return None


def fingerprints(asked: Namespace) -> None:
    """The fingerprint of each device; of two people, their safety number too."""
    devices, people = directory(asked.devices), dict[str, list[PublicDevice]]()
    for device in devices:
        people.setdefault(device.user_id, []).append(device)
        sys.stdout.write(f"{fingerprint(device)}  {device.id}  {device.user_id}\n")
    if len(people) == 2:
        sys.stdout.write(f"{safety_number(*people.values())}\n")


def directory(path: Path) -> list[PublicDevice]:
    """The devices that a file lists, each checked."""
    listed = read_json(path.read_bytes(), "malformed")
    if not isinstance(listed, list):
        raise CryptoError("malformed")
    rows = [exactly(row, "device", "user_id", "bundle") for row in listed]
    return [read_device(row["device"], row["user_id"], row["bundle"]) for row in rows]


def _named(own: Sequence[OwnDevice], devices: Sequence[PublicDevice]) -> list[OwnDevice]:
    """Own devices with the ids that the directory gives their bundles."""
    ids = {device.packed: device.id for device in devices}
    named = [
        replace(each, public=replace(each.public, id=ids[each.public.packed]))
        for each in own
        if each.public.packed in ids
    ]
    if not named:
        raise CryptoError("not_a_recipient", "The own device is not among --devices.")
    return named


def _passphrase(asked: Namespace, *, is_new: bool = False) -> str:
    if asked.passphrase_file:
        text: str = asked.passphrase_file.read_text().rstrip("\r\n")
        return text
    passphrase = getpass("Passphrase: ")
    if is_new and getpass("Once more: ") != passphrase:
        raise CryptoError("malformed", "These are two different passphrases.")
    return passphrase


def _read(source: str) -> bytes:
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()


def _show(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def _complain(words: str, status: int) -> int:
    sys.stderr.write(f"chatcrypt: {words}\n")
    return status
