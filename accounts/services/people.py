"""People: made by operators, changed by themselves."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts import hooks
from accounts.keys import keyed_hash
from accounts.models import RestingName, User
from accounts.names import check_email, check_operators_username, check_username, email_key, skeleton, username_key
from accounts.services.passwords import check_password_is_good
from accounts.services.sessions import look_again_at
from accounts.services.staff import refuse_unless_above
from accounts.typed import canonical_password
from chatproject.common import audit
from chatproject.common.clock import now
from chatproject.common.errors import Refusal, refuse_together
from chatproject.common.limited import limited
from chatproject.common.publish import announce_privacy
from chatproject.common.text import clean_line, clean_text

NAME_HELD_FOR = timedelta(days=1)
"""How long a registration that waits keeps its username from others."""
SHOWN = {"username", "full_name", "avatar_url"}
"""What others hear of when it changes."""


def prepare_person(*, email: str, username: str, password: str, full_name: str = "", is_operator: bool = False) -> User:
    """Somebody new, checked and not saved yet, without the password: `set_password` is work, for which limits are asked
    first. Refuses (`invalid`) a bad address, name and password, all at once."""
    user = User(email=email_key(email), username=username, full_name=clean_line(full_name), is_superuser=is_operator)
    user.email, name, _ = refuse_together(
        lambda: check_email(email),
        lambda: _check_name(user, username),
        lambda: check_password_is_good(password, user),
    )
    user.rename(name)
    return user


def create_person(
    *, email: str, username: str, password: str, full_name: str = "", is_operator: bool = False, hashed: str = ""
) -> User:
    """Somebody whose address needs no confirmation; `hashed` is their password's hash, from callers in a
    transaction: it is work, and others would wait for its locks. Refuses `conflict` and `username_taken`."""
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
    """Somebody who may do everything in the console; it is written down. Refuses `conflict` and `username_taken`."""
    said = {"email": email, "username": username, "password": password}
    prepare_person(email=email, username=username, password=password, is_operator=True)
    hashed = make_password(canonical_password(password))
    with transaction.atomic():
        made = create_person(**said, is_operator=True, hashed=hashed)
        record_new(None, made)
    return made


def record_new(operator: User | None, user: User) -> None:
    """Write down that somebody was made by hand, and whether they are of the staff. In a transaction."""
    given = [
        name
        for name in ("email", "full_name", "is_staff", "is_superuser", "password", "username")
        if getattr(user, name)
    ]
    actor_id = operator.id if operator else None
    audit.record("person.create", actor_id=actor_id, subject="person", subject_id=user.id, changed=given)


def check_operator(*, email: str, username: str = "") -> None:
    """Refuses at once what `create_operator` would: a bad address or name, and one that is not to be had."""
    user = User(email=check_email(email), is_superuser=True)
    if username:
        user.rename(_check_name(user, username))
    refuse_known(user)


def _check_name(user: User, username: str) -> str:
    return check_operators_username(username) if user.is_superuser else check_username(username)


def save_new(user: User) -> User:
    """Save a verified person. Refuses `username_taken`, or `conflict` where the address is known."""
    if is_resting(user.username, user.email or ""):
        raise Refusal("username_taken")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            release_name(user.username, user.email or "")
            hooks.person_verified(user)
    except IntegrityError:
        refuse_known(user)
        raise
    return user


def refuse_known(user: User) -> None:
    """Refuses `conflict` where somebody has this address, `username_taken` for a name that is or looks like theirs, or
    is not to be had."""
    if User.objects.named(user.username).exists() or is_resting(user.username, user.email or ""):
        raise Refusal("username_taken")
    if User.objects.filter(email=user.email).exists():
        raise Refusal("conflict", "This e-mail address is known already.")


@limited("RATE_CHANGES")
def change_profile(user: User, **changes: Any) -> User:
    """Change one's own profile: any of `username`, `full_name`, `bio`, `read_receipts`, `typing`, `presence`,
    `who_can_add_me`.

    Refuses `invalid` and `username_taken`. Returns the person as they are now.
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
    """The same of somebody below the operator, or of themselves; it is written down. Refuses `permission_denied`."""
    if operator.id != user.id:
        refuse_unless_above(operator, user)
    with transaction.atomic():
        changed = _change_profile(user, changes)
        about: dict[str, Any] = {"subject": "person", "subject_id": user.id, "changed": sorted(changes)}
        audit.record("person.change", actor_id=operator.id, **about)
    return changed


def change_avatar(user: User, *, url: str) -> User:
    """Show this picture of them from now on, or none (""). Returns the person as they are now."""
    return _change(user, {"avatar_url": url})


@transaction.atomic
def _change(user: User, changes: dict[str, Any]) -> User:
    """Others hear of what they see, their own devices of all. What is so already is told nobody."""
    user = User.objects.lock(user)
    changes = {name: value for name, value in changes.items() if getattr(user, name) != value}
    if not changes:
        return user
    if "username" in changes:
        name = changes["username"]
        if skeleton(name) != user.username_skeleton and is_resting(name, user.email or ""):
            raise Refusal("username_taken")
        changes |= {"username_key": username_key(name), "username_skeleton": skeleton(name)}
    User.objects.filter(id=user.id).update(**changes)
    user.refresh_from_db()
    if SHOWN & changes.keys():
        hooks.person_changed(user)
    if "presence" in changes:
        announce_privacy(user.id)
    look_again_at(user)
    return user


def is_resting(username: str, email: str = "") -> bool:
    """Whether this username, or one that looks like it, is not to be had: somebody erased had it not long ago, or a
    registration for an address other than `email` waits with it."""
    resting = RestingName.objects.filter(name_hash__in=resting_hashes(username), until__gt=now())
    return resting.exclude(held_for=_holder(email)).exists()


def resting_hashes(username: str) -> list[str]:
    """What is kept of a username that rests: of both that it is compared by."""
    return sorted({keyed_hash("resting-name", part) for part in (username_key(username), skeleton(username))})


def hold_name(username: str, email: str) -> None:
    """Keep this username for registrations of this address, for a day. In a transaction. Refuses `username_taken`."""
    until, holder = now() + NAME_HELD_FOR, _holder(email)
    for name_hash in resting_hashes(username):
        rows = RestingName.objects.select_for_update()
        row, _ = rows.get_or_create(name_hash=name_hash, defaults={"until": until, "held_for": holder})
        if row.until > now() and row.held_for != holder:
            raise Refusal("username_taken")
        row.until, row.held_for = until, holder
        row.save()


def release_name(username: str, email: str) -> None:
    """What an address has held is somebody's now."""
    RestingName.objects.filter(name_hash__in=resting_hashes(username), held_for=_holder(email)).delete()


def _holder(email: str) -> str:
    return keyed_hash("name-holder", email)
