"""Signing in with a password."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Registration, Session, User
from accounts.services import codes, limiting
from accounts.services.deletion import cancel_deletion
from accounts.services.passwords import lock_verified
from accounts.services.registration import find_by_password
from accounts.services.sessions import open_session
from accounts.services.suspension import refuse_suspended
from accounts.typed_input import password_spellings
from common.errors import Refusal


def login(*, login: str, password: str, device_name: str = "", address: str = "") -> Session:
    """Sign in by e-mail address or username. It takes the same time whether the account exists or not.

    Signing in cancels a requested deletion. Refuses `invalid_credentials` and `rate_limited`, and, only if the password
    is right, `account_suspended` and `email_not_verified` (then the code is sent again, if the limits allow it).
    """
    found = verify_login(login, password, address)
    if isinstance(found, Registration):
        _send_code_again(found, address)
        detail = f"Confirm your e-mail address first, with the code from the mail marked {found.reference}."
        raise Refusal("email_not_verified", detail)
    refuse_suspended(found)
    forgive_login(found, login, address)
    return _open(found, device_name=device_name, address=address)


def verify_login(login: str, password: str, address: str) -> User | Registration:
    """The user or pending registration that this password belongs to. A registration for an address that already has an
    account looks the same. Computes one hash for each of the two, whether they exist or not.

    Refuses `rate_limited` and `invalid_credentials`."""
    limiting.spend_sign_in(login, address)
    user = User.objects.by_login(login).first()
    has_tries = limiting.spend_account(user, login, address)
    waiting = list(Registration.objects.by_login(login)[: codes.MAX_MAILS])
    found = user if _is_password_of(user, password) else find_by_password(waiting, password)
    if found is None or not has_tries:
        raise Refusal("invalid_credentials")
    return found


def forgive_login(user: User, login: str, address: str) -> None:
    """Take back the attempt that was just counted: it succeeded."""
    limiting.forgive_sign_in(login, address)
    limiting.forgive_account(user, login, address)


@transaction.atomic
def _open(user: User, *, device_name: str, address: str) -> Session:
    user = lock_verified(user)
    if user.erase_at:
        cancel_deletion(user)
    return open_session(user, device_name=device_name, address=address)


def _is_password_of(user: User | None, password: str) -> bool:
    if user is None:
        for spelling in password_spellings(password):
            make_password(spelling)
        return False
    return user.check_password(password)


def _send_code_again(registration: Registration, address: str) -> None:
    try:
        limiting.spend_code(registration.email, address)
    except Refusal:
        return
    codes.resend_registration_code(registration)
