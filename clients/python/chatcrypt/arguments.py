"""What the command can be asked for. Nothing secret is among it."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable, Mapping
from pathlib import Path

from chatcrypt.kdf import KDFS
from chatcrypt.suites import RSA, SUITES

Deed = Callable[[Namespace], None]


def parser(deeds: Mapping[str, Deed]) -> ArgumentParser:
    """Reads the arguments of `keys`, `encrypt`, `decrypt` and `fingerprint`; the chosen one is `deed`."""
    top = ArgumentParser("chatcrypt", description="End-to-end encryption of chat messages, on files.")
    choice = top.add_subparsers(required=True, metavar="DEED")
    ones = {name: _add_deed(choice, name, deed) for name, deed in deeds.items()}
    _add_keys(ones["keys"])
    _add_message(ones["encrypt"])
    _add_message(ones["decrypt"])
    ones["encrypt"].add_argument("--roster-seq", type=int, required=True, metavar="N", help="of what --devices shows")
    words = "JSON: the `log` of each member of the roster, as a list of {user, number, hash}"
    ones["encrypt"].add_argument("--heads", type=Path, metavar="FILE", help=words)
    ones["encrypt"].add_argument("--client-id", metavar="ID", help="default: a new one")
    ones["decrypt"].add_argument(
        "--json", action="store_true", help="mentions, attachments and the heads of key logs too"
    )
    _add_devices(ones["fingerprint"])
    return top


def _add_deed(choice: "_SubParsersAction[ArgumentParser]", name: str, deed: Deed) -> ArgumentParser:
    words = deed.__doc__ or ""
    # Abbreviated, `--passphrase` would be taken for `--passphrase-file`, and what follows it shown in a complaint.
    one = choice.add_parser(name, help=words.split("\n\n")[0], description=words, allow_abbrev=False)
    one.set_defaults(deed=deed)
    return one


def _add_keys(one: ArgumentParser) -> None:
    one.add_argument("--user", required=True, metavar="ID", help="whose device it is")
    one.add_argument("--suite", choices=SUITES, default=RSA.name)
    one.add_argument("--kdf", choices=KDFS, default="argon2id", help="browsers open pbkdf2-sha256 only")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file, mode 0600")
    _add_passphrase(one)


def _add_message(one: ArgumentParser) -> None:
    one.add_argument("--keys", type=Path, required=True, metavar="FILE", help="as `chatcrypt keys` has written it")
    _add_passphrase(one)
    _add_devices(one)
    one.add_argument("--conversation", required=True, metavar="ID")
    one.add_argument("--replaces", metavar="ID", help="for an edit: the message that it replaces")
    one.add_argument("input", nargs="?", default="-", metavar="FILE", help="default: stdin")


def _add_passphrase(one: ArgumentParser) -> None:
    one.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of asking for it")


def _add_devices(one: ArgumentParser) -> None:
    words = "JSON: a list of {device, user_id, bundle}, own device included"
    one.add_argument("--devices", type=Path, required=True, metavar="FILE", help=words)
