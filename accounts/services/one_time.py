"""One-time secrets: codes sent by mail, and socket tickets."""

import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.keys import keyed_hash
from accounts.models import OneTime, Registration, Session, User
from accounts.typed_input import code_digits
from common.addresses import limit_key
from common.clock import now

CODE_LIFETIME = timedelta(minutes=10)
MAX_TRIES_PER_ADDRESS, MAX_TRIES = 5, 50
"""How many wrong codes one address, and all addresses together, may try."""
TRIES_LIFETIME = timedelta(minutes=15)
REPEATABLE_FOR = timedelta(minutes=1)
"""How long after its use a code may be sent again: it is the same request, whose response was lost."""
Owner = User | Registration | None


def make_code(purpose: OneTime.Purpose, owner: Owner, address: str) -> str:
    """The code of this person or registration at this address, valid for ten minutes from now. Without an owner a code
    is made too.

    It stays the same while it is valid or its wrong tries count: asking for a code in somebody else's name neither
    invalidates the one in their mailbox nor restores the tries.
    """
    with transaction.atomic():
        owner = _lock(owner)
        row = _unspent(purpose, owner, address)
        code = _code_of(row, address)
        row.address, row.secret_hash = address, code_hash(row, address, code)
        row.expires_at = now() + CODE_LIFETIME
        row.save()
    return code


def set_code_address(user: User, purpose: OneTime.Purpose, address: str) -> None:
    """Send codes for this purpose to this address from now on. The code that was sent before becomes invalid. In a
    transaction that has locked the person."""
    row = _unspent(purpose, user, address)
    row.address, row.secret_hash, row.expires_at = address, "", now()
    row.save()


def address_for(purpose: OneTime.Purpose, owner: User | Registration) -> str:
    """The address that codes for this purpose go to: the current one, or the one that is to replace it. Empty if there
    is none."""
    if purpose != OneTime.Purpose.CHANGE_EMAIL:
        return owner.email or ""
    return codes_of(owner, purpose).values_list("address", flat=True).first() or ""


def codes_of(owner: User | Registration, purpose: OneTime.Purpose) -> QuerySet[OneTime]:
    """Their unused code, if there is one."""
    return OneTime.objects.filter(**_owned(owner), purpose=purpose, used_at__isnull=True)


def _lock(owner: Owner) -> Owner:
    """The owner with the row locked; None if a registration no longer exists: its code then has no owner."""
    if isinstance(owner, Registration):
        return Registration.objects.select_for_update().filter(id=owner.id).first()
    return User.objects.lock(owner) if owner else None


def _owned(owner: Owner) -> dict[str, Any]:
    if isinstance(owner, Registration):
        return {"registration": owner}
    return {"user": owner} if owner else {"user": None, "registration": None}


def _unspent(purpose: OneTime.Purpose, owner: Owner, address: str) -> OneTime:
    """The owner's row for this purpose, locked; created if there is none. Old tries are forgotten together with an
    expired code."""
    moment = now()
    key = {**_owned(owner), **({} if owner else {"address": address})}
    defaults = {"address": address, "created_at": moment, "expires_at": moment}
    rows = OneTime.objects.select_for_update()
    row, _ = rows.get_or_create(purpose=purpose, used_at=None, **key, defaults=defaults)
    if row.created_at <= moment - TRIES_LIFETIME and row.expires_at <= moment:
        row.tries, row.places, row.created_at = 0, {}, moment
    return row


@transaction.atomic
def find_code(rows: QuerySet[OneTime], code: str, *, address: str) -> OneTime | None:
    """The row that this code belongs to, if it is unused or was used a moment ago.

    The try is counted before the code is compared, so that parallel requests get no additional tries. Rows for which
    this address, or all addresses together, have no try left are skipped. Call it before the action's transaction: a
    refusal must not undo the count.
    """
    moment = now()
    is_valid = Q(used_at__isnull=True, expires_at__gt=moment) | Q(used_at__gt=moment - REPEATABLE_FOR)
    place = keyed_hash("place", limit_key(address))[:16]
    candidates = rows.filter(is_valid).select_for_update().order_by("id")
    tried = [row for row in candidates if _count_try(row, place)]
    return next((row for row in tried if hmac.compare_digest(row.secret_hash, code_hash(row, row.address, code))), None)


def _count_try(row: OneTime, place: str) -> bool:
    before = row.places.get(place, 0)
    if row.tries >= MAX_TRIES or before >= MAX_TRIES_PER_ADDRESS:
        return False
    row.tries, row.places[place] = row.tries + 1, before + 1
    row.save(update_fields=["tries", "places"])
    return True


def use_code(row: OneTime, **fields: Any) -> bool:
    """Mark a code as used and set these fields. Of any number of concurrent calls exactly one returns True."""
    return _unused(OneTime.objects.filter(id=row.id)).update(used_at=now(), **fields) == 1


def reset_tries(owner: User | Registration, purpose: OneTime.Purpose) -> None:
    """Restore the tries of their code for this purpose. The next code will be a different one."""
    codes_of(owner, purpose).update(tries=0, places={}, created_at=now())


def _code_of(row: OneTime, address: str) -> str:
    """The code, derived with this installation's key. It changes whenever `created_at` does."""
    made = keyed_hash("code", row.purpose, row.id.hex, address, row.created_at.isoformat())
    return f"{int(made, 16) % 10**6:06}"


def code_hash(row: OneTime, address: str, code: str) -> str:
    """The stored hash of a code, bound to its purpose, owner and address."""
    return keyed_hash("one-time", row.purpose, row.owner_id.hex, address, code_digits(code))


def make_ticket(session: Session, lifetime: timedelta) -> str:
    """A new ticket for this session. The person's expired tickets are deleted."""
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


def use_ticket(ticket: str) -> OneTime | None:
    """Mark a ticket as used. Of any number of concurrent calls exactly one gets the row, the others None."""
    found = _unused(OneTime.objects.filter(purpose=OneTime.Purpose.SOCKET_TICKET, secret_hash=ticket_hash(ticket)))
    row = found.first()
    return row if row and use_code(row) else None


def ticket_hash(ticket: str) -> str:
    """The stored hash of a ticket."""
    return keyed_hash("one-time", OneTime.Purpose.SOCKET_TICKET, ticket)


def _unused(rows: QuerySet[OneTime]) -> QuerySet[OneTime]:
    return rows.filter(used_at__isnull=True, expires_at__gt=now())
