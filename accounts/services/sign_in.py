"""Signing in with a password."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import OneTime, Session, User
from accounts.services import limiting, mails
from accounts.services.deletion import cancel_deletion
from accounts.services.passwords import lock_proved
from accounts.services.registration import stand_in_id
from accounts.services.sessions import open_session
from accounts.services.suspension import refuse_suspended
from accounts.typed import password_spellings
from chatproject.common.errors import Refusal


def login(*, login: str, password: str, device_name: str = "", address: str = "") -> Session:
    """A new sign-in by e-mail address or username. It takes the same time whether the account exists or not.

    Who had asked for their account to be deleted keeps it by signing in. Refuses `invalid_credentials`; and, only to
    who knows the password, `account_suspended` and `email_not_verified` (a new code is on its way then, as often as
    codes may be sent). Refuses `rate_limited`.
    """
    limiting.spend_sign_in(login, address)
    user = _who(login, password)
    if user is None:
        raise Refusal("invalid_credentials")
    refuse_suspended(user)
    if user.email_verified_at is None:
        _send_code_again(user, address)
        raise Refusal("email_not_verified")
    limiting.forgive_sign_in(login, address)
    return _open(user, device_name=device_name, address=address)


@transaction.atomic
def _open(user: User, *, device_name: str, address: str) -> Session:
    user = lock_proved(user)
    if user.erase_at:
        cancel_deletion(user)
    return open_session(user, device_name=device_name, address=address)


def _who(login: str, password: str) -> User | None:
    """Whose password this is: of who may sign in, or of who waits for a code, which is also what a registration for a
    known address looks like. Each costs one hash, whether there is somebody or not."""
    named = list(User.objects.by_login(login) | User.objects.filter(id=stand_in_id(login)))
    confirmed = next((user for user in named if user.email_verified_at), None)
    waiting = next((user for user in named if not user.email_verified_at), None)
    return next((user for user in (confirmed, waiting) if _is_password_of(user, password)), None)


def _is_password_of(user: User | None, password: str) -> bool:
    if user is None:
        for spelling in password_spellings(password):
            make_password(spelling)
        return False
    return user.check_password(password)


def _send_code_again(user: User, address: str) -> None:
    try:
        limiting.spend_code(user.email or "", address)
    except Refusal:
        return
    mails.send_code(user, OneTime.Purpose.VERIFY_EMAIL)
