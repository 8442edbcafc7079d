"""Deleting one's account: asked for with the password, done after a grace period, undone by signing in until then."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import hooks
from accounts.models import Block, Device, OneTime, RestingName, Session, User
from accounts.services import mails
from accounts.services.passwords import lock_proved, prove_password
from accounts.services.people import resting_hashes
from accounts.services.registration import waiting_at
from accounts.services.sessions import end_all_sessions, look_again_at
from accounts.services.suspension import refuse_unreached
from chatproject.common import audit
from chatproject.common.clock import now
from chatproject.common.errors import invalid
from chatproject.common.limited import limited
from chatproject.common.models import Creation
from chatproject.common.publish import announce_privacy

NAME_RESTS_FOR = timedelta(days=365)


@limited("RATE_ACCOUNT")
def request_deletion(user: User, *, password: str) -> datetime:
    """Have this account erased after the grace period. All sign-ins end and nobody finds the person any more. Returns
    when it is erased. Refuses `invalid` and `rate_limited`."""
    prove_password(user, password)
    with transaction.atomic():
        return _begin(lock_proved(user))


@limited("RATE_STAFF")
def request_deletion_of(operator: User, user: User, *, reason: str = "") -> datetime:
    """The same for somebody who has asked an operator to. Signing in until then keeps the account. Refuses
    `permission_denied` for somebody not below, `invalid` for oneself and for who is erased."""
    refuse_unreached(operator, user)
    with transaction.atomic():
        user = User.objects.lock(user)
        if user.erased_at:
            raise invalid("id", "This account is erased.")
        erase_at = user.erase_at or _begin(user)
        audit.record("person.delete", actor_id=operator.id, subject="person", subject_id=user.id, reason=reason)
    return erase_at


def _begin(user: User) -> datetime:
    """In a transaction that has locked the person."""
    erase_at: datetime = now() + settings.ACCOUNT_ERASURE_DELAY
    User.objects.filter(id=user.id).update(erase_at=erase_at)
    end_all_sessions(user)
    announce_privacy(user.id)
    user.erase_at = erase_at
    mails.send_notice(user, mails.DELETION_REQUESTED)
    return erase_at


def cancel_deletion(user: User) -> None:
    """Keep the account after all. In a transaction that has locked the person."""
    User.objects.filter(id=user.id).update(erase_at=None)
    user.erase_at = None
    mails.send_notice(user, mails.DELETION_CANCELLED)


def begin_erasure(user: User) -> bool:
    """From here on there is no way back: nobody signs in to this account. False when it is not due any more."""
    due = User.objects.filter(id=user.id, erase_at__lte=now(), erased_at__isnull=True)
    return bool(due.update(is_active=False))


@transaction.atomic
def erase(user: User) -> None:
    """Leave nothing personal of somebody whose conversations were left; what they wrote stays. Their username rests for
    a year, so that nobody passes for them. Repeating it changes nothing."""
    user = User.objects.lock(user)
    if user.erased_at:
        return
    end_all_sessions(user)
    for name_hash in resting_hashes(user.username):
        RestingName.objects.update_or_create(
            name_hash=name_hash, defaults={"until": now() + NAME_RESTS_FOR, "held_for": ""}
        )
    for personal in (Session, Device, OneTime):
        personal._default_manager.filter(user=user).delete()
    waiting_at(user.email or "").delete()
    OneTime.objects.filter(address=user.email or None).delete()
    Block.objects.filter(Q(blocker=user) | Q(blocked=user)).delete()
    Creation.objects.filter(actor_id=user.id).delete()
    _empty(user)
    hooks.person_erased(user)
    hooks.person_changed(user)
    look_again_at(user)


def _empty(user: User) -> None:
    user.rename(f"deleted-{user.id.hex[-12:]}")
    user.full_name, user.email, user.bio, user.avatar_url = "Deleted user", None, "", ""
    user.is_staff = user.is_superuser = user.is_active = False
    user.last_seen_at = user.last_login = user.email_verified_at = user.suspended_until = None
    user.erased_at = now()
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
