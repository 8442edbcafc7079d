"""Cleaning texts that older versions stored unchecked. A background task does it while people chat."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Model

from accounts.models import Device, Registration, Session, User
from common import isolation
from common.tasks import task
from common.text import clean_line, clean_text
from conversations.models import Ban, Conversation, Membership
from encryption.models import KeyDevice
from messaging.models import Filter, Report
from notifications.models import Notice

BATCH = 500
BATCHES_PER_TASK = 40
"""After this many batches a task enqueues its successor, so that progress is visible and other tasks get a turn."""


def clean_data(data: dict[str, Any]) -> dict[str, Any]:
    """The data of a notice: names, and the reason for a decision."""
    cleaning = {name: clean_text if name == "reason" else clean_line for name in data}
    return {name: cleaning[name](value) if isinstance(value, str) else value for name, value in data.items()}


CLEANED: tuple[tuple[type[Model], dict[str, Callable[[Any], Any]]], ...] = (
    (User, {"full_name": clean_line, "bio": clean_text}),
    (Registration, {"full_name": clean_line}),
    (Session, {"device_name": clean_line}),
    (Device, {"name": clean_line}),
    (Conversation, {"name": clean_line, "description": clean_text}),
    (Membership, {"nickname": clean_line}),
    (Ban, {"reason": clean_text}),
    (KeyDevice, {"name": clean_line}),
    (Filter, {"note": clean_line}),
    (Report, {"comment": clean_text, "decision_reason": clean_text}),
    (Notice, {"data": clean_data}),
)
"""All texts that people write for others to read, except messages."""


@task
def clean_older_text(table: int = 0, after: str = "") -> None:
    """Clean the tables of `CLEANED`, starting after the key `after` in the one at index `table`. Safe to repeat."""
    for _ in range(BATCHES_PER_TASK):
        model, fields = CLEANED[table]
        rows = model._base_manager.only(*fields).order_by("pk")
        found = list((rows.filter(pk__gt=after) if after else rows)[:BATCH])
        isolation.for_each(found, _clean)
        if len(found) == BATCH:
            after = str(found[-1].pk)
            continue
        table, after = table + 1, ""
        if table == len(CLEANED):
            return
    with transaction.atomic():
        clean_older_text.enqueue(table, after)


def _clean(row: Model) -> None:
    """Does nothing if the row has just been changed: new texts are clean."""
    stored = {name: getattr(row, name) for name in dict(CLEANED)[type(row)]}
    cleaned = {name: clean(stored[name]) for name, clean in dict(CLEANED)[type(row)].items()}
    if cleaned != stored:
        type(row)._base_manager.filter(pk=row.pk, **stored).update(**cleaned)
