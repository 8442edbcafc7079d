from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backups.drill import drill_backup
from operations.backups.storage import NoBackup


class Command(BaseCommand):
    help = (
        "Verify a backup: restore it into a scratch database and folder, compare every row and file with its manifest, "
        "and record the result and how long it took. Exit code 0: verified; 1: not verified, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", default="", help="the name of a backup; the newest by default")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_KEY:
            raise CommandError("Set BACKUP_KEY to the key that the backup was made with.")
        try:
            backup = drill_backup(options["backup"])
        except (NoBackup, OSError) as error:
            raise CommandError(str(error)) from None
        if backup.proved_at != backup.drilled_at:
            raise CommandError(f"{backup.name} could not be verified: {backup.drill_result}")
        self.stdout.write(f"{backup.name} was verified in {backup.drill_seconds} s.")
