"""Things that work once: codes from mails, socket tickets."""

import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.keys import keyed_hash
from accounts.models import OneTime, Registration, Session, User
from accounts.typed import code_digits
from chatproject.common.addresses import limit_key
from chatproject.common.clock import now

CODE_LIFETIME = timedelta(minutes=10)
TRIES_PER_PLACE, TRIES = 5, 50
"""How often one place, and all places together, may show a code that is not the right one."""
TRIES_COUNT_FOR = timedelta(minutes=15)
SAME_ANSWER_FOR = timedelta(minutes=1)
"""So long after its use a code that is shown again is the same request: its answer was lost."""
Owner = User | Registration | None


def make_code(purpose: OneTime.Purpose, owner: Owner, address: str) -> str:
    """The code of this person or registration at this address, good for ten minutes from now. Nobody's is made as well.

    It is the same one while it is out, or its wrong tries count: whoever asks for it in somebody's name ends nothing
    that lies in their mailbox, and restores no tries.
    """
    with transaction.atomic():
        owner = _lock(owner)
        row = _unspent(purpose, owner, address)
        code = _code_of(row, address)
        row.address, row.secret_hash = address, code_hash(row, address, code)
        row.expires_at = now() + CODE_LIFETIME
        row.save()
    return code


def send_to(user: User, purpose: OneTime.Purpose, address: str) -> None:
    """From now on codes for this purpose go to this address. The code that was sent serves no more. In a transaction
    that has locked the person."""
    row = _unspent(purpose, user, address)
    row.address, row.secret_hash, row.expires_at = address, "", now()
    row.save()


def address_for(purpose: OneTime.Purpose, owner: User | Registration) -> str:
    """Where a code for this purpose goes: to their address, or to the one that is to become it. Empty when there is
    none."""
    if purpose != OneTime.Purpose.CHANGE_EMAIL:
        return owner.email or ""
    return codes_of(owner, purpose).values_list("address", flat=True).first() or ""


def codes_of(owner: User | Registration, purpose: OneTime.Purpose) -> QuerySet[OneTime]:
    """The code of theirs that was not used, if there is one."""
    return OneTime.objects.filter(**_owned(owner), purpose=purpose, used_at__isnull=True)


def _lock(owner: Owner) -> Owner:
    """Them, locked; None where a registration is gone by now: its code is nobody's."""
    if isinstance(owner, Registration):
        return Registration.objects.select_for_update().filter(id=owner.id).first()
    return User.objects.lock(owner) if owner else None


def _owned(owner: Owner) -> dict[str, Any]:
    if isinstance(owner, Registration):
        return {"registration": owner}
    return {"user": owner} if owner else {"user": None, "registration": None}


def _unspent(purpose: OneTime.Purpose, owner: Owner, address: str) -> OneTime:
    """Their row for this purpose, locked; made if there is none. Tries that are long past are forgotten, and with them
    a code that is no longer out."""
    moment = now()
    own = {**_owned(owner), **({} if owner else {"address": address})}
    fresh = {"address": address, "created_at": moment, "expires_at": moment}
    rows = OneTime.objects.select_for_update()
    row, _ = rows.get_or_create(purpose=purpose, used_at=None, **own, defaults=fresh)
    if row.created_at <= moment - TRIES_COUNT_FOR and row.expires_at <= moment:
        row.tries, row.places, row.created_at = 0, {}, moment
    return row


@transaction.atomic
def find_code(rows: QuerySet[OneTime], code: str, *, address: str) -> OneTime | None:
    """The one of these rows whose code this is: unused, or used a moment ago.

    The try is counted before looking whether it is right, so that no number of parallel ones is more than five. Rows
    for which this place, or all places together, have no try left are not looked at. A refusal must not undo it: call
    it before the deed's transaction.
    """
    moment = now()
    is_valid = Q(used_at__isnull=True, expires_at__gt=moment) | Q(used_at__gt=moment - SAME_ANSWER_FOR)
    place = keyed_hash("place", limit_key(address))[:16]
    candidates = rows.filter(is_valid).select_for_update().order_by("id")
    shown = [row for row in candidates if _count_try(row, place)]
    return next((row for row in shown if hmac.compare_digest(row.secret_hash, code_hash(row, row.address, code))), None)


def _count_try(row: OneTime, place: str) -> bool:
    before = row.places.get(place, 0)
    if row.tries >= TRIES or before >= TRIES_PER_PLACE:
        return False
    row.tries, row.places[place] = row.tries + 1, before + 1
    row.save(update_fields=["tries", "places"])
    return True


def use_code(row: OneTime, **then: Any) -> bool:
    """Use it up, and set these fields of it. Of any number of callers at once exactly one is told True."""
    return _unused(OneTime.objects.filter(id=row.id)).update(used_at=now(), **then) == 1


def forgive_tries(owner: User | Registration, purpose: OneTime.Purpose) -> None:
    """Restore the tries of their code for this purpose; the next is another one."""
    codes_of(owner, purpose).update(tries=0, places={}, created_at=now())


def _code_of(row: OneTime, address: str) -> str:
    """Nobody knows it without the key of this installation, and it is another one after `created_at` has changed."""
    made = keyed_hash("code", row.purpose, row.id.hex, address, row.created_at.isoformat())
    return f"{int(made, 16) % 10**6:06}"


def code_hash(row: OneTime, address: str, code: str) -> str:
    """What is kept of a code: it serves no other purpose, owner or address."""
    return keyed_hash("one-time", row.purpose, row.owner_id.hex, address, code_digits(code))


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


def use_ticket(ticket: str) -> OneTime | None:
    """Use it up. Of any number of callers at once exactly one gets the row, the others None."""
    found = _unused(OneTime.objects.filter(purpose=OneTime.Purpose.SOCKET_TICKET, secret_hash=ticket_hash(ticket)))
    row = found.first()
    return row if row and use_code(row) else None


def ticket_hash(ticket: str) -> str:
    """What is kept of a ticket."""
    return keyed_hash("one-time", OneTime.Purpose.SOCKET_TICKET, ticket)


def _unused(rows: QuerySet[OneTime]) -> QuerySet[OneTime]:
    return rows.filter(used_at__isnull=True, expires_at__gt=now())
