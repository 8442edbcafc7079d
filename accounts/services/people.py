"""User accounts: created, changed, and the usernames reserved for them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts import hooks
from accounts.keys import keyed_hash
from accounts.models import RestingName, User
from accounts.names import check_email, check_operator_username, check_username, email_key, skeleton, username_key
from accounts.services.passwords import check_password_strength
from accounts.services.sessions import publish_account_changed
from accounts.services.staff import refuse_unless_outranks
from accounts.typed_input import canonical_password
from common import audit
from common.action_limits import limited
from common.clock import now
from common.errors import Refusal, refuse_together
from common.publish import publish_privacy_changed
from common.text import clean_line, clean_text

NAME_RESERVED_FOR = timedelta(days=1)
"""How long a pending registration reserves its username."""
PUBLIC_FIELDS = {"username", "full_name", "avatar_url"}
"""Fields whose changes are published to others."""


def prepare_person(*, email: str, username: str, password: str, full_name: str = "", is_operator: bool = False) -> User:
    """A new user, checked but not saved and without the password, because hashing takes long and limits are checked
    first. Refuses (`invalid`) a bad address, name and password, all at once."""
    user = User(email=email_key(email), username=username, full_name=clean_line(full_name), is_superuser=is_operator)
    user.email, name, _ = refuse_together(
        lambda: check_email(email),
        lambda: _check_name(user, username),
        lambda: check_password_strength(password, user),
    )
    user.rename(name)
    return user


def create_person(
    *, email: str, username: str, password: str, full_name: str = "", is_operator: bool = False, hashed: str = ""
) -> User:
    """Create a user whose address needs no confirmation. Callers in a transaction pass the password's hash as `hashed`,
    because hashing takes long and others would wait for their locks. Refuses `conflict` and `username_taken`."""
    user = prepare_person(
        email=email, username=username, password=password, full_name=full_name, is_operator=is_operator
    )
    if hashed:
        user.password = hashed
    else:
        user.set_password(password)
    user.email_verified_at = now()
    user.is_staff = is_operator
    return save_new(user)


def create_operator(*, email: str, username: str, password: str) -> User:
    """Create somebody who may do everything in the console, with an audit entry. Refuses `conflict` and
    `username_taken`."""
    prepare_person(email=email, username=username, password=password, is_operator=True)
    hashed = make_password(canonical_password(password))
    with transaction.atomic():
        operator = create_person(email=email, username=username, password=password, is_operator=True, hashed=hashed)
        audit_new_person(None, operator)
    return operator


def audit_new_person(operator: User | None, user: User) -> None:
    """Add an audit entry for a user created by an operator, in the caller's transaction."""
    fields = [
        name
        for name in ("email", "full_name", "is_staff", "is_superuser", "password", "username")
        if getattr(user, name)
    ]
    actor_id = operator.id if operator else None
    audit.record("person.create", actor_id=actor_id, subject="person", subject_id=user.id, changed=fields)


def check_operator(*, email: str, username: str = "") -> None:
    """Refuses in advance what `create_operator` would: a bad address or name, or one that is taken."""
    user = User(email=check_email(email), is_superuser=True)
    if username:
        user.rename(_check_name(user, username))
    refuse_if_taken(user)


def _check_name(user: User, username: str) -> str:
    return check_operator_username(username) if user.is_superuser else check_username(username)


def save_new(user: User) -> User:
    """Save a new verified user. Refuses `username_taken`, or `conflict` if the address is taken."""
    if is_name_reserved(user.username, user.email or ""):
        raise Refusal("username_taken")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            release_name(user.username, user.email or "")
            hooks.person_verified(user)
    except IntegrityError:
        refuse_if_taken(user)
        raise
    return user


def refuse_if_taken(user: User) -> None:
    """Refuses `conflict` if somebody has this address, `username_taken` if somebody has this name or one that looks
    like it, or if it is reserved."""
    if User.objects.named(user.username).exists() or is_name_reserved(user.username, user.email or ""):
        raise Refusal("username_taken")
    if User.objects.filter(email=user.email).exists():
        raise Refusal("conflict", "This e-mail address belongs to another account.")


@limited("RATE_CHANGES")
def change_profile(user: User, **changes: Any) -> User:
    """Change your own profile: any of `username`, `full_name`, `bio`, `read_receipts`, `typing`, `presence`,
    `who_can_add_me`.

    Refuses `invalid` and `username_taken`. Returns the updated user.
    """
    return _change_profile(user, changes)


def _change_profile(user: User, changes: dict[str, Any]) -> User:
    clean: dict[str, Callable[[str], str]] = {
        "username": partial(_check_name, user),
        "full_name": clean_line,
        "bio": clean_text,
    }
    checked = refuse_together(*(partial(clean[name], value) for name, value in changes.items() if name in clean))
    changes |= zip([name for name in changes if name in clean], checked, strict=True)
    try:
        return _change(user, changes)
    except IntegrityError:
        raise Refusal("username_taken") from None


@limited("RATE_STAFF")
def change_profile_of(operator: User, user: User, **changes: Any) -> User:
    """Change the profile of somebody whom the operator outranks, or their own, with an audit entry. Refuses
    `permission_denied`."""
    if operator.id != user.id:
        refuse_unless_outranks(operator, user)
    with transaction.atomic():
        changed = _change_profile(user, changes)
        details: dict[str, Any] = {"subject": "person", "subject_id": user.id, "changed": sorted(changes)}
        audit.record("person.change", actor_id=operator.id, **details)
    return changed


def change_avatar(user: User, *, url: str) -> User:
    """Set the address of somebody's picture; "" for none. Returns the updated user."""
    return _change(user, {"avatar_url": url})


@transaction.atomic
def _change(user: User, changes: dict[str, Any]) -> User:
    """Store and publish changes: public fields to others, everything to the user's own devices. Values that stay the
    same are not published."""
    user = User.objects.lock(user)
    changes = {name: value for name, value in changes.items() if getattr(user, name) != value}
    if not changes:
        return user
    if "username" in changes:
        name = changes["username"]
        if skeleton(name) != user.username_skeleton and is_name_reserved(name, user.email or ""):
            raise Refusal("username_taken")
        changes |= {"username_key": username_key(name), "username_skeleton": skeleton(name)}
    User.objects.filter(id=user.id).update(**changes)
    user.refresh_from_db()
    if PUBLIC_FIELDS & changes.keys():
        hooks.person_changed(user)
    if "presence" in changes:
        publish_privacy_changed(user.id)
    publish_account_changed(user)
    return user


def is_name_reserved(username: str, email: str = "") -> bool:
    """Whether this username, or one that looks like it, is reserved: an erased user had it recently, or a registration
    for another address than `email` is pending with it."""
    reserved = RestingName.objects.filter(name_hash__in=name_hashes(username), until__gt=now())
    return reserved.exclude(held_for=_holder(email)).exists()


def name_hashes(username: str) -> list[str]:
    """The stored hashes of a reserved username: of both keys that usernames are compared by."""
    return sorted({keyed_hash("resting-name", part) for part in (username_key(username), skeleton(username))})


def reserve_name(username: str, email: str) -> None:
    """Reserve this username for registrations of this address, for a day. In a transaction. Refuses
    `username_taken`."""
    until, holder = now() + NAME_RESERVED_FOR, _holder(email)
    for name_hash in name_hashes(username):
        rows = RestingName.objects.select_for_update()
        row, _ = rows.get_or_create(name_hash=name_hash, defaults={"until": until, "held_for": holder})
        if row.until > now() and row.held_for != holder:
            raise Refusal("username_taken")
        row.until, row.held_for = until, holder
        row.save()


def release_name(username: str, email: str) -> None:
    """Delete the reservation of a username that is now in use."""
    RestingName.objects.filter(name_hash__in=name_hashes(username), held_for=_holder(email)).delete()


def _holder(email: str) -> str:
    return keyed_hash("name-holder", email)
