"""Signing in with a password."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Registration, Session, User
from accounts.services import codes, limiting
from accounts.services.deletion import cancel_deletion
from accounts.services.passwords import lock_proved
from accounts.services.registration import registration_of
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
    found = prove_login(login, password, address)
    if isinstance(found, Registration):
        _send_code_again(found, address)
        mark = f"Confirm the e-mail address first, by the code in the mail that is marked {found.reference}."
        raise Refusal("email_not_verified", mark)
    refuse_suspended(found)
    forgive_login(found, login, address)
    return _open(found, device_name=device_name, address=address)


def prove_login(login: str, password: str, address: str) -> User | Registration:
    """Whose password this is: of who may sign in, or of a registration that waits for its code, which is also what one
    for a known address looks like. Each costs one hash, whether there is somebody or not.

    Refuses `rate_limited` and `invalid_credentials`."""
    limiting.spend_sign_in(login, address)
    user = User.objects.by_login(login).first()
    has_tries = limiting.spend_account(user, login, address)
    waiting = list(Registration.objects.by_login(login)[: codes.MAILS])
    found = user if _is_password_of(user, password) else registration_of(waiting, password)
    if found is None or not has_tries:
        raise Refusal("invalid_credentials")
    return found


def forgive_login(user: User, login: str, address: str) -> None:
    """The attempt that was just counted succeeded."""
    limiting.forgive_sign_in(login, address)
    limiting.forgive_account(user, login, address)


@transaction.atomic
def _open(user: User, *, device_name: str, address: str) -> Session:
    user = lock_proved(user)
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
    codes.send_again(registration)
