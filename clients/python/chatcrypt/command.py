"""The command `chatcrypt`: keys, encrypt, decrypt, fingerprint.

Passphrases are options for, or read from a file; texts come from files or stdin. Nothing secret is an argument, because
everybody on the machine can see arguments.
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
    """Returns 0, or 1 if something was refused, or 2 if a file cannot be used."""
    commands = {"keys": keys, "encrypt": encrypt, "decrypt": decrypt, "fingerprint": fingerprints}
    options = parser(commands).parse_args(argv)
    try:
        options.run(options)
    except CryptoError as error:
        return _fail(f"{error.code}: {error}", 1)
    except OSError as error:
        return _fail(str(error), 2)
    return 0


def keys(options: Namespace) -> None:
    """Write new keys to a file, and print the bundle for the server."""
    if options.out.exists():
        raise FileExistsError(f"{options.out} exists. Keys are never overwritten: choose another file.")
    device = make_device(options.user, SUITES[options.suite])
    write_keys(options.out, device, _passphrase(options, is_new=True), KDFS[options.kdf]())
    _show(device.public.bundle)


def encrypt(options: Namespace) -> None:
    """Encrypt a text for all devices in `--devices`, and print `{client_id, envelope}`, ready to be sent."""
    devices = directory(options.devices)
    text = _read(options.input).decode(errors="surrogateescape")
    place = Place(options.conversation, options.client_id or uuid4().hex, options.replaces)
    sender = _named(read_keys(options.keys, _passphrase(options)), devices)[0]
    body = {"content": text}
    heads = read_heads(read_json(options.heads.read_bytes(), "malformed")) if options.heads else ()
    seq = options.roster_seq
    envelope = seal_message(body, place, sender=sender, recipients=devices, roster_seq=seq, heads=heads)
    _show({"client_id": place.client_id, "envelope": envelope})


def decrypt(options: Namespace) -> None:
    """Open `{client_id, envelope}`, and write its text (or with `--json` all of it) to stdout.

    It remembers nothing, so it does not notice a `client_id` that is used twice. `--json` shows the `heads`: compare
    them with the key logs that you know.
    """
    devices = directory(options.devices)
    message = exactly(read_json(_read(options.input), "malformed"), "client_id", "envelope")
    place = Place(options.conversation, message["client_id"], options.replaces)
    envelope = Envelope.read(message["envelope"])
    sender = next((device for device in devices if device.id == envelope.sender_device), None)
    if sender is None:
        raise CryptoError("wrong_sender", "The device that sent it is not among --devices.")
    own = _named(read_keys(options.keys, _passphrase(options)), devices)
    body = open_message(message["envelope"], place, sender=sender, devices=own)
    if options.json:
        return _show({**body, "heads": write_heads(envelope.heads)})
    sys.stdout.buffer.write(body["content"].encode())
    sys.stdout.flush()
    return None


def fingerprints(options: Namespace) -> None:
    """The fingerprint of each device; of two people, their safety number too."""
    devices, people = directory(options.devices), dict[str, list[PublicDevice]]()
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


def _passphrase(options: Namespace, *, is_new: bool = False) -> str:
    if options.passphrase_file:
        text: str = options.passphrase_file.read_text().rstrip("\r\n")
        return text
    passphrase = getpass("Passphrase: ")
    if is_new and getpass("Once more: ") != passphrase:
        raise CryptoError("malformed", "The two passphrases are different.")
    return passphrase


def _read(source: str) -> bytes:
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()


def _show(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=1) + "\n")


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"chatcrypt: {message}\n")
    return status
