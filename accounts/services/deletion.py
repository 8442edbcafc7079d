"""Deleting an account: requested with the password, done after a grace period, cancelled by signing in before then."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import hooks
from accounts.models import Block, Device, OneTime, RestingName, Session, User
from accounts.services import mails
from accounts.services.passwords import lock_verified, verify_password
from accounts.services.people import name_hashes
from accounts.services.registration import registrations_at
from accounts.services.sessions import end_all_sessions, publish_account_changed
from accounts.services.suspension import refuse_self_and_superiors
from common import audit
from common.action_limits import limited
from common.clock import now
from common.errors import invalid
from common.models import Creation
from common.publish import publish_privacy_changed

NAME_RESERVED_FOR = timedelta(days=365)


@limited("RATE_ACCOUNT")
def request_deletion(user: User, *, password: str) -> datetime:
    """Have this account erased after the grace period. All its sessions end, and nobody can find the person any more.
    Returns when it will be erased. Refuses `invalid` and `rate_limited`."""
    verify_password(user, password)
    with transaction.atomic():
        return _begin(lock_verified(user))


@limited("RATE_STAFF")
def request_deletion_of(operator: User, user: User, *, reason: str = "") -> datetime:
    """The same, by an operator, for somebody who asked for it. Signing in before then keeps the account. Refuses
    `permission_denied` for somebody whom the operator does not outrank, and `invalid` for yourself and for an erased
    account."""
    refuse_self_and_superiors(operator, user)
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at:
            raise invalid("id", "This account is erased.")
        erase_at = user.erase_at or _begin(user)
        audit.record("person.delete", actor_id=operator.id, subject="person", subject_id=user.id, reason=reason)
    return erase_at


def _begin(user: User) -> datetime:
    """Start the grace period, in a transaction that has locked the person."""
    erase_at: datetime = now() + settings.ACCOUNT_ERASURE_DELAY
    User.objects.filter(id=user.id).update(erase_at=erase_at)
    end_all_sessions(user)
    publish_privacy_changed(user.id)
    user.erase_at = erase_at
    mails.send_notice(user, mails.DELETION_REQUESTED)
    return erase_at


def cancel_deletion(user: User) -> None:
    """Keep the account after all, in a transaction that has locked the person."""
    User.objects.filter(id=user.id).update(erase_at=None)
    user.erase_at = None
    mails.send_notice(user, mails.DELETION_CANCELLED)


def begin_erasure(user: User) -> bool:
    """Make the erasure final: nobody can sign in to this account any more. Returns False if it is no longer due."""
    due = User.objects.filter(id=user.id, erase_at__lte=now(), erased_at__isnull=True)
    return bool(due.update(is_active=False))


@transaction.atomic
def erase(user: User) -> None:
    """Delete everything personal about somebody who has been removed from all conversations; their messages stay. Their
    username is reserved for a year, so that nobody can impersonate them. Repeating it changes nothing."""
    user = User.objects.lock(user)
    if user.erased_at:
        return
    end_all_sessions(user)
    for name_hash in name_hashes(user.username):
        RestingName.objects.update_or_create(
            name_hash=name_hash, defaults={"until": now() + NAME_RESERVED_FOR, "held_for": ""}
        )
    for model in (Session, Device, OneTime):
        model._default_manager.filter(user=user).delete()
    registrations_at(user.email or "").delete()
    OneTime.objects.filter(address=user.email or None).delete()
    Block.objects.filter(Q(blocker=user) | Q(blocked=user)).delete()
    Creation.objects.filter(actor_id=user.id).delete()
    _anonymize(user)
    hooks.person_erased(user)
    hooks.person_changed(user)
    publish_account_changed(user)


def _anonymize(user: User) -> None:
    user.rename(f"deleted-{user.id.hex[-12:]}")
    user.full_name, user.email, user.bio, user.avatar_url = "Deleted user", None, "", ""
    user.is_staff = user.is_superuser = user.is_active = False
    user.last_seen_at = user.last_login = user.email_verified_at = user.suspended_until = None
    user.erased_at = now()
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
