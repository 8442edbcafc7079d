"""What operators do with people: shut somebody out, for a time or until further notice, and let them back in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import Session, User
from accounts.services.sessions import end_all_sessions, end_session
from accounts.services.staff import refuse_unless_above
from chatproject.common import apart, audit
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, invalid
from chatproject.common.limited import limited

ERASED = "This account is erased, or about to be: nobody signs in to it any more."


@limited("RATE_STAFF")
def suspend(operator: User, user: User, *, until: datetime | None = None, reason: str = "") -> None:
    """Nobody signs in to this account until then, or until it is restored; its sockets close. What is so already
    changes nothing.

    Refuses `invalid` for oneself and for the past, `permission_denied` for somebody not below, and `conflict` for who
    is erased."""
    refuse_unreached(operator, user)
    if until and until <= now():
        raise invalid("until", "This moment has passed.")
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
    """A suspended account may sign in again. Repeating it changes nothing. Refuses as `suspend` does, and `conflict`
    also for who is about to be erased."""
    refuse_unreached(operator, user)
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at or (user.erase_at and user.erase_at <= now()):
            raise Refusal("conflict", ERASED)
        if _let_in(user.id):
            _record("restore", operator, user, reason)


def restore_who_is_due() -> None:
    """Let back in whose suspension is over: the worker's."""
    due = User.objects.filter(suspended_until__lte=now(), erased_at__isnull=True).exclude(erase_at__lte=now())
    apart.each(due, _let_in_again)


@limited("RATE_STAFF")
def end_sessions_of(operator: User | None, user: User, *, reason: str = "") -> int:
    """Sign somebody out everywhere; None is a command. Returns how many sign-ins that were. Refuses
    `permission_denied` for somebody not below."""
    if operator and operator != user:
        refuse_unreached(operator, user)
    with transaction.atomic():
        ended = end_all_sessions(user)
        _record("end_sessions", operator, user, reason, ended=ended)
    return ended


@limited("RATE_STAFF")
def end_session_of(operator: User, session: Session, *, reason: str = "") -> None:
    """Sign somebody out on one device. Refuses `conflict` when that is over, `permission_denied` for an operator
    above."""
    if operator.id != session.user_id:
        refuse_unreached(operator, session.user)
    if not Session.objects.live().filter(id=session.id).exists():
        raise Refusal("conflict", f"{session.user}: {session.device_name or 'the session'} has ended already.")
    with transaction.atomic():
        end_session(session.user, session.id)
        _record("end_session", operator, session.user, reason, device_name=session.device_name)


def refuse_unreached(operator: User, user: User) -> None:
    """Refuses what an operator does to themselves (`invalid`), or to somebody not below them (`permission_denied`)."""
    if operator.id == user.id:
        raise Refusal("invalid", "You cannot do this to yourself.")
    refuse_unless_above(operator, user)


def refuse_suspended(user: User) -> None:
    """Refuses (`account_suspended`) whoever may not sign in, and says until when."""
    if user.is_active:
        return
    until = user.suspended_until
    if until is None:
        raise Refusal("account_suspended")
    detail = f"This account is suspended until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    raise Refusal("account_suspended", detail, retry_after=max(0.0, round((until - now()).total_seconds(), 3)))


@transaction.atomic
def _let_in_again(user: User) -> None:
    if _let_in(user.id, suspended_until=user.suspended_until):
        _record("restore", None, user, "The suspension is over.")


def _let_in(user_id: UUID, **only: Any) -> bool:
    shut_out = User.objects.filter(id=user_id, is_active=False, erased_at__isnull=True, **only)
    return bool(shut_out.exclude(erase_at__lte=now()).update(is_active=True, suspended_until=None))


def _record(verb: str, operator: User | None, user: User, reason: str, **facts: Any) -> None:
    actor_id = operator.id if operator else None
    audit.record(f"person.{verb}", actor_id=actor_id, subject="person", subject_id=user.id, reason=reason, **facts)
