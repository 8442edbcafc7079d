from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backups.restore import restore_backup
from operations.backups.storage import NoBackup, fetch_backup
from operations.bootstrap import CannotStart
from operations.management.progress_bars import Stages
from operations.snapshot.load import NotEmpty
from operations.snapshot.manifest import Damaged


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty installation that is not running: the newest one in DATA_DIR/backups and at "
        "BACKUP_URL, or the one you name. All of it is verified before anything is stored. If the command is killed, "
        "the installation is either still empty or complete. Exit code 0: restored; 1: not restored, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", default="", help="the name of a backup, or the path of its file")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_KEY:
            raise CommandError("Set BACKUP_KEY to the key that the backup was made with.")
        path = Path(options["backup"])
        try:
            with (
                ExitStack() as stack,
                nullcontext(path) if path.is_file() else fetch_backup(options["backup"]) as archive,
            ):
                manifest = restore_backup(archive, Stages(self.stderr, stack))
        except (CannotStart, Damaged, NotEmpty, NoBackup, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(table.count for table in manifest.tables.values())
        missing = f" {manifest.gone} files were missing when it was made." if manifest.gone else ""
        self.stdout.write(f"{archive.name}: restored {rows} rows and {manifest.files.count} files.{missing}")
