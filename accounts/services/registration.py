"""Registering and confirming one's address. What is answered never tells whether an address is known."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts import hooks
from accounts.keys import keyed_hash
from accounts.models import OneTime, Session, User
from accounts.names import email_key
from accounts.services import codes, limiting, mails, one_time
from accounts.services.people import is_resting, prepare_person, save_new
from accounts.services.sessions import open_session
from accounts.services.suspension import refuse_suspended
from chatproject.common.clock import now
from chatproject.common.errors import Refusal

VERIFY = OneTime.Purpose.VERIFY_EMAIL
NAME_HELD_FOR = timedelta(days=1)
"""How long an account that was never confirmed keeps its username from others."""


def register(
    *, email: str, username: str, password: str, full_name: str = "", device_name: str = "", address: str = ""
) -> Session | None:
    """Register somebody and send the code that confirms the address; None.

    Who registers again before confirming starts anew. The owner of a confirmed address gets a mail instead and
    nothing changes. Refuses `invalid`, `username_taken`, `rate_limited`. Where verification is switched off: the first
    sign-in; refuses `conflict` for a known address.
    """
    new = prepare_person(email=email, username=username, password=password, full_name=full_name)
    limiting.spend_sign_in(email, address)
    new.set_password(password)
    if not settings.REQUIRE_EMAIL_VERIFICATION:
        new.email_verified_at = now()
        return open_session(save_new(new), device_name=device_name, address=address)
    _refuse_taken_name(new)
    limiting.spend_code(email, address)
    for _ in range(2):
        try:
            _enroll(new)
        except IntegrityError:  # somebody else was faster, with this name or this address
            _refuse_taken_name(new)
        else:
            return None
    raise Refusal("unavailable", retry_after=1)


@transaction.atomic
def _enroll(new: User) -> None:
    holder = User.objects.select_for_update(no_key=True).filter(email=new.email).first()
    known = holder if holder and holder.email_verified_at else None
    row_id = stand_in_id(new.email or "") if known else holder.id if holder else new.id
    _others_of_that_name(new).filter(_lapsed()).delete()
    names = ("username", "username_key", "username_skeleton", "password", "full_name")
    fields: dict[str, Any] = {name: getattr(new, name) for name in names}
    fields |= {"email": None if known else new.email, "created_at": now()}
    user, _ = User.objects.update_or_create(id=row_id, defaults=fields)
    one_time.end_code(user, VERIFY)  # it was for the password that was just replaced
    mails.send_code(user, VERIFY)
    if known:
        mails.send_notice(known, mails.KNOWN_EMAIL)


def stand_in_id(email: str) -> UUID:
    """Of an account without address that holds what was chosen for a known address, as an account would if it were
    unknown: otherwise one could ask by trying the name, or the password, a second time."""
    return UUID(keyed_hash("stand-in", email_key(email))[:32])


def _refuse_taken_name(new: User) -> None:
    if _others_of_that_name(new).exclude(_lapsed()).exists() or is_resting(new.username):
        raise Refusal("username_taken")


def _others_of_that_name(new: User) -> QuerySet[User]:
    """Accounts of this username or one that looks like it, without the unconfirmed ones of this very address."""
    own = Q(email=new.email, email_verified_at__isnull=True) | Q(id=stand_in_id(new.email or ""))
    others: QuerySet[User] = User.objects.named(new.username).exclude(own)
    return others


def _lapsed() -> Q:
    return Q(email_verified_at__isnull=True, created_at__lt=now() - NAME_HELD_FOR)


def verify(*, email: str, code: str, device_name: str = "", address: str = "") -> Session:
    """Confirm an address by its code, and sign in. Refuses `code_invalid`, `account_suspended`, `rate_limited`."""
    limiting.spend_sign_in(email, address)
    waiting = User.objects.filter(email=email_key(email), email_verified_at__isnull=True).first()
    user = _confirm(codes.person_of_code(waiting, VERIFY), code)
    limiting.forgive_sign_in(email, address)
    return open_session(user, device_name=device_name, address=address)


@transaction.atomic
def _confirm(user: User, code: str) -> User:
    user = User.objects.lock(user)
    codes.use_code(user, VERIFY, code)
    refuse_suspended(user)
    user.email_verified_at = now()
    user.save(update_fields=["email_verified_at"])
    hooks.person_verified(user)
    return user
