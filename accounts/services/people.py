"""People: made by operators, changed by themselves, suspended and restored."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import hooks
from accounts.models import User
from accounts.names import check_email, check_username, clean_line, clean_text, username_key
from accounts.services.sessions import end_all_sessions
from chatproject.common.clock import now
from chatproject.common.errors import Refusal


def prepare_person(*, email: str, username: str, password: str, full_name: str = "") -> User:
    """Somebody new, checked and not saved yet. Refuses (`invalid`) a bad address, name or password."""
    user = User(email=check_email(email), username=check_username(username), full_name=clean_line(full_name))
    user.username_key = username_key(user.username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        errors = [
            {"field": "password", "code": one.code or "invalid", "detail": one.messages[0]} for one in error.error_list
        ]
        raise Refusal("invalid", errors[0]["detail"], errors=errors) from None
    user.set_password(password)
    return user


def create_person(*, email: str, username: str, password: str, full_name: str = "", is_operator: bool = False) -> User:
    """Somebody whose address needs no confirmation. Refuses `conflict` and `username_taken`."""
    user = prepare_person(email=email, username=username, password=password, full_name=full_name)
    user.email_verified_at = now()
    user.is_staff = user.is_superuser = is_operator
    return save_new(user)


def create_operator(*, email: str, username: str, password: str) -> User:
    """Somebody who may do everything in the console. Refuses `conflict` and `username_taken`."""
    return create_person(email=email, username=username, password=password, is_operator=True)


def save_new(user: User) -> User:
    """Save a verified person. Refuses `username_taken`, or `conflict` where the address is known."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            hooks.person_verified(user)
    except IntegrityError:
        refuse_known(user)
        raise
    return user


def refuse_known(user: User) -> None:
    """Refuses `username_taken` or `conflict` where somebody has this name or address already."""
    if User.objects.filter(username_key=user.username_key).exists():
        raise Refusal("username_taken")
    if User.objects.filter(email=user.email).exists():
        raise Refusal("conflict", "This e-mail address is known already.")


def change_profile(user: User, **changes: Any) -> User:
    """Change one's own profile: any of `username`, `full_name`, `bio`, `read_receipts`, `typing`, `presence`.

    Refuses `invalid` and `username_taken`. Returns the person as they are now.
    """
    clean = {"username": check_username, "full_name": clean_line, "bio": clean_text}
    changes = {name: clean[name](value) if name in clean else value for name, value in changes.items()}
    if "username" in changes:
        changes["username_key"] = username_key(changes["username"])
    try:
        return _change(user, changes)
    except IntegrityError:
        raise Refusal("username_taken") from None


@transaction.atomic
def _change(user: User, changes: dict[str, Any]) -> User:
    if changes:
        User.objects.filter(id=user.id).update(**changes)
    changed: User = User.objects.get(id=user.id)
    hooks.person_changed(changed)
    return changed


@transaction.atomic
def suspend(operator: User, user: User) -> None:
    """Nobody signs in to this account any more; its sockets close. Refuses `invalid` for oneself."""
    if operator.id == user.id:
        raise Refusal("invalid", "You cannot suspend yourself.")
    end_all_sessions(user)  # first: whoever ends a session locks its row before the person's
    User.objects.filter(id=user.id).update(is_active=False)


def restore(operator: User, user: User) -> None:
    """A suspended account may sign in again."""
    User.objects.filter(id=user.id).update(is_active=True)
