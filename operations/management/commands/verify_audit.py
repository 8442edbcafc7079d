from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from chatproject.common import audit
from chatproject.common.models import AuditEntry, Installation


class Command(BaseCommand):
    help = (
        "Look whether the audit log is whole: no entry changed, missing or in another place. Prints where it ends: "
        "keep that elsewhere and give it back as --noted, because whoever has the database can write another log. "
        "Exit code 0: it is whole; 1: it is not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--noted", metavar="NUMBER:HASH", type=_noted, help="an end that was printed before")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        count = AuditEntry.objects.count()
        with tqdm(total=count, unit=" entries", file=self.stderr, disable=None) as progress:
            for number, fault in audit.verify(options["noted"]):
                progress.update()
                if fault:
                    wrong += 1
                    progress.write(f"{number}: {fault}", file=self.stdout)  # type: ignore[arg-type]
        if wrong:
            raise CommandError(f"The audit log is not whole: {wrong} faults in {count} entries.")
        end = Installation.objects.first() or Installation()
        self.stdout.write(f"{count} entries, whole. It ends at {end.audit_number}:{end.audit_hash}")


def _noted(text: str) -> tuple[int, str]:
    number, _, hash_ = text.partition(":")
    return int(number), hash_
