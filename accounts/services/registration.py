"""Registering and confirming one's address. What is answered never tells whether an address is known.

A code completes the registration with which it was sent: whoever reads the mails of an address decides by that whose
password the account gets.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts import hooks
from accounts.keys import keyed_hash
from accounts.models import OneTime, Registration, Session, User
from accounts.names import email_key
from accounts.services import codes, limiting, mails, one_time
from accounts.services.people import hold_name, is_resting, prepare_person, release_name, save_new
from accounts.services.sessions import open_session
from accounts.typed import canonical_password
from chatproject.common.clock import now
from chatproject.common.errors import Refusal

VERIFY = OneTime.Purpose.VERIFY_EMAIL
WAITS_FOR = timedelta(days=7)
"""How long a registration waits for its code, or another one."""


def register(
    *, email: str, username: str, password: str, full_name: str = "", device_name: str = "", address: str = ""
) -> Registration | Session:
    """Register somebody and send the code that confirms the address. Registrations that wait there already stay.

    The owner of a known address gets a mail instead and nothing changes. Refuses `invalid`, `username_taken`,
    `rate_limited`. Where verification is switched off: the first sign-in; refuses `conflict` for a known address.
    """
    new = prepare_person(email=email, username=username, password=password, full_name=full_name)
    limiting.spend_asking(email, address)
    if not settings.REQUIRE_EMAIL_VERIFICATION:
        new.set_password(password)
        new.email_verified_at = now()
        return open_session(save_new(new), device_name=device_name, address=address)
    _refuse_taken_name(new)
    limiting.spend_code(email, address)
    return _enroll(new, _hash(password, _salt_at(new.email or "")))


@transaction.atomic
def _enroll(new: User, hashed: str) -> Registration:
    hold_name(new.username, new.email or "")
    registration = Registration.objects.create(
        email=new.email or "",
        username=new.username,
        username_key=new.username_key,
        full_name=new.full_name,
        password=hashed,
        created_at=now(),
    )
    mails.send_code(VERIFY, registration, registration.email)
    return registration


def _refuse_taken_name(new: User) -> None:
    if User.objects.named(new.username).exists() or is_resting(new.username, new.email or ""):
        raise Refusal("username_taken")


def registration_of(waiting: list[Registration], password: str) -> Registration | None:
    """The one with this password. One hash is made, however many wait: those at one address share their salt."""
    salt = identify_hasher(waiting[0].password).decode(waiting[0].password)["salt"] if waiting else _salt_at("")
    hashed = _hash(password, salt)
    return next((one for one in waiting if one.password == hashed), None)


def _salt_at(email: str) -> str:
    return keyed_hash("registration", email)[:32]


def _hash(password: str, salt: str) -> str:
    return make_password(canonical_password(password), salt)


def verify(
    *, email: str, code: str, registration_id: UUID | None = None, device_name: str = "", address: str = ""
) -> Session:
    """Complete the registration whose code this is, and sign in; with `registration_id` only that one. Repeating it
    within a minute has the same answer, until that was used to refresh.

    Refuses `code_invalid`, `rate_limited`, and `username_taken` where somebody else has the name by now."""
    limiting.spend_place(address)
    rows = OneTime.objects.filter(purpose=VERIFY, address=email_key(email))
    if registration_id:
        rows = rows.filter(Q(registration=registration_id) | Q(user=registration_id))
    row = codes.show_code(rows, code, address=address)
    session = _complete(row, device_name, address)
    limiting.forgive_place(address)
    return session


def _complete(row: OneTime, device_name: str, address: str) -> Session:
    try:
        with transaction.atomic():
            lock_waiting(row.address)
            row.refresh_from_db()
            return _session_of(row) if row.used_at else _first_session(row, device_name, address)
    except OneTime.DoesNotExist:  # another registration for this address was completed
        raise Refusal("code_invalid") from None
    except IntegrityError:
        if User.objects.filter(email=row.address).exists():
            raise Refusal("code_invalid") from None
        raise Refusal("username_taken") from None


def _first_session(row: OneTime, device_name: str, address: str) -> Session:
    """In a transaction that has locked who waits there. The others can never be completed."""
    registration = row.registration
    if registration is None:
        raise Refusal("code_invalid")
    if is_resting(registration.username, registration.email):
        raise Refusal("username_taken")
    user = _save_person(registration)
    session = open_session(user, device_name=device_name, address=address)
    if not one_time.use_code(row, user=user, session=session, registration=None):
        raise Refusal("code_invalid")
    waiting_at(registration.email).delete()
    return session


def _save_person(registration: Registration) -> User:
    user = User(id=registration.id, email=registration.email, full_name=registration.full_name)
    user.rename(registration.username)
    user.password, user.email_verified_at = registration.password, now()
    user.save(force_insert=True)
    release_name(user.username, registration.email)
    hooks.person_verified(user)
    return user


def _session_of(row: OneTime) -> Session:
    """The session that this code has opened, as it was then."""
    session = Session.objects.live().filter(id=row.session_id, generation=0).first() if row.session_id else None
    if session is None:
        raise Refusal("code_invalid")
    return session


def waiting_at(email: str) -> QuerySet[Registration]:
    """All registrations for this address."""
    return Registration.objects.filter(email=email)


def lock_waiting(email: str) -> None:
    """Lock the registrations for this address, then their codes, until the transaction ends: of several that are
    completed at once one is the first, and deleting the others meets no lock of a try."""
    list(waiting_at(email).order_by("id").select_for_update().values_list("id"))
    codes_there = OneTime.objects.filter(purpose=VERIFY, address=email)
    list(codes_there.order_by("id").select_for_update().values_list("id"))
