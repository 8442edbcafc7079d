"""Finding messages by words that an older version folded otherwise: a task goes through them while people chat."""

from uuid import UUID

import regex
from django.db import transaction

from chatproject.common.tasks import task
from messaging.models import Message
from messaging.words import indexed

BATCH = 500
BATCHES_PER_TASK = 40
"""After so many a task hands over to the next: it shows how far it is, and other tasks have their turn."""
FOLDED_OTHERWISE = regex.compile(
    r"(?V1)[[\p{Extended_Pictographic}\p{Emoji_Modifier}\U0001F1E6-\U0001F1FF\p{Me}\p{DI}\p{Nd}\p{scx=Bopo}\u0640]--\p{ASCII}]"
)


@task
def reindex_search(after: str = "") -> None:
    """Write the words anew of messages after the one with this id that have such letters. Repeating it is harmless."""
    for _ in range(BATCHES_PER_TASK):
        rows = Message.objects.filter(deleted_at__isnull=True).exclude(content="").order_by("id")
        found = list((rows.filter(id__gt=UUID(after)) if after else rows).values_list("id", "content")[:BATCH])
        for id_, content in found:
            if FOLDED_OTHERWISE.search(content):  # an edit meanwhile has written its own words
                Message.objects.filter(id=id_, content=content).update(words=indexed(content))
        if len(found) < BATCH:
            return
        after = str(found[-1][0])
    with transaction.atomic():
        reindex_search.enqueue(after)
