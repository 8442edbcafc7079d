"""Limits for signing in, registering and codes, per account and per client address. Unknown accounts are limited too,
so that a limit does not reveal whether an account exists.

All addresses share one budget per account, whichever of its names they use. An address that the account has signed in
from before has a separate budget, so that nobody can lock out the owner. Successful attempts do not count. Codes have
their own tries (`one_time`); here they only count towards the budget of the address.

An address may be a school, so its budgets (`RATE_AUTH_ADDRESS`) are large enough for a class: one for guesses at
passwords and codes, and one for registrations and requests for a code.
"""

import math

from django.conf import settings

from accounts.models import Session, User
from accounts.names import email_key, username_key
from common import limits
from common.addresses import limit_key

KNOWN_SESSIONS = 50
"""How many of the latest sessions of an account count for its known addresses."""


def spend_sign_in(account: str, address: str) -> None:
    """Count one attempt to sign in. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _login_key(account, address))
    spend_guess(address)


def forgive_sign_in(account: str, address: str) -> None:
    """Take back the attempt that was just counted: it succeeded."""
    limits.forgive([_login_key(account, address)], settings.RATE_AUTH)
    forgive_guess(address)


def spend_request(email: str, address: str) -> None:
    """Count one registration or one request for a code. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _login_key(email, address))
    if address:
        limits.spend(settings.RATE_AUTH_ADDRESS, f"auth:asking:{limit_key(address)}")


def spend_account(user: User | None, login: str, address: str) -> bool:
    """Count one attempt to sign in to an account, whichever of its names was given. Returns False if none is left. The
    response is then the same as for a wrong password: a waiting time would reveal that two names are one account."""
    return limits.hit([_account_key(user, login, address)], settings.RATE_AUTH) == [0]


def forgive_account(user: User, login: str, address: str) -> None:
    """Take back the attempt that was just counted: it succeeded."""
    limits.forgive([_account_key(user, login, address)], settings.RATE_AUTH)


def spend_guess(address: str) -> None:
    """Count one guess at a password or a code. Refuses `rate_limited`."""
    if address:
        limits.spend(settings.RATE_AUTH_ADDRESS, _address_key(address))


def forgive_guess(address: str) -> None:
    """Take back the guess that was just counted: it was right."""
    if address:
        limits.forgive([_address_key(address)], settings.RATE_AUTH_ADDRESS)


def spend_password(user: User) -> None:
    """Count one attempt of a signed-in person to enter their password again. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, _password_key(user))


def forgive_password(user: User) -> None:
    """Take back the attempt that was just counted: it succeeded."""
    limits.forgive([_password_key(user)], settings.RATE_AUTH)


def spend_code(email: str, address: str, *other_keys: str) -> None:
    """Count one mail with a code, also for each of `other_keys`. Refuses `rate_limited`."""
    limits.spend(settings.RATE_OTP, _code_key(email, address), *other_keys)


def seconds_until_code(email: str, address: str) -> int:
    """The seconds until another mail with a code may be requested."""
    key = _code_key(email, address)
    (wait,) = limits.hit([key], settings.RATE_OTP)
    if not wait:
        limits.forgive([key], settings.RATE_OTP)
    return math.ceil(wait)


def account_key(login: str) -> str:
    """The key of the account that a login names, whether it exists or not."""
    return email_key(login) if "@" in login else username_key(login.strip())


def _login_key(account: str, address: str) -> str:
    return f"auth:account:{_account_and_address(account, address)}"


def _address_key(address: str) -> str:
    return f"auth:address:{limit_key(address)}"


def _account_key(user: User | None, login: str, address: str) -> str:
    return f"auth:person:{user.pk if user else account_key(login)}{_known_address(login, address)}"


def _password_key(user: User) -> str:
    return f"auth:password:{user.pk}"


def _code_key(email: str, address: str) -> str:
    return f"code:{_account_and_address(email, address)}"


def _account_and_address(account: str, address: str) -> str:
    """The key of the account, with the address if it has signed in from there before."""
    return account_key(account) + _known_address(account, address)


def _known_address(account: str, address: str) -> str:
    """`@` and the address's key if the account has signed in from there before, else an empty string."""
    key = limit_key(address)
    sessions = Session.objects.filter(user__in=User.objects.by_login(account), address__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("address", flat=True)[:KNOWN_SESSIONS]
    return f"@{key}" if key in map(limit_key, filter(None, known)) else ""
