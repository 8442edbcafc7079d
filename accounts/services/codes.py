"""Codes sent by mail to somebody who is not signed in. The response never reveals whether a mail is sent."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import OneTime, Registration, User
from accounts.names import email_key
from accounts.services import limiting, mails, one_time
from accounts.services.suspension import refuse_self_and_superiors
from common import audit
from common.action_limits import limited
from common.errors import Refusal, not_found

Purpose = OneTime.Purpose
MAX_MAILS = 10
"""The most codes that one request sends: an address that many accounts name probably belongs to somebody else."""


def resend_code(*, email: str, purpose: str, registration_id: UUID | None = None, address: str = "") -> None:
    """Send the code again to everybody waiting for one at this address, or only for this registration, each in a
    separate mail; an expired code is replaced. The response is the same if nobody is waiting. Refuses
    `rate_limited`."""
    limiting.spend_request(email, address)
    limiting.spend_code(email, address)
    waiting: list[User | Registration | None] = [*_waiting_for(email, Purpose(purpose))]
    if registration_id:
        waiting = [owner for owner in waiting if owner and owner.id == registration_id]
    for owner in waiting or [None]:
        mails.send_code(Purpose(purpose), owner, email, is_again=True)


def resend_registration_code(registration: Registration) -> None:
    """Send the code of a registration again."""
    mails.send_code(Purpose.VERIFY_EMAIL, registration, registration.email, is_again=True)


def resend_code_as_operator(*, email: str, purpose: str) -> None:
    """Send a new code, with all its tries, ignoring the limits. Refuses `not_found` if nobody is waiting for one."""
    waiting = _waiting_for(email, Purpose(purpose))
    if not waiting or (purpose != Purpose.RESET_PASSWORD and _owners(email).exists()):
        raise not_found()
    for owner in waiting:
        _send_new_code(None, owner, Purpose(purpose), "")


@limited("RATE_STAFF")
def resend_code_to(operator: User, owner: User | Registration, *, purpose: str, reason: str = "") -> None:
    """Send a new code to one person or registration, at the address that their codes for this purpose go to. Refuses
    `conflict` if they are not waiting for one, `invalid` for yourself, and `permission_denied` for somebody whom the
    operator does not outrank."""
    if isinstance(owner, User):
        refuse_self_and_superiors(operator, owner)
    address = one_time.address_for(Purpose(purpose), owner)
    if not address or owner not in _waiting_for(address, Purpose(purpose)):
        raise Refusal("conflict", "This person is not waiting for a code for this purpose.")
    _send_new_code(operator, owner, Purpose(purpose), reason)


@transaction.atomic
def _send_new_code(operator: User | None, owner: User | Registration, purpose: OneTime.Purpose, reason: str) -> None:
    one_time.reset_tries(owner, purpose)
    mails.send_code(purpose, owner, owner.email or "")
    actor_id = operator.id if operator else None
    audit.record(
        "person.resend_code",
        actor_id=actor_id,
        subject="person",
        subject_id=owner.id,
        reason=reason,
        purpose=purpose,
    )


def check_code(rows: QuerySet[OneTime], code: str, *, address: str) -> OneTime:
    """The row that this code belongs to; the try is counted. Refuses `code_invalid`. Call it before the action's
    transaction: a rollback must not undo the count."""
    row = one_time.find_code(rows, code, address=address)
    if row is None:
        raise Refusal("code_invalid")
    return row


def _owners(email: str) -> QuerySet[User]:
    owners: QuerySet[User] = User.objects.filter(email=email_key(email))
    return owners


def _waiting_for(email: str, purpose: OneTime.Purpose) -> list[User] | list[Registration]:
    """Everybody who asked for a code for this purpose at this address (if there are many, the latest): to set a
    password, to confirm the address, or to change to it, which several people may have asked for."""
    if purpose == Purpose.RESET_PASSWORD:
        return list(_owners(email))
    if purpose == Purpose.VERIFY_EMAIL:
        return list(Registration.objects.filter(email=email_key(email)).order_by("-created_at")[:MAX_MAILS])
    asked = OneTime.objects.filter(purpose=purpose, address=email_key(email), used_at__isnull=True, user__isnull=False)
    return list(User.objects.filter(id__in=asked.order_by("-expires_at").values("user")[:MAX_MAILS]))
