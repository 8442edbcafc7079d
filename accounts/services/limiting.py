"""How often somebody may try: by account and by address, known or not, so that the limit tells nothing.

Strangers share one budget per account, however many addresses they come from and whichever of its names they use.
Where the account has signed in before it has a budget of its own, so that nobody locks its owner out. What succeeds
does not count. Codes have tries of their own (`one_time`), and here only a budget for the place.

A place may be a school, so its budgets (`RATE_AUTH_ADDRESS`) hold a class: one for guesses at passwords and codes, and
one for what is no guess, registering and asking for a code.
"""

import math

from django.conf import settings

from accounts.models import Session, User
from accounts.names import email_key, username_key
from chatproject.common import limits
from chatproject.common.addresses import limit_key

REMEMBERED = 50
"""The latest sign-ins of an account whose addresses are known places."""


def spend_sign_in(account: str, address: str) -> None:
    """Count one attempt to sign in. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _login_key(account, address))
    spend_place(address)


def forgive_sign_in(account: str, address: str) -> None:
    """The attempt that was just counted succeeded."""
    limits.forgive([_login_key(account, address)], settings.RATE_AUTH)
    forgive_place(address)


def spend_asking(email: str, address: str) -> None:
    """Count one registration, or one request to have a code sent. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _login_key(email, address))
    if address:
        limits.spend(settings.RATE_AUTH_ADDRESS, f"auth:asking:{limit_key(address)}")


def spend_account(user: User | None, login: str, address: str) -> bool:
    """Count one attempt to sign in to an account, whichever of its names was given. False when it has none left: that
    is answered as a wrong password is, because a wait would tell that two names are one account."""
    return limits.hit([_account_key(user, login, address)], settings.RATE_AUTH) == [0]


def forgive_account(user: User, login: str, address: str) -> None:
    """The attempt that was just counted succeeded."""
    limits.forgive([_account_key(user, login, address)], settings.RATE_AUTH)


def spend_place(address: str) -> None:
    """Count one guess at a password or a code. Refuses `rate_limited`."""
    if address:
        limits.spend(settings.RATE_AUTH_ADDRESS, _place_key(address))


def forgive_place(address: str) -> None:
    """The one that was just counted was right."""
    if address:
        limits.forgive([_place_key(address)], settings.RATE_AUTH_ADDRESS)


def spend_password(user: User) -> None:
    """Count one attempt of somebody signed in to show their password again. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _password_key(user))


def forgive_password(user: User) -> None:
    """The attempt that was just counted succeeded."""
    limits.forgive([_password_key(user)], settings.RATE_AUTH)


def spend_code(email: str, address: str, *more: str) -> None:
    """Count one mail with a code, and one for each of `more` keys. Refuses `rate_limited`."""
    limits.spend(settings.RATE_OTP, _code_key(email, address), *more)


def seconds_until_code(email: str, address: str) -> int:
    """The seconds until another mail with a code may be asked for."""
    key = _code_key(email, address)
    (wait,) = limits.hit([key], settings.RATE_OTP)
    if not wait:
        limits.forgive([key], settings.RATE_OTP)
    return math.ceil(wait)


def account_key(login: str) -> str:
    """The account that a login names, whether it exists or not."""
    return email_key(login) if "@" in login else username_key(login.strip())


def _login_key(account: str, address: str) -> str:
    return f"auth:account:{_from(account, address)}"


def _place_key(address: str) -> str:
    return f"auth:address:{limit_key(address)}"


def _account_key(user: User | None, login: str, address: str) -> str:
    return f"auth:person:{user.pk if user else account_key(login)}{_known_place(login, address)}"


def _password_key(user: User) -> str:
    return f"auth:password:{user.pk}"


def _code_key(email: str, address: str) -> str:
    return f"code:{_from(email, address)}"


def _from(account: str, address: str) -> str:
    """The account, and the place if it has signed in from there before."""
    return account_key(account) + _known_place(account, address)


def _known_place(account: str, address: str) -> str:
    """`@` and the place where the account has signed in from there before, else nothing."""
    place = limit_key(address)
    sessions = Session.objects.filter(user__in=User.objects.by_login(account), address__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("address", flat=True)[:REMEMBERED]
    return f"@{place}" if place in (limit_key(one) for one in known if one) else ""
