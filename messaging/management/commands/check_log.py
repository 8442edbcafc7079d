from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from conversations.models import Conversation
from messaging.check_log import check_conversation


class Command(BaseCommand):
    help = (
        "Check the logs, counts, watermarks and owners of all conversations, and repair them if asked. "
        "Each conversation is locked while it is checked; the others are not affected. "
        "Exit code 0: everything is consistent, or was repaired. Exit code 1: something is still wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("conversation", nargs="*", type=UUID, help="ids of conversations (default: all)")
        parser.add_argument("--repair", action="store_true", help="repair what can be repaired")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = options["conversation"] or list(Conversation.objects.order_by("id").values_list("id", flat=True))
        wrong = repaired = 0
        with tqdm(ids, unit=" conversations", file=self.stderr, disable=None) as progress:
            for conversation_id in progress:
                for description, is_repaired in check_conversation(conversation_id, repairs=options["repair"]):
                    wrong, repaired = wrong + 1, repaired + is_repaired
                    note = " (repaired)" if is_repaired else ""
                    progress.write(f"{conversation_id}: {description}{note}", file=self.stdout)  # type: ignore[arg-type]
        self.stdout.write(f"{len(ids)} conversations: {wrong} inconsistencies, {repaired} repaired.")
        if wrong > repaired:
            advice = "Some of them cannot be repaired." if options["repair"] else "Run it again with --repair."
            raise CommandError(advice)
