"""How `manage.py` runs a command: it waits for the database and, if there is none, says so in a sentence."""

import sys

import django
from django.core.management import execute_from_command_line, get_commands
from django.db import InterfaceError, OperationalError

from common.database import DatabaseUnreachable, wait_for_database

DJANGO_DATABASE_COMMANDS = {
    "clearsessions",
    "dumpdata",
    "flush",
    "loaddata",
    "migrate",
    "showmigrations",
}
"""Django's own commands that work with the database."""
PORT_FIRST_COMMANDS = {"import_data", "restore", "serve"}
"""Commands that take the port before they wait for the database themselves."""


def run(arguments: list[str]) -> None:
    """Run the command in these arguments. Exits with a sentence if the database does not answer."""
    try:
        # `runserver` loads the code itself, so that it survives a mistake in it and restarts once it is fixed.
        if arguments[1:2] != ["runserver"]:
            django.setup()  # first, because the list of commands is cached and would lack ours
            if len(arguments) > 1 and _needs_database(arguments[1]):
                wait_for_database()
        execute_from_command_line(arguments)
    except DatabaseUnreachable as reason:
        sys.exit(str(reason))
    except (OperationalError, InterfaceError) as error:  # the connection was lost meanwhile
        sys.exit(f"The database of DATABASE_URL does not work: {str(error).strip().splitlines()[0]}")


def _needs_database(command: str) -> bool:
    app = str(get_commands().get(command, ""))
    is_ours = bool(app) and not app.startswith(("django", "unfold", "rest_framework", "drf_"))
    return command in DJANGO_DATABASE_COMMANDS or (is_ours and command not in PORT_FIRST_COMMANDS)
