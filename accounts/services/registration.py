"""Registering and confirming the address. Responses never reveal whether an address already has an account.

A code completes the registration that it was sent for: so the person who reads the mail decides which password the
account gets.
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
from accounts.services.people import is_name_reserved, prepare_person, release_name, reserve_name, save_new
from accounts.services.sessions import open_session
from accounts.typed_input import canonical_password
from common.clock import now
from common.errors import Refusal

VERIFY = OneTime.Purpose.VERIFY_EMAIL
REGISTRATION_LIFETIME = timedelta(days=7)
"""How long a registration may be completed, with its code or a new one."""


def register(
    *, email: str, username: str, password: str, full_name: str = "", device_name: str = "", address: str = ""
) -> Registration | Session:
    """Register somebody and send the code that confirms the address. Other pending registrations for it stay.

    If the address already has an account, its owner gets a notice instead and nothing changes. Refuses `invalid`,
    `username_taken`, `rate_limited`. If verification is switched off, returns the first session, and refuses `conflict`
    for an address that has an account.
    """
    new = prepare_person(email=email, username=username, password=password, full_name=full_name)
    limiting.spend_request(email, address)
    if not settings.REQUIRE_EMAIL_VERIFICATION:
        new.set_password(password)
        new.email_verified_at = now()
        return open_session(save_new(new), device_name=device_name, address=address)
    _refuse_taken_name(new)
    limiting.spend_code(email, address)
    return _enroll(new, _hash(password, _salt_at(new.email or "")))


@transaction.atomic
def _enroll(new: User, hashed: str) -> Registration:
    reserve_name(new.username, new.email or "")
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
    if User.objects.named(new.username).exists() or is_name_reserved(new.username, new.email or ""):
        raise Refusal("username_taken")


def find_by_password(waiting: list[Registration], password: str) -> Registration | None:
    """The registration with this password. Only one hash is computed: registrations for one address share a salt."""
    salt = identify_hasher(waiting[0].password).decode(waiting[0].password)["salt"] if waiting else _salt_at("")
    hashed = _hash(password, salt)
    return next((registration for registration in waiting if registration.password == hashed), None)


def _salt_at(email: str) -> str:
    return keyed_hash("registration", email)[:32]


def _hash(password: str, salt: str) -> str:
    return make_password(canonical_password(password), salt)


def verify(
    *, email: str, code: str, registration_id: UUID | None = None, device_name: str = "", address: str = ""
) -> Session:
    """Complete the registration that this code belongs to, and sign in; with `registration_id` only that one. Repeating
    it within a minute has the same result, until its session was refreshed.

    Refuses `code_invalid`, `rate_limited`, and `username_taken` if somebody else has the name by now."""
    limiting.spend_guess(address)
    rows = OneTime.objects.filter(purpose=VERIFY, address=email_key(email))
    if registration_id:
        rows = rows.filter(Q(registration=registration_id) | Q(user=registration_id))
    row = codes.check_code(rows, code, address=address)
    session = _complete(row, device_name, address)
    limiting.forgive_guess(address)
    return session


def _complete(row: OneTime, device_name: str, address: str) -> Session:
    try:
        with transaction.atomic():
            lock_registrations_at(row.address)
            row.refresh_from_db()
            return _session_of(row) if row.used_at else _first_session(row, device_name, address)
    except OneTime.DoesNotExist:  # another registration for this address was completed
        raise Refusal("code_invalid") from None
    except IntegrityError:
        if User.objects.filter(email=row.address).exists():
            raise Refusal("code_invalid") from None
        raise Refusal("username_taken") from None


def _first_session(row: OneTime, device_name: str, address: str) -> Session:
    """Create the user and open the session, in a transaction that has locked the registrations for this address. The
    others can no longer be completed and are deleted."""
    registration = row.registration
    if registration is None:
        raise Refusal("code_invalid")
    if is_name_reserved(registration.username, registration.email):
        raise Refusal("username_taken")
    user = _save_person(registration)
    session = open_session(user, device_name=device_name, address=address)
    if not one_time.use_code(row, user=user, session=session, registration=None):
        raise Refusal("code_invalid")
    registrations_at(registration.email).delete()
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
    """The session that this code opened, if it was not refreshed since."""
    session = Session.objects.find_live(row.session_id)
    if session is None or session.generation:
        raise Refusal("code_invalid")
    return session


def registrations_at(email: str) -> QuerySet[Registration]:
    """All registrations for this address."""
    return Registration.objects.filter(email=email)


def lock_registrations_at(email: str) -> None:
    """Lock the registrations for this address, and then their codes, until the transaction ends: of several that are
    completed at once one comes first, and deleting the others does not deadlock with a try."""
    list(registrations_at(email).order_by("id").select_for_update().values_list("id"))
    codes_there = OneTime.objects.filter(purpose=VERIFY, address=email)
    list(codes_there.order_by("id").select_for_update().values_list("id"))
