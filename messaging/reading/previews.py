"""The beginnings of messages, for notices and pushes. They are read when they are shown, so a text that was edited or
deleted meanwhile does not appear."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from common.compiled import CompiledQuery, Parameters
from messaging.models import Message

PREVIEW_SIZE = 200


def preview(content: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(content[: PREVIEW_SIZE * 2].split())[:PREVIEW_SIZE]


def previews_of(message_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The beginnings of these messages now, without those that are deleted or have no text. The caller checks who may
    see them."""
    if not message_ids:
        return {}
    return {id_: preview(content) for id_, content in _contents(ids=message_ids)}


@CompiledQuery
def _contents() -> QuerySet[Message, Any]:
    found = Message.objects.filter(id__in=Parameters("ids"), deleted_at__isnull=True).exclude(content="")
    return found.values_list("id", "content")
