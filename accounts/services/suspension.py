"""What operators do with accounts: suspend them, for a time or indefinitely, restore them, and end sessions."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Session, User
from accounts.services.sessions import end_all_sessions, end_session
from accounts.services.staff import refuse_unless_outranks
from common import audit, isolation
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, invalid

ERASED = "This account has been erased or is about to be. It cannot be suspended or restored."


@limited("RATE_STAFF")
def suspend(operator: User, user: User, *, until: datetime | None = None, reason: str = "") -> None:
    """Suspend an account until then, or until it is restored; its sockets close. Repeating it changes nothing.

    Refuses `invalid` for yourself and for a time in the past, `permission_denied` for somebody whom the operator does
    not outrank, and `conflict` for an erased account."""
    refuse_self_and_superiors(operator, user)
    if until and until <= now():
        raise invalid("until", "This time is in the past.")
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at:
            raise Refusal("conflict", ERASED)
        if (user.is_active, user.suspended_until) == (False, until):
            return
        User.objects.filter(id=user.id).update(is_active=False, suspended_until=until)
        end_all_sessions(user)
        _record("suspend", operator, user, reason, until=until)


@limited("RATE_STAFF")
def restore(operator: User, user: User, *, reason: str = "") -> None:
    """Let somebody sign in again. Repeating it changes nothing. Refuses as `suspend` does, and `conflict` also for an
    account that is about to be erased."""
    refuse_self_and_superiors(operator, user)
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at or (user.erase_at and user.erase_at <= now()):
            raise Refusal("conflict", ERASED)
        if _lift_suspension(user.id):
            _record("restore", operator, user, reason)


def restore_due() -> None:
    """Restore accounts whose suspension is over. Called by the worker."""
    due = User.objects.filter(suspended_until__lte=now(), erased_at__isnull=True).exclude(erase_at__lte=now())
    isolation.for_each(due, _restore_due)


@limited("RATE_STAFF")
def end_sessions_of(operator: User | None, user: User, *, reason: str = "") -> int:
    """Sign somebody out everywhere; without an operator it was a command. Returns how many sessions ended. Refuses
    `permission_denied` for somebody whom the operator does not outrank."""
    if operator and operator != user:
        refuse_self_and_superiors(operator, user)
    with transaction.atomic():
        ended = end_all_sessions(user)
        _record("end_sessions", operator, user, reason, ended=ended)
    return ended


@limited("RATE_STAFF")
def end_session_of(operator: User, session: Session, *, reason: str = "") -> None:
    """Sign somebody out on one device. Refuses `conflict` if the session has already ended, and `permission_denied` for
    somebody whom the operator does not outrank."""
    if operator.id != session.user_id:
        refuse_self_and_superiors(operator, session.user)
    if not Session.objects.find_live(session.id):
        raise Refusal("conflict", f"{session.user}: {session.device_name or 'the session'} has already ended.")
    with transaction.atomic():
        end_session(session.user, session.id)
        _record("end_session", operator, session.user, reason, device_name=session.device_name)


def refuse_self_and_superiors(operator: User, user: User) -> None:
    """Refuses the operator themselves (`invalid`) and anybody they do not outrank (`permission_denied`)."""
    if operator.id == user.id:
        raise Refusal("invalid", "You cannot do this to yourself.")
    refuse_unless_outranks(operator, user)


def refuse_suspended(user: User) -> None:
    """Refuses (`account_suspended`) a suspended person, and says until when."""
    if user.is_active:
        return
    until = user.suspended_until
    if until is None:
        raise Refusal("account_suspended")
    detail = f"This account is suspended until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    raise Refusal("account_suspended", detail, retry_after=max(0.0, round((until - now()).total_seconds(), 3)))


@transaction.atomic
def _restore_due(user: User) -> None:
    if _lift_suspension(user.id, suspended_until=user.suspended_until):
        _record("restore", None, user, "The suspension is over.")


def _lift_suspension(user_id: UUID, **only: Any) -> bool:
    suspended = User.objects.filter(id=user_id, is_active=False, erased_at__isnull=True, **only)
    return bool(suspended.exclude(erase_at__lte=now()).update(is_active=True, suspended_until=None))


def _record(verb: str, operator: User | None, user: User, reason: str, **facts: Any) -> None:
    actor_id = operator.id if operator else None
    audit.record(f"person.{verb}", actor_id=actor_id, subject="person", subject_id=user.id, reason=reason, **facts)
