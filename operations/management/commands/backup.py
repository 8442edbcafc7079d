from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.backups.create import create_backup
from operations.management.progress_bars import progress_bar
from operations.snapshot.write import SnapshotError


class Command(BaseCommand):
    help = (
        "Make a backup of everything, encrypted with BACKUP_KEY, in DATA_DIR/backups and at BACKUP_URL. People can go "
        "on chatting. Exit code 0: the backup was made; 1: it was not made or not copied, with the reason."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with progress_bar(self.stderr, "Backing up") as report:
                backup = create_backup(report)
        except (SnapshotError, OSError) as error:
            raise CommandError(str(error)) from None
        if backup.copy_note:
            raise CommandError(f"{backup.name} was made, but not copied, or old ones not deleted: {backup.copy_note}")
        note = f" {backup.note}" if backup.note else ""
        self.stdout.write(f"{backup.name}: {backup.size} bytes.{note}")
