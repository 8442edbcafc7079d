from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatproject.backups import keeping
from chatproject.backups.restoring import restore
from chatproject.management.bars import Stages
from chatproject.server import CannotStart
from chatproject.snapshot.loading import NotEmpty
from chatproject.snapshot.manifest import Damaged


class Command(BaseCommand):
    help = (
        "Restore a backup into an installation that is empty and does not run: the newest of DATA_DIR/backups and "
        "BACKUP_URL, or the one that is named. Every bit is checked before anything is stored; killed at any moment, "
        "the installation is empty still, or whole. Exit code 0: restored; 1: refused, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", default="", help="the name of a backup, or the path of its file")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_KEY:
            raise CommandError("Set BACKUP_KEY to the one that the backup was made with.")
        path = Path(options["backup"])
        try:
            with (
                ExitStack() as stack,
                nullcontext(path) if path.is_file() else keeping.fetched(options["backup"]) as archive,
            ):
                manifest = restore(archive, Stages(self.stderr, stack))
        except (CannotStart, Damaged, NotEmpty, keeping.NoBackup, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(table.count for table in manifest.tables.values())
        gone = f" {manifest.gone} files were missing when it was made." if manifest.gone else ""
        self.stdout.write(f"{archive.name}: {rows} rows and {manifest.files.count} files are back.{gone}")
