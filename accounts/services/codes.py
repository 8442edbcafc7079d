"""Codes by mail, asked for by somebody who is not signed in: the answer never tells whether anybody gets one."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import OneTime, Registration, User
from accounts.names import email_key
from accounts.services import limiting, mails, one_time
from accounts.services.suspension import refuse_unreached
from chatproject.common import audit
from chatproject.common.errors import Refusal, not_found
from chatproject.common.limited import limited

Purpose = OneTime.Purpose
MAILS = 10
"""Codes that one request sends at most: an address that many accounts ask for is somebody's who asked for nothing."""


def resend_code(*, email: str, purpose: str, registration_id: UUID | None = None, address: str = "") -> None:
    """Send the code again to whoever waits for one at this address, or for this registration, each in a mail of their
    own; a new one where it is no longer out. The answer is the same if nobody waits. Refuses `rate_limited`."""
    limiting.spend_asking(email, address)
    limiting.spend_code(email, address)
    waiting: list[User | Registration | None] = [*_waiting_for(email, Purpose(purpose))]
    if registration_id:
        waiting = [one for one in waiting if one and one.id == registration_id]
    for one in waiting or [None]:
        mails.send_code(Purpose(purpose), one, email, is_again=True)


def send_again(registration: Registration) -> None:
    """Send the code of a registration again."""
    mails.send_code(Purpose.VERIFY_EMAIL, registration, registration.email, is_again=True)


def resend_code_as_operator(*, email: str, purpose: str) -> None:
    """Send a new code, with all its tries, whatever the limits say. Refuses `not_found` when nobody waits for one."""
    waiting = _waiting_for(email, Purpose(purpose))
    if not waiting or (purpose != Purpose.RESET_PASSWORD and _owners(email).exists()):
        raise not_found()
    for one in waiting:
        _send_again(None, one, Purpose(purpose), "")


@limited("RATE_STAFF")
def resend_code_to(operator: User, owner: User | Registration, *, purpose: str, reason: str = "") -> None:
    """The same for one person or registration, wherever their codes for this purpose go. Refuses `conflict` when they
    wait for none, `invalid` for oneself, and `permission_denied` for somebody not below the operator."""
    if isinstance(owner, User):
        refuse_unreached(operator, owner)
    address = one_time.address_for(Purpose(purpose), owner)
    if not address or owner not in _waiting_for(address, Purpose(purpose)):
        raise Refusal("conflict", "They wait for no code for this purpose.")
    _send_again(operator, owner, Purpose(purpose), reason)


@transaction.atomic
def _send_again(operator: User | None, owner: User | Registration, purpose: OneTime.Purpose, reason: str) -> None:
    one_time.forgive_tries(owner, purpose)
    mails.send_code(purpose, owner, owner.email or "")
    actor_id = operator.id if operator else None
    about = "person.resend_code"
    audit.record(about, actor_id=actor_id, subject="person", subject_id=owner.id, reason=reason, purpose=purpose)


def show_code(rows: QuerySet[OneTime], code: str, *, address: str) -> OneTime:
    """The one of these rows whose code this is, the try counted. Refuses `code_invalid`. Call it before the deed's
    transaction: its rollback must not give the try back."""
    row = one_time.find_code(rows, code, address=address)
    if row is None:
        raise Refusal("code_invalid")
    return row


def _owners(email: str) -> QuerySet[User]:
    owners: QuerySet[User] = User.objects.filter(email=email_key(email))
    return owners


def _waiting_for(email: str, purpose: OneTime.Purpose) -> list[User] | list[Registration]:
    """Who asked for a code for this purpose at this address, of many those who asked last: to set a password, to
    confirm it, or to make it theirs, which several may want."""
    if purpose == Purpose.RESET_PASSWORD:
        return list(_owners(email))
    if purpose == Purpose.VERIFY_EMAIL:
        return list(Registration.objects.filter(email=email_key(email)).order_by("-created_at")[:MAILS])
    asked = OneTime.objects.filter(purpose=purpose, address=email_key(email), used_at__isnull=True, user__isnull=False)
    return list(User.objects.filter(id__in=asked.order_by("-expires_at").values("user")[:MAILS]))
