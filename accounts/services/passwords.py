"""Passwords: changed with the current password, or reset with a code from a mail. Either ends the other sessions."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import OneTime, Session, User
from accounts.names import email_key
from accounts.services import codes, limiting, mails, one_time
from accounts.services.sessions import end_all_sessions, end_other_sessions
from accounts.typed_input import canonical_password
from common import audit
from common.action_limits import limited
from common.errors import Refusal, invalid, refuse_together

RESET = OneTime.Purpose.RESET_PASSWORD


@limited("RATE_ACCOUNT")
def change_password(session: Session, *, current_password: str, new_password: str) -> int:
    """Set a new password; all other sessions end. Returns how many ended. Refuses `invalid` and `rate_limited`."""
    user = session.user
    refuse_together(
        lambda: verify_password(user, current_password, field="current_password"),
        lambda: check_password_strength(new_password, user, field="new_password"),
    )
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        _set(lock_verified(user), hashed)
        return end_other_sessions(session)


def reset_password(*, email: str, code: str, new_password: str, address: str = "") -> int:
    """Set a new password with the code from the mail; all sessions end. Returns how many ended, also when repeated
    within a minute.

    Refuses `invalid`, `code_invalid` and `rate_limited`."""
    limiting.spend_guess(address)
    check_password_strength(new_password, User(email=email_key(email)), field="new_password")
    rows = OneTime.objects.filter(purpose=RESET, address=email_key(email))
    row = codes.check_code(rows, code, address=address)
    limiting.forgive_guess(address)
    if row.user is None:
        raise Refusal("code_invalid")
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        user = User.objects.lock(row.user)
        if user.email == row.address and one_time.use_code(row):
            check_password_strength(new_password, user, field="new_password")
            _set(user, hashed)
            return end_all_sessions(user)
    return _ended_by(row, user, new_password)


def _ended_by(row: OneTime, user: User, new_password: str) -> int:
    """How many sessions ended when this code set this password. Refuses `code_invalid` if it did not set it."""
    row.refresh_from_db(fields=["used_at"])
    if row.used_at is None or not user.check_password(new_password):
        raise Refusal("code_invalid")
    return Session.objects.filter(user=user, ended_at__gte=row.used_at).count()


def replace_password(user: User, *, new_password: str) -> int:
    """Set somebody's password from the command line; all sessions end, also those of the console. Returns how many
    ended. Refuses `invalid`, and `conflict` for an erased account."""
    check_password_strength(new_password, user, field="new_password")
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at:
            raise Refusal("conflict", "This account is erased.")
        _set(user, hashed)
        ended = end_all_sessions(user)
        details: dict[str, Any] = {"subject": "person", "subject_id": user.id, "changed": ["password"]}
        audit.record("person.change", actor_id=None, **details, ended=ended)
    return ended


def verify_password(user: User, password: str, *, field: str = "password") -> None:
    """Check the password of somebody who is signed in. Refuses `invalid` and `rate_limited`."""
    limiting.spend_password(user)
    if not user.check_password(password):
        raise invalid(field, "The password is wrong.", "wrong")
    limiting.forgive_password(user)


def lock_verified(user: User) -> User:
    """Lock the person whose password was just verified and reload them. Refuses `invalid_credentials` if the password
    has changed meanwhile or the account was suspended."""
    locked = User.objects.lock(user)
    if locked.password != user.password or not locked.is_active:
        raise Refusal("invalid_credentials")
    return locked


def check_password_strength(password: str, user: User | None = None, *, field: str = "password") -> None:
    """Refuses (`invalid`) a password that is too short, too common, or too similar to the person's names."""
    try:
        validate_password(canonical_password(password), user)
    except ValidationError as error:
        errors = [
            {"field": field, "code": found.code or "invalid", "detail": found.messages[0]} for found in error.error_list
        ]
        raise Refusal("invalid", errors[0]["detail"], errors=errors) from None


def _set(user: User, hashed: str) -> None:
    """The password is already hashed: hashing takes long, and in a transaction others would wait for its locks."""
    User.objects.filter(id=user.id).update(password=hashed)
    mails.send_notice(user, mails.PASSWORD_CHANGED)
