from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatproject.backups.making import backup_now
from chatproject.management.bars import bar
from chatproject.snapshot.taking import CannotTake


class Command(BaseCommand):
    help = (
        "Make a backup of everything, sealed with BACKUP_KEY, in DATA_DIR/backups and at BACKUP_URL. People may chat "
        "meanwhile. Exit code 0: made; 1: not made, or not copied, with the reason."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with bar(self.stderr, "Backing up") as report:
                backup = backup_now(report)
        except (CannotTake, OSError) as error:
            raise CommandError(str(error)) from None
        if backup.copy_note:
            raise CommandError(f"{backup.name} is made, but not copied, or old ones not deleted: {backup.copy_note}")
        note = f" {backup.note}" if backup.note else ""
        self.stdout.write(f"{backup.name}: {backup.size} bytes.{note}")
