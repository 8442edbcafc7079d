"""Mails to people. A code is made when its mail is written, so that only its hash is ever in the database."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import mail
from accounts.models import OneTime, Registration, User
from accounts.names import email_key
from accounts.services import one_time
from common.tasks import task

KNOWN_EMAIL = "known_email"
PASSWORD_CHANGED = "password_changed"
EMAIL_CHANGING, EMAIL_CHANGED = "email_changing", "email_changed"
DELETION_REQUESTED, DELETION_CANCELLED = "deletion_requested", "deletion_cancelled"


def send_code(
    purpose: OneTime.Purpose, owner: User | Registration | None, address: str, *, is_again: bool = False
) -> None:
    """Send the code for this purpose. If the address belongs to somebody else, they get a notice instead, but not when
    the code is sent again. Without an owner nothing is sent, but it takes the same time."""
    _send(purpose, owner, address, is_again)


def send_notice(user: User, notice: str) -> None:
    """Send a notice to the person's current address, after the transaction."""
    _send(notice, user, user.email)


def _send(kind: str, owner: User | Registration | None, address: str | None, is_again: bool = False) -> None:
    """If mails are written to files, write it after the transaction, before the response. Otherwise enqueue a task,
    also if there is no owner: no response waits for a mail server, and none reveals whether an account exists."""
    owner_id = str(owner.id) if owner else None
    if settings.EMAIL_FILE_PATH:
        transaction.on_commit(lambda: write_mail(kind, owner_id, address, is_again))
    else:
        send_mail.enqueue(kind, owner_id, address, is_again)


@task
def send_mail(kind: str, owner_id: str | None, address: str | None, is_again: bool = False) -> None:
    """Write and send a mail. Safe to repeat: the code stays the same."""
    write_mail(kind, owner_id, address, is_again)


def write_mail(kind: str, owner_id: str | None, address: str | None, is_again: bool = False) -> None:
    """Write a mail of this kind and hand it to the mail server. `owner_id` is the ID of a user, or of a registration if
    the mail is to confirm its address. A code is made here, for the address that codes for its purpose go to; a notice
    goes to `address`."""
    owner = _owner(kind, owner_id)
    if kind in OneTime.Purpose.values:
        _write_code(OneTime.Purpose(kind), owner, address or "", is_again)
    elif owner and address:
        mail.send(address, kind, {"user": owner})


def _owner(kind: str, owner_id: str | None) -> User | Registration | None:
    if owner_id is None:
        return None
    if kind == OneTime.Purpose.VERIFY_EMAIL:
        return Registration.objects.filter(id=UUID(owner_id)).first()
    found: User | None = User.objects.filter(id=UUID(owner_id)).first()
    return found


def _write_code(purpose: OneTime.Purpose, owner: User | Registration | None, address: str, is_again: bool) -> None:
    """Does the same work without an owner, and for an address that belongs to somebody else: the time it takes must not
    reveal which it was."""
    address = (one_time.address_for(purpose, owner) if owner else email_key(address)) or ""
    if not address:
        return
    code = one_time.make_code(purpose, owner, address)
    known = User.objects.filter(email=address).first()
    is_owned = owner is not None and known is not None and known != owner
    if owner is None or (is_owned and is_again):
        mail.send_to_nobody(purpose, _context(User(username="nobody"), code))
    elif is_owned:
        mail.send(address, KNOWN_EMAIL, {"user": known})
    else:
        mail.send(address, purpose, _context(owner, code))


def _context(owner: User | Registration, code: str) -> dict[str, Any]:
    minutes = int(one_time.CODE_LIFETIME.total_seconds() // 60)
    return {"user": owner, "code": code, "minutes": minutes}
