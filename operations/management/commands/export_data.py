from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from common import audit
from operations.data_export import extracts
from operations.management.progress_bars import progress_bar
from operations.snapshot.folder import FolderSink
from operations.snapshot.manifest import MANIFEST
from operations.snapshot.write import SnapshotError, write_snapshot


class Command(BaseCommand):
    help = (
        "Export data as JSON Lines, with the files, into a folder that only this user can read (docs/export.md): "
        "everything, for import_data to load, or one person or conversation, to be read. If it was interrupted, run it "
        "again: files that are complete stay. Exit code 0: complete; 1: not complete, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="everything")
        which.add_argument("--user", help="the archive that this person could request: a username or an id")
        which.add_argument("--conversation", type=UUID, help="the id of a conversation")
        parser.add_argument("folder", type=Path, help="where to write; created if it is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with progress_bar(self.stderr, "Exporting") as report:
                if options["all"]:
                    (folder / MANIFEST).unlink(missing_ok=True)  # from an earlier export, whose rows are replaced now
                    manifest = write_snapshot(FolderSink(folder), report)
                    rows = sum(table.count for table in manifest.tables.values())
                    exported = f"{rows} rows and {manifest.files.count} files"
                    audit.record("data.export", actor_id=None)  # afterwards, so that this entry is not in the export
                elif options["user"]:
                    exported = extracts.export_person(_find_person(options["user"]), folder, report)
                else:
                    exported = extracts.export_conversation(options["conversation"], folder, report)
        except (SnapshotError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Exported to {folder}: {exported}.")


def _find_person(name: str) -> User:
    found: User | None
    try:
        found = User.objects.filter(id=UUID(name)).first()
    except ValueError:
        found = User.objects.by_login(name).first()
    if found is None:
        raise CommandError(f"There is no person {name}.")
    return found
