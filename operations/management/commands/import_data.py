from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations import bootstrap
from operations.management.progress_bars import Stages
from operations.snapshot.folder import verify_snapshot
from operations.snapshot.load import NotEmpty, load_snapshot, refuse_unless_empty
from operations.snapshot.manifest import Damaged


class Command(BaseCommand):
    help = (
        "Import what `export_data --all` wrote, with the same ids, into an empty installation that is not running. "
        "Everything is compared with the manifest before anything is stored; the folder is not changed. "
        "Exit code 0: everything was imported; 1: nothing was imported, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder that export_data wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            with bootstrap.listen(settings.HOST, settings.PORT), ExitStack() as stack:
                start_stage = Stages(self.stderr, stack)
                bootstrap.reach_database()
                refuse_unless_empty()
                manifest = verify_snapshot(folder, start_stage("Comparing"))
                load_snapshot(folder, manifest, moves=False, report=start_stage("Storing"))
        except (bootstrap.CannotStart, Damaged, NotEmpty, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(table.count for table in manifest.tables.values())
        self.stdout.write(f"Imported {rows} rows and {manifest.files.count} files.")
