from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from chatproject.common import audit
from chatproject.data_export import extracts
from chatproject.management.bars import bar
from chatproject.snapshot.folder import FolderSink
from chatproject.snapshot.manifest import MANIFEST
from chatproject.snapshot.taking import CannotTake, take


class Command(BaseCommand):
    help = (
        "Write what is stored as JSON Lines, with the files, into a folder that nobody else can read (docs/export.md): "
        "all of it, which import_data takes back, or what concerns one person or conversation, to be read. Begun anew "
        "after it was broken off, it goes on with the files. Exit code 0: whole; 1: not, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="everything")
        which.add_argument("--user", help="the archive that this person could ask for: a username or an id")
        which.add_argument("--conversation", type=UUID, help="the id of a conversation")
        parser.add_argument("folder", type=Path, help="where to write; made when it is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with bar(self.stderr, "Exporting") as report:
                if options["all"]:
                    (folder / MANIFEST).unlink(missing_ok=True)  # of an earlier export, whose rows are replaced now
                    manifest = take(FolderSink(folder), report)
                    rows = sum(table.count for table in manifest.tables.values())
                    said = f"{rows} rows and {manifest.files.count} files"
                    audit.record("data.export", actor_id=None)  # afterwards: the copy is of what was there before
                elif options["user"]:
                    said = extracts.of_person(_person(options["user"]), folder, report)
                else:
                    said = extracts.of_conversation(options["conversation"], folder, report)
        except (CannotTake, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{said} are in {folder}.")


def _person(name: str) -> User:
    found: User | None
    try:
        found = User.objects.filter(id=UUID(name)).first()
    except ValueError:
        found = User.objects.by_login(name).first()
    if found is None:
        raise CommandError(f"There is nobody called {name}.")
    return found
