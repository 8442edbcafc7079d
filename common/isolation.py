"""Fault isolation: when one of many items fails, the others are still processed."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Model

logger = structlog.get_logger(__name__)

T = TypeVar("T")


def for_each(items: Iterable[T], process: Callable[[T], Any]) -> list[T]:
    """Call `process` for each item and return the items for which it failed; each failure is logged (`item_failed`).
    Errors of the database's connection are raised: no item is to blame for them."""
    return [item for item in items if not succeeds(process, item)]


def run_all(*steps: Callable[[], Any]) -> None:
    """Call each of these, even if others fail."""
    for_each(steps, lambda step: step())


def succeeds(process: Callable[[T], Any], item: T) -> bool:
    """Call `process` for this item and return whether it succeeded; a failure is logged."""
    try:
        process(item)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("item_failed", item=_name_of(item))
        return False
    return True


def _name_of(item: Any) -> str:
    """The item's key, never its content, which may be private. The traceback shows what failed."""
    if isinstance(item, tuple):
        return " ".join(_name_of(part) for part in item if isinstance(part, Model))
    if isinstance(item, Model):
        return f"{item._meta.label_lower} {item.pk}"
    return getattr(item, "__qualname__", str(item))
