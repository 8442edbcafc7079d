"""Things that work once: codes from mails, socket tickets."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, F, IntegerField, QuerySet, Value, When

from accounts.keys import keyed_hash
from accounts.models import OneTime, Session, User
from chatproject.common.clock import now

CODE_LIFETIME = timedelta(minutes=10)
CODE_TRIES = 5
TRIES_COUNT_FOR = timedelta(minutes=15)


def make_code(user: User, purpose: OneTime.Purpose) -> tuple[str, str]:
    """The address to which this purpose sends a code, and a new code for it; the one before ends.

    Wrong tries count on: asking for another code within 15 minutes of the first try's code does not restore them.
    """
    code = f"{secrets.randbelow(10**6):06}"
    with transaction.atomic():
        user = User.objects.lock(user)  # of two codes made at once the later one counts
        address = address_for(user, purpose)
        fresh = {
            "address": address,
            "secret_hash": code_hash(user, purpose, address, code),
            "expires_at": now() + CODE_LIFETIME,
        }
        _renew(user, purpose, fresh)
    return address, code


def send_to(user: User, purpose: OneTime.Purpose, address: str) -> None:
    """From now on codes for this purpose go to this address. The code that was sent serves no more. In a transaction
    that has locked the person."""
    _renew(user, purpose, {"address": address, "secret_hash": "", "expires_at": now()})


def address_for(user: User, purpose: OneTime.Purpose) -> str:
    """Where a code for this purpose goes: to the person's address, or to the one that is to become it. Empty when
    there is none."""
    if purpose != OneTime.Purpose.CHANGE_EMAIL:
        return user.email or ""
    return _unspent(user, purpose).values_list("address", flat=True).first() or ""


def _unspent(user: User, purpose: OneTime.Purpose) -> QuerySet[OneTime]:
    return OneTime.objects.filter(user=user, purpose=purpose, used_at__isnull=True)


def _renew(user: User, purpose: OneTime.Purpose, fresh: dict[str, Any]) -> None:
    moment = now()
    if not _unspent(user, purpose).update(**fresh, **_counting_on(moment)):
        OneTime.objects.create(user=user, purpose=purpose, created_at=moment, **fresh)


def _counting_on(moment: datetime) -> dict[str, Case]:
    over = When(created_at__lte=moment - TRIES_COUNT_FOR, then=Value(0))
    begun = When(created_at__lte=moment - TRIES_COUNT_FOR, then=Value(moment))
    return {
        "tries": Case(over, default=F("tries"), output_field=IntegerField()),
        "created_at": Case(begun, default=F("created_at"), output_field=DateTimeField()),
    }


def count_try(user: User, purpose: OneTime.Purpose) -> bool:
    """Count a try before looking whether it is right, so that no number of parallel ones is more than five.

    False when the tries are used up. Call it before the deed's transaction: a refusal must not undo it.
    """
    return _unspent(user, purpose).filter(tries__lt=CODE_TRIES).update(tries=F("tries") + 1) == 1


def end_code(user: User, purpose: OneTime.Purpose) -> None:
    """The code that was sent serves no more; its tries count on."""
    _unspent(user, purpose).update(expires_at=now())


def forgive_tries(user: User, purpose: OneTime.Purpose) -> None:
    """Restore the tries of the code for this purpose."""
    _unspent(user, purpose).update(tries=0)


def code_hash(user: User, purpose: OneTime.Purpose, address: str, code: str) -> str:
    """What is kept of a code: it serves no other purpose, person or address."""
    return keyed_hash("one-time", purpose, user.id.hex, address, code)


def make_ticket(session: Session, lifetime: timedelta) -> str:
    """A new ticket, bound to the session; those of the same person that ran out are forgotten."""
    ticket = secrets.token_urlsafe(32)
    moment = now()
    purpose = OneTime.Purpose.SOCKET_TICKET
    OneTime.objects.filter(user=session.user_id, purpose=purpose, expires_at__lt=moment).delete()
    OneTime.objects.create(
        purpose=purpose,
        user_id=session.user_id,
        session=session,
        secret_hash=ticket_hash(ticket),
        expires_at=moment + lifetime,
    )
    return ticket


def ticket_hash(ticket: str) -> str:
    """What is kept of a ticket."""
    return keyed_hash("one-time", OneTime.Purpose.SOCKET_TICKET, ticket)


def consume(purpose: OneTime.Purpose, secret_hash: str) -> OneTime | None:
    """Use it up. Of any number of callers at once exactly one gets the row, the others None."""
    moment = now()
    unused = OneTime.objects.filter(
        purpose=purpose, secret_hash=secret_hash, used_at__isnull=True, expires_at__gt=moment
    )
    found = unused.select_related("user", "session").first()
    return found if found and unused.filter(id=found.id).update(used_at=moment) else None
