"""Creating, changing and deleting filters. Changes take effect in this process at once, in others within seconds."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from common import audit
from common.action_limits import limited
from common.errors import Refusal, invalid, not_found
from common.idempotency import idempotent
from common.ids import uuid7
from messaging.models import Filter, FilterVersion, Message
from messaging.writing.filters import Filters, clean_pattern, filter_cache

MAX_FILTERS = 1000
"""Every text is compared with all filters."""
SAMPLE_SIZE, MIN_SAMPLE_SIZE = 2000, 100
"""How many of the newest messages a pattern is tried on, and how many it takes for a meaningful percentage."""
BROAD_PERCENT = 5
"""A filter that matches a larger percentage of them has to be confirmed."""


@limited("RATE_STAFF")
def measure_match_share(actor: User, *, kind: str, pattern: str) -> int | None:
    """The percentage of the newest messages that this pattern matches; None if there are too few messages. It is at
    least 1, so that it does not reveal whether anyone wrote a word at all. Refuses `invalid`."""
    return _match_percentage(kind, pattern)


def _match_percentage(kind: str, pattern: str) -> int | None:
    tried = Filters([Filter(kind=kind, pattern=clean_pattern(kind, pattern))])
    newest = Message.objects.filter(deleted_at__isnull=True).exclude(content="").order_by("-id")
    texts = list(newest.values_list("content", flat=True)[:SAMPLE_SIZE])
    if len(texts) < MIN_SAMPLE_SIZE:
        return None
    matches = sum(bool(tried.find(text)) for text in texts)
    return max(1, round(100 * matches / len(texts)))


@idempotent(Filter, name="messaging.services.filters.create_filter")
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
    """Create a filter. Refuses `invalid` for a pattern that makes no sense, or that is broad without `is_broad`; and
    `conflict` if there is the same filter already, or if there are too many."""
    if Filter.objects.count() >= MAX_FILTERS:
        raise Refusal("conflict", f"There are already {MAX_FILTERS} filters. Delete one first.")
    refuse_broad(kind=kind, pattern=pattern, is_broad=is_broad)
    return _save_filter(
        actor, Filter(kind=kind, pattern=pattern, action=action, is_active=is_active, note=note), is_new=True
    )


@limited("RATE_STAFF")
def change_filter(actor: User, *, filter_id: UUID, changes: dict[str, Any], is_broad: bool = False) -> Filter:
    """Change fields of a filter; a change to the same values does nothing. Refuses `not_found`, and everything that
    `create_filter` refuses."""
    found = Filter.objects.filter(id=filter_id).first()
    if found is None:
        raise not_found()
    before = _audit_fields(found)
    for name, value in changes.items():
        setattr(found, name, value)
    found.pattern = clean_pattern(found.kind, found.pattern)
    if found.pattern != before["pattern"]:
        refuse_broad(kind=found.kind, pattern=found.pattern, is_broad=is_broad)
    return found if _audit_fields(found) == before else _save_filter(actor, found)


@limited("RATE_STAFF")
def delete_filter(actor: User, *, filter_id: UUID) -> None:
    """Delete a filter. Repeating it changes nothing."""
    with transaction.atomic():
        found = Filter.objects.filter(id=filter_id).first()
        if found:
            Filter.objects.filter(id=filter_id).delete()
            _record_change(actor, found, "delete")


def refuse_broad(*, kind: str, pattern: str, is_broad: bool) -> None:
    """Refuse (`invalid`) a pattern that matches many messages, unless `is_broad` confirms that this is intended."""
    share = _match_percentage(kind, pattern)
    if share and share > BROAD_PERCENT and not is_broad:
        detail = f"This would match about {share} % of recent messages. To keep it anyway, confirm that it is broad."
        raise invalid("pattern", detail, "too_broad")


def _save_filter(actor: User, one: Filter, *, is_new: bool = False) -> Filter:
    one.pattern = clean_pattern(one.kind, one.pattern)
    try:
        with transaction.atomic():
            one.save(force_insert=is_new, force_update=not is_new)
            _record_change(actor, one, "create" if is_new else "change")
    except IntegrityError:
        raise Refusal("conflict", "There is already a filter with this pattern. Change that one.") from None
    return one


def _record_change(actor: User, one: Filter, verb: str) -> None:
    FilterVersion.objects.update_or_create(id=1, defaults={"version": uuid7()})
    transaction.on_commit(filter_cache.invalidate)
    audit.record(f"filter.{verb}", actor_id=actor.id, subject="filter", subject_id=one.id, **_audit_fields(one))


def _audit_fields(one: Filter) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "pattern": one.pattern,
        "effect": one.action,  # `action` is already the name of what was done
        "is_active": one.is_active,
        "note": one.note,
    }
