"""Text that an older version took as it came, cleaned by the rules of today: a task goes through it as people chat."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Model

from accounts.models import Device, Registration, Session, User
from chatproject.common import apart
from chatproject.common.tasks import task
from chatproject.common.text import clean_line, clean_text
from conversations.models import Ban, Conversation, Membership
from encryption.models import KeyDevice
from messaging.models import Filter, Report
from notifications.models import Notice

BATCH = 500
BATCHES_PER_TASK = 40
"""After so many a task hands over to the next: it shows how far it is, and other tasks have their turn."""


def clean_data(data: dict[str, Any]) -> dict[str, Any]:
    """What a notice tells: names, and the reason of a decision."""
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
"""What people write for others to read, beside messages."""


@task
def clean_older_text(table: int = 0, after: str = "") -> None:
    """Clean these tables from this one on, and in it what comes after this key. Repeating it is harmless."""
    for _ in range(BATCHES_PER_TASK):
        model, fields = CLEANED[table]
        rows = model._base_manager.only(*fields).order_by("pk")
        found = list((rows.filter(pk__gt=after) if after else rows)[:BATCH])
        apart.each(found, _clean)
        if len(found) == BATCH:
            after = str(found[-1].pk)
            continue
        table, after = table + 1, ""
        if table == len(CLEANED):
            return
    with transaction.atomic():
        clean_older_text.enqueue(table, after)


def _clean(row: Model) -> None:
    """Unless it is changed at this moment: then it is clean."""
    held = {name: getattr(row, name) for name in dict(CLEANED)[type(row)]}
    cleaned = {name: clean(held[name]) for name, clean in dict(CLEANED)[type(row)].items()}
    if cleaned != held:
        type(row)._base_manager.filter(pk=row.pk, **held).update(**cleaned)
