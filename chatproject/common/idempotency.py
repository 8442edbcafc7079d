"""Creating something twice by mistake: whoever has lost the answer asks again with the same `client_id`, and gets what
was created the first time."""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import IntegrityError, models, transaction

from chatproject.common.errors import Refusal
from chatproject.common.limited import person_of
from chatproject.common.models import Creation

T = TypeVar("T", bound=models.Model)


class _Asked(NamedTuple):
    actor_id: str
    client_id: str
    digest: bytes


class _Twin(Exception):
    """The same was created at the same moment."""


_asked: ContextVar[_Asked | None] = ContextVar("asked", default=None)


def once(model: type[models.Model], *, apart: bool = False) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Gives an action that creates a `model` the argument `client_id`, chosen by the client and unique per person.

    The same `client_id` with the same arguments returns the first one, as it is now, and costs nothing; with others it
    refuses `idempotency_conflict`. That it was created is written in the transaction that creates it. `apart`: the
    action has long work to do outside of its transaction, and calls `note(made)` in that itself.
    """

    def declare(action: Callable[..., T]) -> Callable[..., T]:
        @wraps(action)
        def creating(actor: Any = None, /, *, client_id: str | None = None, **asked: Any) -> T:
            if client_id is None or actor is None:
                return action(actor, **asked)
            wanted = _Asked(person_of(actor), client_id, _digest(action, actor, asked))
            found: T | None = _first(wanted, model)
            try:
                return found or _create(wanted, lambda: action(actor, **asked), apart)
            except (_Twin, Refusal):  # its name, its place or its limit may have gone to its twin
                twin: T | None = _first(wanted, model)
                if twin:
                    return twin
                raise

        creating.is_idempotent = True  # type: ignore[attr-defined]
        return creating

    return declare


def note(made: models.Model) -> None:
    """In the transaction that has created this: under which `client_id`, if there is one."""
    if not (asked := _asked.get()):
        return
    try:
        with transaction.atomic():
            Creation.objects.create(**asked._asdict(), object_id=made.pk)
    except IntegrityError:
        raise _Twin from None


def status_of(made: models.Model, created: int = 201) -> int:
    """200 for what had been created before, else `created`."""
    return 200 if getattr(made, "is_repeat", False) else created


def _create(wanted: _Asked, act: Callable[[], T], apart: bool) -> T:
    token = _asked.set(wanted)
    try:
        if apart:
            return act()
        with transaction.atomic():
            made = act()
            note(made)
            return made
    finally:
        _asked.reset(token)


def _first(wanted: _Asked, model: type[models.Model]) -> Any:
    """What was created under this `client_id`; None when nothing was. Refuses `idempotency_conflict`."""
    known = Creation.objects.filter(actor_id=wanted.actor_id, client_id=wanted.client_id).first()
    if known is None:
        return None
    if bytes(known.digest) != wanted.digest:
        raise Refusal("idempotency_conflict")
    found: Any = model._default_manager.filter(pk=known.object_id).first()
    if found is None:
        raise Refusal("idempotency_conflict", "What was created with this client_id is gone.")
    found.is_repeat = True
    return found


def _digest(action: Callable[..., Any], actor: Any, asked: dict[str, Any]) -> bytes:
    """Of the action, of what it is done to (the membership in a conversation), and of all that was asked."""
    said = [action.__module__, action.__qualname__, str(actor.pk), sorted((n, _said(v)) for n, v in asked.items())]
    return hashlib.sha256(msgspec.json.encode(said)).digest()


def _said(value: Any) -> Any:
    if not hasattr(value, "chunks"):
        return value
    value.seek(0)
    digest = hashlib.file_digest(value, "sha256").hexdigest()
    value.seek(0)
    return [value.name, digest]
