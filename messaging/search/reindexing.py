"""Updating the search terms of messages that an older version folded differently, in the background."""

from uuid import UUID

import regex
from django.db import transaction

from common.tasks import task
from messaging.models import Message
from messaging.models.search_terms import index_search_terms

BATCH = 500
BATCHES_PER_TASK = 40
"""A task then enqueues the next one, so that its progress is visible and other tasks get their turn."""
REFOLDED = regex.compile(
    r"(?V1)[[\p{Extended_Pictographic}\p{Emoji_Modifier}\U0001F1E6-\U0001F1FF\p{Me}\p{DI}\p{Nd}\p{scx=Bopo}\u0640]--\p{ASCII}]"
)


@task
def reindex_search(after: str = "") -> None:
    """Update the search terms of messages after this id whose text has such characters. Repeating it is harmless."""
    for _ in range(BATCHES_PER_TASK):
        rows = Message.objects.filter(deleted_at__isnull=True).exclude(content="").order_by("id")
        found = list((rows.filter(id__gt=UUID(after)) if after else rows).values_list("id", "content")[:BATCH])
        for id_, content in found:
            if REFOLDED.search(content):  # an edit in the meantime has written its own terms
                Message.objects.filter(id=id_, content=content).update(words=index_search_terms(content))
        if len(found) < BATCH:
            return
        after = str(found[-1][0])
    with transaction.atomic():
        reindex_search.enqueue(after)
