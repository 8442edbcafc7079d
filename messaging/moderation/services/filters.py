"""What operators do with filters. Every process heeds a change within some seconds, this one at once."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import Refusal, invalid, not_found
from chatproject.common.idempotency import once
from chatproject.common.ids import uuid7
from chatproject.common.limited import limited
from messaging.filters import Filters, clean_pattern, present
from messaging.models import Filter, FilterVersion, Message

FILTERS = 1000
"""How many there are at most: each text is compared with all of them."""
SAMPLE, FEWEST = 2000, 100
"""The newest messages on which a pattern is tried; among fewer than the latter, a share says nothing."""
BROAD = 5
"""Per cent of them above which a filter is only kept by who insists."""


@limited("RATE_STAFF")
def share_met(actor: User, *, kind: str, pattern: str) -> int | None:
    """How many per cent of the newest messages a filter with this pattern would meet, at least 1, so that nobody learns
    whether a word was written at all; None where there are too few messages. Refuses `invalid`."""
    return _share(kind, pattern)


def _share(kind: str, pattern: str) -> int | None:
    tried = Filters([Filter(kind=kind, pattern=clean_pattern(kind, pattern))])
    newest = Message.objects.filter(deleted_at__isnull=True).exclude(content="").order_by("-id")
    texts = list(newest.values_list("content", flat=True)[:SAMPLE])
    met = sum(bool(tried.find(text)) for text in texts)
    return max(1, round(100 * met / len(texts))) if len(texts) >= FEWEST else None


@once(Filter)
@limited("RATE_STAFF")
def create_filter(
    actor: User,
    *,
    kind: str,
    pattern: str,
    action: str,
    is_active: bool = True,
    note: str = "",
    is_broad: bool = False,
) -> Filter:
    """A new filter. Refuses `invalid` for a pattern that makes no sense, or that is broader than `is_broad` says;
    `conflict` where there is one like it, or too many."""
    if Filter.objects.count() >= FILTERS:
        raise Refusal("conflict", f"There are at most {FILTERS} filters.")
    refuse_broad(kind=kind, pattern=pattern, is_broad=is_broad)
    return _keep(actor, Filter(kind=kind, pattern=pattern, action=action, is_active=is_active, note=note), is_new=True)


@limited("RATE_STAFF")
def change_filter(actor: User, *, filter_id: UUID, changes: dict[str, Any], is_broad: bool = False) -> Filter:
    """Change any of its fields. What is so already changes nothing. Refuses `not_found`, and what
    a new one is refused for."""
    found = Filter.objects.filter(id=filter_id).first()
    if found is None:
        raise not_found()
    before = _facts(found)
    for name, value in changes.items():
        setattr(found, name, value)
    found.pattern = clean_pattern(found.kind, found.pattern)
    if found.pattern != before["pattern"]:
        refuse_broad(kind=found.kind, pattern=found.pattern, is_broad=is_broad)
    return found if _facts(found) == before else _keep(actor, found)


@limited("RATE_STAFF")
def delete_filter(actor: User, *, filter_id: UUID) -> None:
    """Look for it no more. Repeating it changes nothing."""
    with transaction.atomic():
        found = Filter.objects.filter(id=filter_id).first()
        if found:
            Filter.objects.filter(id=filter_id).delete()
            _tell(actor, found, "delete")


def refuse_broad(*, kind: str, pattern: str, is_broad: bool) -> None:
    """Refuses (`invalid`) a pattern that would meet much of what people write, unless that is meant."""
    share = _share(kind, pattern)
    if share and share > BROAD and not is_broad:
        detail = f"This would match about {share} % of recent messages. To keep it anyway, confirm that it is broad."
        raise invalid("pattern", detail, "too_broad")


def _keep(actor: User, one: Filter, *, is_new: bool = False) -> Filter:
    one.pattern = clean_pattern(one.kind, one.pattern)
    try:
        with transaction.atomic():
            one.save(force_insert=is_new, force_update=not is_new)
            _tell(actor, one, "create" if is_new else "change")
    except IntegrityError:
        raise Refusal("conflict", "There is a filter like this one.") from None
    return one


def _tell(actor: User, one: Filter, verb: str) -> None:
    FilterVersion.objects.update_or_create(id=1, defaults={"version": uuid7()})
    transaction.on_commit(present.look_again)
    audit.record(f"filter.{verb}", actor_id=actor.id, subject="filter", subject_id=one.id, **_facts(one))


def _facts(one: Filter) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "pattern": one.pattern,
        "effect": one.action,  # the entry's own `action` is what was done
        "is_active": one.is_active,
        "note": one.note,
    }
