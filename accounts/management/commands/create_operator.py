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
        email = options["email"] or _ask("E-mail address: ", "--email")
        username = options["username"] or _ask("Username: ", "--username")
        password = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else _ask_password()
        try:
            operator = services.create_operator(email=email, username=username, password=password)
        except Refusal as refusal:
            raise CommandError(_sentence(refusal)) from None
        self.stdout.write(f"{operator.username} <{operator.email}> is an operator now and may sign in at /admin/.")


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError(f"There is no terminal to ask at: give {option}.", returncode=2)
    return input(question).strip()


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask at: give --password-stdin.", returncode=2)
    password = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != password:
        raise CommandError("The two passwords differ.")
    return password


def _sentence(refusal: Refusal) -> str:
    return " ".join(f"{error['field']}: {error['detail']}" for error in refusal.errors) or refusal.detail
