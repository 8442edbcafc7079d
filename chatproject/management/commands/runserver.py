"""`manage.py runserver`: pages, API and sockets on one port for development. daphne's, with what ours needs besides."""

import os
from typing import Any

from daphne.management.commands import runserver

from common.database import DatabaseUnreachable, wait_for_database
from operations import bootstrap
from operations.heartbeat import ProcessHeartbeat
from operations.worker import ChatWorker


class Command(runserver.Command):
    help = "Serve pages, API and sockets for development, with a background worker. Restarts when code changes."

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serve until stopped, or until the reloader ends this process."""
        try:
            wait_for_database()
        except DatabaseUnreachable as reason:
            self.stderr.write(str(reason))
            os._exit(1)  # the reloader runs this in a thread, which cannot exit for the process
        if bootstrap.is_migrated():
            ProcessHeartbeat().start()
            ChatWorker().start()
        else:
            self.stderr.write("The background worker does not run: run `manage.py migrate`, then start again.")
        super().inner_run(*args, **options)

    def get_application(self, options: dict[str, Any]) -> Any:
        """Static files come from where they are edited, with `DEBUG` off too."""
        return super().get_application({**options, "insecure_serving": True})

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """One line per request, without the query string: it may hold a ticket, a link or a token."""
        super().log_action(protocol, action, {**details, "path": details["path"].partition("?")[0]})
