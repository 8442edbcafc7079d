import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import services
from common.errors import Refusal


class Command(BaseCommand):
    help = (
        "Create an account that may do everything in the console. Asks for arguments that are missing. "
        "Exit code 0: created; 1: refused, with the reason; 2: wrong arguments."
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
        self.stdout.write(f"{operator.username} <{operator.email}> is now an operator and can sign in at /admin/.")


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"There is no terminal to ask on. Use {option}.", returncode=2)
    return input(question).strip()


def read_password(*, from_stdin: bool) -> str:
    """The password from the first line of the input, or typed twice at the terminal."""
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else _ask_password()


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask on. Use --password-stdin.", returncode=2)
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        raise CommandError("The two passwords are different. Try again.")
    return password


def sentence_of(refusal: Refusal) -> str:
    """All errors in one line."""
    return " ".join(f"{error['field']}: {error['detail']}" for error in refusal.errors) or refusal.detail
