"""Sessions: opened, refreshed, ended."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import hooks, tokens
from accounts.models import Device, Session, User
from common.clock import now
from common.errors import Refusal, not_found
from common.publish import Publication, publish_on_commit, user_topic

OVERLAP = timedelta(seconds=10)
"""How far apart concurrent requests with one refresh token may be (two tabs, an app and its extension)."""
TOUCH_INTERVAL = timedelta(minutes=1)


@transaction.atomic
def open_session(user: User, *, device_name: str = "", address: str = "") -> Session:
    """Open a session for this person. The caller has checked that they may sign in."""
    moment = now()
    session = Session.objects.create(
        user=user,
        device_name=device_name,
        address=address or None,
        created_at=moment,
        rotated_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.REFRESH_TOKEN_LIFETIME,
    )
    hooks.session_opened(session)
    return session


def refresh(token: str, *, address: str = "") -> Session:
    """Move the session of this refresh token on to its next generation, exactly once.

    A token that is used again gets the same successor until one of the successor's tokens was used: until then the
    response may have been lost. After that, and after `OVERLAP`, the token must have been stolen: the session ends.
    Refuses `token_invalid`.
    """
    session_id, generation = tokens.read_refresh(token)
    moment = now()
    # Only columns of the row itself: a subquery would be evaluated on the snapshot before the lock, so that two could
    # win.
    Session.objects.filter(id=session_id, generation=generation, ended_at__isnull=True, expires_at__gt=moment).update(
        generation=generation + 1,
        is_received=False,
        rotated_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.REFRESH_TOKEN_LIFETIME,
        **({"address": address} if address else {}),
    )
    session = Session.objects.find_live(session_id, moment)
    if session and session.generation == generation + 1 and _may_be_lost(session, moment):
        return session
    if session and session.generation > generation:
        _end(session.user, Session.objects.filter(id=session_id))
    raise Refusal("token_invalid")


def _may_be_lost(session: Session, moment: datetime) -> bool:
    """Whether the response with the current tokens may have been lost."""
    return not session.is_received or moment - session.rotated_at <= OVERLAP


def mark_received(session: Session, generation: int | None) -> None:
    """An access token of this generation was used. If it is the current one, the response with it has arrived."""
    if generation == session.generation and not session.is_received:
        Session.objects.filter(id=session.id, generation=generation).update(is_received=True)


def end_session(user: User, session_id: UUID) -> None:
    """End one of this person's sessions; its sockets close. Refuses `not_found`."""
    if not _end(user, Session.objects.filter(id=session_id)):
        raise not_found()


def end_other_sessions(session: Session) -> int:
    """End all sessions of this person except this one. Returns how many."""
    return _end(session.user, Session.objects.exclude(id=session.id))


@transaction.atomic
def end_all_sessions(user: User) -> int:
    """End all sessions of this person, also those of the console. Returns how many, not counting the console's."""
    User.objects.filter(id=user.id).update(console_generation=F("console_generation") + 1)
    return _end(user, Session.objects.all())


@transaction.atomic
def _end(user: User, sessions: QuerySet[Session]) -> int:
    """Locks the person's row first, as signing in does, so that no new session is missed."""
    User.objects.lock(user)
    ended = list(sessions.filter(user=user, ended_at__isnull=True))
    Session.objects.filter(id__in=[session.id for session in ended]).update(ended_at=now())
    if ended:
        Device.objects.filter(user=user, session__ended_at__isnull=False).delete()
        hooks.sessions_ended(user, ended)
        publish_account_changed(user)
    return len(ended)


def publish_account_changed(user: User) -> None:
    """Have every hub check this person again: sockets of ended sessions close, the others get a new `hello`. Call it
    last in a transaction."""
    seq = User.objects.bump([user.id])[user.id]
    publish_on_commit(Publication(user_topic(user.id), seq, b""))


def touch(session: Session) -> None:
    """Update when the session was last used, at most once a minute."""
    moment = now()
    if moment - session.last_used_at > TOUCH_INTERVAL:
        stale = Session.objects.filter(id=session.id, last_used_at__lt=moment - TOUCH_INTERVAL)
        stale.update(last_used_at=moment)
