"""How often somebody may try: by account and by address, known or not, so that the limit tells nothing.

Strangers share one budget per account, however many addresses they come from. Where the account has signed in before
it has a budget of its own, so that nobody locks its owner out. What succeeds does not count.
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
    """Count one attempt of login, registration or confirmation. Refuses `rate_limited`."""
    limits.spend(settings.RATE_AUTH, *_sign_in_keys(account, address))


def forgive_sign_in(account: str, address: str) -> None:
    """The attempt that was just counted succeeded."""
    limits.forgive(_sign_in_keys(account, address), settings.RATE_AUTH)


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


def _sign_in_keys(account: str, address: str) -> list[str]:
    keys = [f"auth:account:{_from(account, address)}"]
    return [*keys, f"auth:address:{limit_key(address)}"] if address else keys


def _password_key(user: User) -> str:
    return f"auth:password:{user.pk}"


def _code_key(email: str, address: str) -> str:
    return f"code:{_from(email, address)}"


def _from(account: str, address: str) -> str:
    """The account, and the place if it has signed in from there before."""
    place = limit_key(address)
    sessions = Session.objects.filter(user__in=User.objects.by_login(account), address__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("address", flat=True)[:REMEMBERED]
    is_known = place in (limit_key(one) for one in known if one)
    return f"{account_key(account)}@{place}" if is_known else account_key(account)
