import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from chatproject.common.errors import Refusal


class Command(BaseCommand):
    help = (
        "Make an account that may do everything in the console. Asks for what is not given. "
        "Exit code 0: made; 1: refused, with the reason; 2: wrongly called."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="the e-mail address")
        parser.add_argument("--username", help="the username")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of the input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            email = options["email"] or _ask("E-mail address: ", "--email")
            services.check_operator(email=email)
            username = options["username"] or _ask("Username: ", "--username")
            services.check_operator(email=email, username=username)
            password = options.get("password") or read_password(from_stdin=options["password_stdin"])
            operator = services.create_operator(email=email, username=username, password=password)
        except Refusal as refusal:
            raise CommandError(sentence_of(refusal)) from None
        self.stdout.write(f"{operator.username} <{operator.email}> is an operator now and may sign in at /admin/.")


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"There is no terminal to ask at: give {option}.", returncode=2)
    return input(question).strip()


def read_password(*, from_stdin: bool) -> str:
    """The first line of the input, or what was typed twice at the terminal."""
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else _ask_password()


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask at: give --password-stdin.", returncode=2)
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        raise CommandError("The two passwords differ.")
    return password


def sentence_of(refusal: Refusal) -> str:
    """Everything that was wrong, in one line."""
    return " ".join(f"{error['field']}: {error['detail']}" for error in refusal.errors) or refusal.detail
