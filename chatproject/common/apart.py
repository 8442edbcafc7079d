"""One bad row stops nobody: what is done for many goes on behind what fails."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Model

log = structlog.get_logger(__name__)

T = TypeVar("T")


def each(items: Iterable[T], act: Callable[[T], Any]) -> list[T]:
    """Call `act` for each item, and return those for which it failed: they are logged (`item_failed`), and stay as they
    are. That the database is away is nobody's fault, and is raised."""
    return [item for item in items if not succeeds(act, item)]


def run(*steps: Callable[[], Any]) -> None:
    """Call each of these, whatever becomes of the others."""
    each(steps, lambda step: step())


def succeeds(act: Callable[[T], Any], item: T) -> bool:
    """Whether `act` does this item without a fault, which would be logged."""
    try:
        act(item)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("item_failed", item=_name_of(item))
        return False
    return True


def _name_of(item: Any) -> str:
    """Its key and never its content, which may be somebody's text. What failed is in the traceback."""
    if isinstance(item, tuple):
        return " ".join(_name_of(part) for part in item if isinstance(part, Model))
    if isinstance(item, Model):
        return f"{item._meta.label_lower} {item.pk}"
    return getattr(item, "__qualname__", str(item))
