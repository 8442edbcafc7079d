"""Idempotent creation: a client that lost the response repeats its request with the same `client_id` and gets what was
created the first time."""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import IntegrityError, models, transaction

from common.action_limits import user_id_of
from common.errors import Refusal
from common.models import Creation

T = TypeVar("T", bound=models.Model)


class _Request(NamedTuple):
    actor_id: str
    client_id: str
    digest: bytes


class _CreatedMeanwhile(Exception):
    """A concurrent request with the same `client_id` was faster."""


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


def idempotent(
    model: type[models.Model], *, has_own_transaction: bool = False, name: str = ""
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give an action that creates a `model` the argument `client_id`, chosen by the client and unique per person.

    The same `client_id` with the same arguments returns the first object in its current state, and costs nothing; with
    other arguments it refuses `idempotency_conflict`. The creation is recorded in the transaction that creates the
    object. `name` is where the action stood when it was first released, if it has moved since: earlier requests are
    recorded under it. `has_own_transaction`: the action does long work outside of its transaction, and calls
    `record_creation` in that transaction itself.
    """

    def declare(action: Callable[..., T]) -> Callable[..., T]:
        recorded_name = name or f"{action.__module__}.{action.__qualname__}"

        @wraps(action)
        def creating(actor: Any = None, /, *, client_id: str | None = None, **arguments: Any) -> T:
            if client_id is None or actor is None:
                return action(actor, **arguments)
            request = _Request(user_id_of(actor), client_id, _digest(recorded_name, actor, arguments))
            found: T | None = _existing(request, model)
            try:
                return found or _create(request, lambda: action(actor, **arguments), has_own_transaction)
            except (_CreatedMeanwhile, Refusal):  # the concurrent request may have taken the name or used up the limit
                other: T | None = _existing(request, model)
                if other:
                    return other
                raise

        creating.is_idempotent = True  # type: ignore[attr-defined]
        creating.recorded_name = recorded_name  # type: ignore[attr-defined]
        return creating

    return declare


def record_creation(created: models.Model) -> None:
    """Record the `client_id` of the current request, if it has one. Call this in the transaction that creates."""
    if not (request := _request.get()):
        return
    try:
        with transaction.atomic():
            Creation.objects.create(**request._asdict(), object_id=created.pk)
    except IntegrityError:
        raise _CreatedMeanwhile from None


def created_status(created: models.Model, status: int = 201) -> int:
    """The HTTP status: `status` for a new object, 200 for one that had been created before."""
    return 200 if getattr(created, "is_repeat", False) else status


def _create(request: _Request, run: Callable[[], T], has_own_transaction: bool) -> T:
    token = _request.set(request)
    try:
        if has_own_transaction:
            return run()
        with transaction.atomic():
            created = run()
            record_creation(created)
            return created
    finally:
        _request.reset(token)


def _existing(request: _Request, model: type[models.Model]) -> Any:
    """What was created under this `client_id`, or None. Refuses `idempotency_conflict`."""
    creation = Creation.objects.filter(actor_id=request.actor_id, client_id=request.client_id).first()
    if creation is None:
        return None
    if bytes(creation.digest) != request.digest:
        raise Refusal("idempotency_conflict")
    found: Any = model._default_manager.filter(pk=creation.object_id).first()
    if found is None:
        raise Refusal("idempotency_conflict", "What was created with this client_id has been deleted.")
    found.is_repeat = True
    return found


def _digest(recorded_name: str, actor: Any, arguments: dict[str, Any]) -> bytes:
    """The digest of the action's name, its actor (or membership) and all its arguments."""
    values = sorted((name, _comparable(value)) for name, value in arguments.items())
    module, _, function = recorded_name.rpartition(".")
    request = [module, function, str(actor.pk), values]
    return hashlib.sha256(msgspec.json.encode(request)).digest()


def _comparable(value: Any) -> Any:
    """A value as it is compared: of a file, its name and digest."""
    if not hasattr(value, "chunks"):
        return value
    value.seek(0)
    digest = hashlib.file_digest(value, "sha256").hexdigest()
    value.seek(0)
    return [value.name, digest]
