from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from conversations.models import Conversation
from messaging.check_log import check


class Command(BaseCommand):
    help = (
        "Look whether logs, counts, watermarks and owners of all conversations agree, and put right what can be. "
        "Each conversation is looked at under its lock; others go on meanwhile. "
        "Exit code 0: all agree, or were put right; 1: something is wrong still."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("conversation", nargs="*", type=UUID, help="ids of conversations; all by default")
        parser.add_argument("--repair", action="store_true", help="put right what can be")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = options["conversation"] or list(Conversation.objects.order_by("id").values_list("id", flat=True))
        wrong = repaired = 0
        with tqdm(ids, unit=" conversations", file=self.stderr, disable=None) as progress:
            for conversation_id in progress:
                for sentence, is_repaired in check(conversation_id, repairs=options["repair"]):
                    wrong, repaired = wrong + 1, repaired + is_repaired
                    note = " (put right)" if is_repaired else ""
                    progress.write(f"{conversation_id}: {sentence}{note}", file=self.stdout)  # type: ignore[arg-type]
        self.stdout.write(f"{len(ids)} conversations: {wrong} disagreements, {repaired} put right.")
        if wrong > repaired:
            raise CommandError("Some are left." if options["repair"] else "--repair puts right what can be.")
