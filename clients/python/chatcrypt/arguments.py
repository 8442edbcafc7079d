"""The arguments of the command. None of them is secret."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable, Mapping
from pathlib import Path

from chatcrypt.kdf import KDFS
from chatcrypt.suites import RSA, SUITES

Command = Callable[[Namespace], None]


def parser(functions: Mapping[str, Command]) -> ArgumentParser:
    """Parses the arguments of `keys`, `encrypt`, `decrypt` and `fingerprint`; the chosen function is `run`."""
    top = ArgumentParser("chatcrypt", description="End-to-end encryption of chat messages, on files.")
    choice = top.add_subparsers(required=True, metavar="COMMAND")
    commands = {name: _add_command(choice, name, run) for name, run in functions.items()}
    _add_keys(commands["keys"])
    _add_message(commands["encrypt"])
    _add_message(commands["decrypt"])
    commands["encrypt"].add_argument(
        "--roster-seq", type=int, required=True, metavar="N", help="of what --devices shows"
    )
    heads = "JSON: the `log` of each member of the roster, as a list of {user, number, hash}"
    commands["encrypt"].add_argument("--heads", type=Path, metavar="FILE", help=heads)
    commands["encrypt"].add_argument("--client-id", metavar="ID", help="default: a new one")
    commands["decrypt"].add_argument(
        "--json", action="store_true", help="mentions, attachments and the heads of key logs too"
    )
    _add_devices(commands["fingerprint"])
    return top


def _add_command(choice: "_SubParsersAction[ArgumentParser]", name: str, run: Command) -> ArgumentParser:
    description = run.__doc__ or ""
    # With abbreviations, `--passphrase` would mean `--passphrase-file`, and an error would show what follows it.
    command = choice.add_parser(name, help=description.split("\n\n")[0], description=description, allow_abbrev=False)
    command.set_defaults(run=run)
    return command


def _add_keys(command: ArgumentParser) -> None:
    command.add_argument("--user", required=True, metavar="ID", help="whose device it is")
    command.add_argument("--suite", choices=SUITES, default=RSA.name)
    command.add_argument("--kdf", choices=KDFS, default="argon2id", help="browsers open pbkdf2-sha256 only")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file, mode 0600")
    _add_passphrase(command)


def _add_message(command: ArgumentParser) -> None:
    command.add_argument("--keys", type=Path, required=True, metavar="FILE", help="as `chatcrypt keys` has written it")
    _add_passphrase(command)
    _add_devices(command)
    command.add_argument("--conversation", required=True, metavar="ID")
    command.add_argument("--replaces", metavar="ID", help="for an edit: the message that it replaces")
    command.add_argument("input", nargs="?", default="-", metavar="FILE", help="default: stdin")


def _add_passphrase(command: ArgumentParser) -> None:
    command.add_argument("--passphrase-file", type=Path, metavar="FILE", help="instead of asking for it")


def _add_devices(command: ArgumentParser) -> None:
    devices = "JSON: a list of {device, user_id, bundle}, including your own device"
    command.add_argument("--devices", type=Path, required=True, metavar="FILE", help=devices)
