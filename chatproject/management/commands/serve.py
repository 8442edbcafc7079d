"""`manage.py serve`: the whole product on one port."""

import sys
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from chatproject import server
from common.stopping import on_stop
from conversations.services.lobby import ensure_lobby
from operations import bootstrap

BANNER = """
{name} {version} is running. Press Ctrl-C to stop it.

  Open          {url}/           sign up there; you'll get a code by mail
  API           {url}/api/docs/
  Console       {url}/admin/     first operator: .venv/bin/python manage.py create_operator
  Mails         {mails}
  Data          {data}
"""


class Command(BaseCommand):
    help = "Serve the web client, the API, the sockets and the console on HOST and PORT, with a background worker."
    requires_system_checks: list[str] = []  # run below, to print sentences

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-migrate", action="store_true", help="do not migrate the database")
        parser.add_argument("--no-worker", action="store_true", help="do not start a worker; run `manage.py worker`")

    def handle(self, *args: Any, **options: Any) -> None:
        on_stop(lambda *_: sys.exit(0))
        try:
            self._check()
            sock = bootstrap.bind_port(settings.HOST, settings.PORT)
            with bootstrap.data_dir_lock():
                self._prepare(migrate=not options["no_migrate"])
            own_worker = bool(settings.REDIS_URL) and not options["no_worker"]
            server.run(sock, workers=settings.WORKERS, own_worker=own_worker, welcome=self._welcome)
        except bootstrap.CannotStart as reason:
            sys.exit(str(reason))
        except DatabaseError as error:
            sys.exit(f"The database of DATABASE_URL does not work: {str(error).strip().splitlines()[0]}")

    def _check(self) -> None:
        found = [message for message in checks.run_checks() if not message.is_silenced()]
        serious = [message for message in found if message.is_serious()]
        for message in serious or found:
            self.stderr.write(f"{message.msg} {message.hint or ''}".strip())
        if serious:
            sys.exit(1)

    def _prepare(self, *, migrate: bool) -> None:
        bootstrap.reach_database()
        for message in checks.run_checks(tags=[checks.Tags.database], databases=["default"]):
            if message.is_serious():
                raise bootstrap.CannotStart(f"{message.msg} {message.hint or ''}".strip())
        if migrate:
            bootstrap.migrate()
        ensure_lobby()
        server.collect_static()

    def _welcome(self) -> None:
        self.stdout.write(self._banner())
        self.stdout.flush()  # a file or pipe would otherwise get it only when the server stops

    def _banner(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        folder = getattr(settings, "EMAIL_FILE_PATH", None)
        return BANNER.format(
            name=settings.SITE_NAME,
            version=settings.VERSION,
            url=f"http://{host}:{settings.PORT}",
            mails=f"{folder}/, the newest last; look there for codes"
            if folder
            else f"sent through {settings.EMAIL_HOST}",
            data=settings.DATA_DIR,
        )
