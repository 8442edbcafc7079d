import os
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.commands import create_operator


class Command(create_operator.Command):
    help = "The same as create_operator, under Django's name. With --noinput it reads DJANGO_SUPERUSER_*."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="do not ask: take missing arguments from DJANGO_SUPERUSER_EMAIL, _USERNAME and _PASSWORD",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["interactive"]:
            for name in ("email", "username", "password"):
                options[name] = options.get(name) or _from_environment(name)
        super().handle(*args, **options)


def _from_environment(name: str) -> str:
    variable = f"DJANGO_SUPERUSER_{name.upper()}"
    try:
        return os.environ[variable]
    except KeyError:
        raise CommandError(f"With --noinput, set {variable}.", returncode=2) from None
