from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatproject import server
from chatproject.management.bars import Stages
from chatproject.snapshot.folder import verify
from chatproject.snapshot.loading import NotEmpty, load, refuse_unless_empty
from chatproject.snapshot.manifest import Damaged


class Command(BaseCommand):
    help = (
        "Take back what `export_data --all` wrote, with the same ids, into an installation that is empty and does not "
        "run. Everything is compared with the manifest before anything is stored; the folder stays as it is. "
        "Exit code 0: all is there; 1: refused, with the reason, and nothing is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what export_data wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            with server.listen(settings.HOST, settings.PORT), ExitStack() as stack:
                stage = Stages(self.stderr, stack)
                server.reach_database()
                refuse_unless_empty()
                manifest = verify(folder, stage("Comparing"))
                load(folder, manifest, moves=False, report=stage("Storing"))
        except (server.CannotStart, Damaged, NotEmpty, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(table.count for table in manifest.tables.values())
        self.stdout.write(f"{rows} rows and {manifest.files.count} files are here.")
