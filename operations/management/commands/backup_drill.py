from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatproject.backups import keeping
from chatproject.backups.drilling import drill


class Command(BaseCommand):
    help = (
        "Prove a backup: restore it into a scratch database and folder, compare every row and file with its manifest, "
        "and note the result and how long it took. Exit code 0: proved; 1: not, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", nargs="?", default="", help="the name of a backup; the newest by default")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BACKUP_KEY:
            raise CommandError("Set BACKUP_KEY to the one that the backup was made with.")
        try:
            backup = drill(options["backup"])
        except (keeping.NoBackup, OSError) as error:
            raise CommandError(str(error)) from None
        if backup.proved_at != backup.drilled_at:
            raise CommandError(f"{backup.name} is not proved: {backup.drill_result}")
        self.stdout.write(f"{backup.name} is proved, in {backup.drill_seconds} s.")
