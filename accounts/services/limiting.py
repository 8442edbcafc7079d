"""How often somebody may try: by account and by address, known or not, so that the limit tells nothing."""

import math

from django.conf import settings

from accounts.names import email_key, username_key
from chatproject.common import limits
from chatproject.common.addresses import limit_key


def spend_sign_in(account: str, address: str) -> None:
    """Count one attempt of login, registration or verification. Refuses `rate_limited`."""
    keys = [f"auth:account:{account_key(account)}"]
    if address:
        keys.append(f"auth:address:{limit_key(address)}")
    limits.spend(settings.RATE_AUTH, *keys)


def spend_code(email: str) -> None:
    """Count one mail with a code. Refuses `rate_limited`."""
    limits.spend(settings.RATE_OTP, _code_key(email))


def seconds_until_code(email: str) -> int:
    """The seconds until another mail with a code may be asked for."""
    key = _code_key(email)
    (wait,) = limits.hit([key], settings.RATE_OTP)
    if not wait:
        limits.forgive([key], settings.RATE_OTP)
    return math.ceil(wait)


def account_key(login: str) -> str:
    """The account that a login names, whether it exists or not."""
    return email_key(login) if "@" in login else username_key(login)


def _code_key(email: str) -> str:
    return f"code:{email_key(email)}"
