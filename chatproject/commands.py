"""How `manage.py` runs a command: a database that is away is waited for, and then named in a sentence."""

import sys

import django
from django.core.management import execute_from_command_line, get_commands
from django.db import InterfaceError, OperationalError

from chatproject.common.database import Unreachable, wait_for_database

OF_DJANGO = {
    "clearsessions",
    "dumpdata",
    "flush",
    "loaddata",
    "migrate",
    "showmigrations",
}
"""Django's own commands that work with the database."""
BY_THEMSELVES = {"import_data", "restore", "serve"}
"""These take the port before they look for the database."""


def run(arguments: list[str]) -> None:
    """Run the command that these arguments name. Exits with a sentence when the database does not answer."""
    try:
        django.setup()  # without, the list of commands would be made, and kept, without ours
        if len(arguments) > 1 and _needs_database(arguments[1]):
            wait_for_database()
        execute_from_command_line(arguments)
    except Unreachable as reason:
        sys.exit(str(reason))
    except (OperationalError, InterfaceError) as error:  # it went away meanwhile
        sys.exit(f"The database of DATABASE_URL does not work: {str(error).strip().splitlines()[0]}")


def _needs_database(command: str) -> bool:
    app = str(get_commands().get(command, ""))
    is_ours = bool(app) and not app.startswith(("django", "unfold", "rest_framework", "drf_"))
    return command in OF_DJANGO or (is_ours and command not in BY_THEMSELVES)
