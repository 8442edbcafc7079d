"""Mails to people. A code is made where its mail is written, so nothing but its hash ever lies in the database."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import mail
from accounts.models import OneTime, User
from accounts.services import one_time
from chatproject.common.tasks import task

KNOWN_EMAIL = "known_email"
PASSWORD_CHANGED = "password_changed"
EMAIL_CHANGING, EMAIL_CHANGED = "email_changing", "email_changed"
DELETION_REQUESTED, DELETION_CANCELLED = "deletion_requested", "deletion_cancelled"


def send_code(user: User | None, purpose: OneTime.Purpose) -> None:
    """Send a new code for this purpose. For nobody, or who has no address: nothing, in the same time."""
    _send(purpose, user)


def send_notice(user: User, notice: str) -> None:
    """Send the notice of this name to the person's address of this moment, after the transaction."""
    _send(notice, user, user.email)


def _send(kind: str, user: User | None, address: str | None = None) -> None:
    """Where mails are files it is written after the transaction and before the answer; otherwise a task sends it,
    enqueued in the transaction, also for nobody: no answer waits for a mail server, and none tells who is known."""
    user_id = str(user.id) if user else None
    if settings.EMAIL_FILE_PATH:
        transaction.on_commit(lambda: write_mail(kind, user_id, address))
    else:
        send_mail.enqueue(kind, user_id, address)


@task
def send_mail(kind: str, user_id: str | None, address: str | None) -> None:
    """Write and send a mail. Repeating it is harmless: a new code ends the one before."""
    write_mail(kind, user_id, address)


def write_mail(kind: str, user_id: str | None, address: str | None) -> None:
    """Write a mail of this kind to this person and hand it to the mail server. A code is made here, for the address to
    which its purpose sends it; a notice goes to `address`."""
    user = User.objects.filter(id=UUID(user_id)).first() if user_id else None
    if user is None:
        return
    context: dict[str, Any] = {"user": user}
    if kind in OneTime.Purpose.values:
        address, context["code"] = one_time.make_code(user, OneTime.Purpose(kind))
        context["minutes"] = int(one_time.CODE_LIFETIME.total_seconds() // 60)
    if address:
        mail.send(address, kind, context)
