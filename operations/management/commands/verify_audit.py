from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common import audit
from common.models import AuditEntry, Installation


class Command(BaseCommand):
    help = (
        "Verify the audit log: no entry was changed, removed or moved. Prints the number and hash of the last entry. "
        "Keep them elsewhere and pass them as --noted next time, because anyone who controls the database can write a "
        "new log. Exit code 0: the log is intact; 1: it is not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--noted", metavar="NUMBER:HASH", type=_noted, help="a last entry that was printed before")

    def handle(self, *args: Any, **options: Any) -> None:
        faulty = 0
        count = AuditEntry.objects.count()
        with tqdm(total=count, unit=" entries", file=self.stderr, disable=None) as progress:
            for number, fault in audit.verify(options["noted"]):
                progress.update()
                if fault:
                    faulty += 1
                    progress.write(f"{number}: {fault}", file=self.stdout)  # type: ignore[arg-type]
        if faulty:
            raise CommandError(f"The audit log is not intact. Entries: {count}. Faults: {faulty}.")
        end = Installation.objects.first() or Installation()
        self.stdout.write(f"{count} entries, intact. The last one is {end.audit_number}:{end.audit_hash}")


def _noted(text: str) -> tuple[int, str]:
    number, _, hash_ = text.partition(":")
    return int(number), hash_
