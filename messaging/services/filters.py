"""What operators do with filters. Every process heeds a change within some seconds, this one at once."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from chatproject.common import audit
from chatproject.common.errors import Refusal, not_found
from chatproject.common.ids import uuid7
from chatproject.common.limited import limited
from messaging.filters import clean_pattern, present
from messaging.models import Filter, FilterVersion

FILTERS = 1000
"""How many there are at most: each text is compared with all of them."""


@limited("RATE_STAFF")
def create_filter(
    actor: User, *, kind: str, pattern: str, action: str, is_active: bool = True, note: str = ""
) -> Filter:
    """A new filter. Refuses `invalid` for a pattern that makes no sense, `conflict` where there is one like it, or too
    many."""
    if Filter.objects.count() >= FILTERS:
        raise Refusal("conflict", f"There are at most {FILTERS} filters.")
    return _keep(actor, Filter(kind=kind, pattern=pattern, action=action, is_active=is_active, note=note), is_new=True)


@limited("RATE_STAFF")
def change_filter(actor: User, *, filter_id: UUID, changes: dict[str, Any]) -> Filter:
    """Change any of its fields. What is so already changes nothing. Refuses `not_found`, and what
    a new one is refused for."""
    found = Filter.objects.filter(id=filter_id).first()
    if found is None:
        raise not_found()
    before = _facts(found)
    for name, value in changes.items():
        setattr(found, name, value)
    found.pattern = clean_pattern(found.kind, found.pattern)
    return found if _facts(found) == before else _keep(actor, found)


@limited("RATE_STAFF")
def delete_filter(actor: User, *, filter_id: UUID) -> None:
    """Look for it no more. Repeating it changes nothing."""
    with transaction.atomic():
        found = Filter.objects.filter(id=filter_id).first()
        if found:
            Filter.objects.filter(id=filter_id).delete()
            _tell(actor, found, "delete")


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
