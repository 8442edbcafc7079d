"""Passwords: changed by who knows them, set anew by who gets the mail. Either ends the other sign-ins."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import OneTime, Session, User
from accounts.names import email_key
from accounts.services import codes, limiting, mails, one_time
from accounts.services.sessions import end_all_sessions, end_other_sessions
from accounts.typed import canonical_password
from chatproject.common import audit
from chatproject.common.errors import Refusal, invalid, refuse_together
from chatproject.common.limited import limited

RESET = OneTime.Purpose.RESET_PASSWORD


@limited("RATE_ACCOUNT")
def change_password(session: Session, *, current_password: str, new_password: str) -> int:
    """Set a new password; all other sign-ins end. Returns how many did. Refuses `invalid` and `rate_limited`."""
    user = session.user
    refuse_together(
        lambda: prove_password(user, current_password, field="current_password"),
        lambda: check_password_is_good(new_password, user, field="new_password"),
    )
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        _set(lock_proved(user), hashed)
        return end_other_sessions(session)


def reset_password(*, email: str, code: str, new_password: str, address: str = "") -> int:
    """Set a new password by the code from the mail; all sign-ins end. Returns how many did; repeating it within a
    minute does so again.

    Refuses `invalid`, `code_invalid` and `rate_limited`."""
    limiting.spend_place(address)
    check_password_is_good(new_password, User(email=email_key(email)), field="new_password")
    rows = OneTime.objects.filter(purpose=RESET, address=email_key(email))
    row = codes.show_code(rows, code, address=address)
    limiting.forgive_place(address)
    if row.user is None:
        raise Refusal("code_invalid")
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        user = User.objects.lock(row.user)
        if user.email == row.address and one_time.use_code(row):
            check_password_is_good(new_password, user, field="new_password")
            _set(user, hashed)
            return end_all_sessions(user)
    return _ended_by(row, user, new_password)


def _ended_by(row: OneTime, user: User, new_password: str) -> int:
    """How many sign-ins ended when this code set this password. Refuses `code_invalid` where it has not."""
    row.refresh_from_db(fields=["used_at"])
    if row.used_at is None or not user.check_password(new_password):
        raise Refusal("code_invalid")
    return Session.objects.filter(user=user, ended_at__gte=row.used_at).count()


def replace_password(user: User, *, new_password: str) -> int:
    """What the machine's own shell does: another password, and all sign-ins end, also to the console. Returns how many
    did. Refuses `invalid`, and `conflict` for who is erased."""
    check_password_is_good(new_password, user, field="new_password")
    hashed = make_password(canonical_password(new_password))
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at:
            raise Refusal("conflict", "This account is erased.")
        _set(user, hashed)
        ended = end_all_sessions(user)
        about: dict[str, Any] = {"subject": "person", "subject_id": user.id, "changed": ["password"]}
        audit.record("person.change", actor_id=None, **about, ended=ended)
    return ended


def prove_password(user: User, password: str, *, field: str = "password") -> None:
    """Have somebody who is signed in show their password again. Refuses `invalid` and `rate_limited`."""
    limiting.spend_password(user)
    if not user.check_password(password):
        raise invalid(field, "The password is wrong.", "wrong")
    limiting.forgive_password(user)


def lock_proved(user: User) -> User:
    """The person whose password was right a moment ago, as they are now and locked: it must still be the same, and the
    account not suspended. Refuses `invalid_credentials`."""
    locked = User.objects.lock(user)
    if locked.password != user.password or not locked.is_active:
        raise Refusal("invalid_credentials")
    return locked


def check_password_is_good(password: str, user: User | None = None, *, field: str = "password") -> None:
    """Refuses (`invalid`) a password that is short, common, or like the person's own names."""
    try:
        validate_password(canonical_password(password), user)
    except ValidationError as error:
        faults = error.error_list
        errors = [{"field": field, "code": one.code or "invalid", "detail": one.messages[0]} for one in faults]
        raise Refusal("invalid", errors[0]["detail"], errors=errors) from None


def _set(user: User, hashed: str) -> None:
    """Hashed before: in a transaction, everybody would wait for it who writes."""
    User.objects.filter(id=user.id).update(password=hashed)
    mails.send_notice(user, mails.PASSWORD_CHANGED)
