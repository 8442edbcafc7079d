"""Codes by mail, asked for by somebody who is not signed in: the answer never tells whether anybody gets one."""

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import OneTime, User
from accounts.names import email_key
from accounts.services import limiting, mails, one_time
from accounts.services.suspension import refuse_unreached
from accounts.typed import code_digits
from chatproject.common import audit
from chatproject.common.errors import Refusal, not_found
from chatproject.common.limited import limited

Purpose = OneTime.Purpose
MAILS = 10
"""Codes that one request sends at most: an address that many accounts ask for is somebody's who asked for nothing."""


def resend_code(*, email: str, purpose: str, address: str = "") -> None:
    """Send a new code to whoever waits for one at this address, each in a mail of their own; the answer is the same if
    nobody does. Refuses `rate_limited`."""
    limiting.spend_sign_in(email, address)
    limiting.spend_code(email, address)
    waiting: list[User | None] = [*_waiting_for(email, purpose)]
    for user in waiting or [None]:
        mails.send_code(user, Purpose(purpose))


def resend_code_as_operator(*, email: str, purpose: str) -> None:
    """Send a new code, with all its tries, whatever the limits say. Refuses `not_found` when nobody waits for one."""
    waiting = _waiting_for(email, purpose)
    if not waiting:
        raise not_found()
    for user in waiting:
        _send_again(None, user, Purpose(purpose), "")


@limited("RATE_STAFF")
def resend_code_to(operator: User, user: User, *, purpose: str, reason: str = "") -> None:
    """The same for one person, wherever their codes for this purpose go. Refuses `conflict` when they wait for none,
    `invalid` for oneself, and `permission_denied` for somebody not below the operator."""
    refuse_unreached(operator, user)
    address = one_time.address_for(user, Purpose(purpose))
    if not address or user not in _waiting_for(address, purpose):
        raise Refusal("conflict", "They wait for no code for this purpose.")
    _send_again(operator, user, Purpose(purpose), reason)


@transaction.atomic
def _send_again(operator: User | None, user: User, purpose: OneTime.Purpose, reason: str) -> None:
    one_time.forgive_tries(user, purpose)
    mails.send_code(user, purpose)
    actor_id = operator.id if operator else None
    about = "person.resend_code"
    audit.record(about, actor_id=actor_id, subject="person", subject_id=user.id, reason=reason, purpose=purpose)


def person_of_code(user: User | None, purpose: OneTime.Purpose) -> User:
    """The person who shows a code, the try counted. Refuses `code_invalid` when there is nobody or no try left. Call it
    before the deed's transaction: its rollback must not give the try back."""
    if user is None or not one_time.count_try(user, purpose):
        raise Refusal("code_invalid")
    return user


def use_code(user: User, purpose: OneTime.Purpose, code: str) -> str:
    """Use up the code of a person whose row is locked. Returns the address it went to. Refuses `code_invalid`."""
    address = one_time.address_for(user, purpose)
    if not address or not one_time.consume(purpose, one_time.code_hash(user, purpose, address, code_digits(code))):
        raise Refusal("code_invalid")
    return address


def _waiting_for(email: str, purpose: str) -> list[User]:
    """Who gets a code for this purpose at this address: to confirm it, to make it theirs, which several may want (of
    many, those who asked last), or to set a password."""
    people: QuerySet[User] = User.objects.filter(erased_at__isnull=True)
    owners = people.filter(email=email_key(email), email_verified_at__isnull=False)
    if purpose == Purpose.CHANGE_EMAIL:
        asked = OneTime.objects.filter(purpose=purpose, address=email_key(email), used_at__isnull=True)
        wanting = people.filter(id__in=asked.order_by("-expires_at").values("user")[:MAILS])
        return [] if owners.exists() else list(wanting)
    if purpose == Purpose.RESET_PASSWORD:
        return list(owners)
    return list(people.filter(email=email_key(email), email_verified_at__isnull=True))
